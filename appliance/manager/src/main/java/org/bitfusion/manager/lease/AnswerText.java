package org.bitfusion.manager.lease;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.allocator.Answer;
import org.bitfusion.manager.member.Peers;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.scheduler.request.Refusal;
import org.springframework.http.ResponseEntity;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What becomes of a request, as HTTP tells it: 201 granted, 202 queued, 422 refused, 408 timed
/// out, 410 taken back, 429 one too many of its client, 503 without a majority, 421 between
/// managers where the other one does not schedule.
public final class AnswerText {
    private static final JsonMapper JSON = new JsonMapper();

    private AnswerText() {}

    /// @param place 0 while nobody knows
    /// @param ticket to be sent when asking again
    public record Queued(UUID id, int place, String waitsFor, String ticket) {}

    /// @throws Problem for all that is neither granted nor queued
    public static ResponseEntity<Object> response(Answer answer) {
        return response(answer, List.of());
    }

    /// @param preferred data networks, the best first
    /// @throws Problem for all that is neither granted nor queued
    public static ResponseEntity<Object> response(Answer answer, List<String> preferred) {
        return switch (answer) {
            case Answer.Granted granted ->
                    ResponseEntity.status(201).body(GrantText.of(granted, preferred));
            case Answer.Queued(UUID id, int place, String waitsFor, String ticket) ->
                    ResponseEntity.status(202).body(new Queued(id, place, waitsFor, ticket));
            case Answer.Refused(Refusal reason, String sentence) ->
                    throw new Problem(422, sentence, reason.number());
            case Answer.TimedOut(String sentence) ->
                    throw new Problem(408, sentence, Refusal.TIMED_OUT.number());
            case Answer.NoMajority(String sentence) -> throw Problem.unavailable(sentence);
            case Answer.Left() -> throw new Problem(410, "the request was taken back");
            case Answer.TooMany(String sentence) -> throw new Problem(429, sentence);
            case Answer.Elsewhere() -> throw new Problem(421, "this manager does not schedule");
        };
    }

    /// The same, read.
    ///
    /// @throws IOException for an answer that means nothing here
    static Answer read(Peers.Answer answer) throws IOException {
        try {
            return switch (answer.status()) {
                case 201 -> JSON.readValue(answer.body(), GrantText.class).granted();
                case 202 -> {
                    Queued queued = JSON.readValue(answer.body(), Queued.class);
                    yield new Answer.Queued(
                            queued.id(), queued.place(), queued.waitsFor(), queued.ticket());
                }
                case 422 -> refused(JSON.readTree(answer.body()));
                case 408 -> new Answer.TimedOut(detail(answer));
                case 503 -> new Answer.NoMajority(detail(answer));
                case 410 -> new Answer.Left();
                case 429 -> new Answer.TooMany(detail(answer));
                case 421 -> new Answer.Elsewhere();
                default -> throw new IOException("status " + answer.status());
            };
        } catch (JacksonException | IllegalArgumentException exception) {
            throw new IOException("an answer that makes no sense", exception);
        }
    }

    private static Answer refused(JsonNode problem) throws IOException {
        int code = problem.path("code").asInt(0);
        Optional<Refusal> refusal =
                Arrays.stream(Refusal.values()).filter(each -> each.number() == code).findFirst();
        return new Answer.Refused(
                refusal.orElseThrow(() -> new IOException("a refusal without its number")),
                problem.path("detail").asString(""));
    }

    private static String detail(Peers.Answer answer) {
        return JSON.readTree(answer.body()).path("detail").asString("");
    }
}
