package org.bitfusion.manager.lease;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.allocator.Answer;
import org.bitfusion.allocator.Ask;
import org.bitfusion.allocator.Part;
import org.bitfusion.allocator.PartAnswer;
import org.bitfusion.allocator.Waiter;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.manager.member.ApplianceDirectory;
import org.bitfusion.manager.member.Peers;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The way to the other managers, over HTTPS with this appliance's certificate. Thread-safe.
public final class ManagersOverHttp implements org.bitfusion.allocator.Peers {
    private static final String LEASES = "/api/v1/appliance/leases";
    private static final String PARTS = "/api/v1/appliance/parts/";
    private static final String LINE = "/api/v1/appliance/queue";
    private static final JsonMapper JSON = new JsonMapper();

    /// For what is done at once. A manager that is frozen schedules until its session is over: who
    /// asks another one hears of that before it gives up.
    private static final Duration AT_ONCE = Duration.ofSeconds(5);

    /// For what an appliance does with its ledger; who asks has an end of its own.
    private static final Duration TO_TAKE = Duration.ofSeconds(30);

    private static final int OK = 200;
    private static final int NO_CONTENT = 204;

    private final ApplianceDirectory appliances;
    private final Peers peers;

    /// @param peers stays the caller's
    public ManagersOverHttp(ApplianceDirectory appliances, Peers peers) {
        this.appliances = appliances;
        this.peers = peers;
    }

    @Override
    public PartAnswer take(UUID appliance, Part part) throws IOException {
        Peers.Answer answer =
                send(appliance, "PUT", PARTS + part.content().lease(), PartText.of(part), TO_TAKE);
        expect(answer, OK);
        try {
            PartText.Outcome outcome = JSON.readValue(answer.body(), PartText.Outcome.class);
            return outcome.taken()
                    ? new PartAnswer.Taken()
                    : new PartAnswer.Refused(String.valueOf(outcome.reason()));
        } catch (JacksonException exception) {
            throw new IOException("an answer that makes no sense", exception);
        }
    }

    @Override
    public void end(UUID appliance, UUID lease, UUID attempt, String reason) throws IOException {
        String query =
                "?attempt="
                        + attempt
                        + "&reason="
                        + URLEncoder.encode(reason, StandardCharsets.UTF_8);
        expect(send(appliance, "DELETE", PARTS + lease + query, null, TO_TAKE), NO_CONTENT);
    }

    @Override
    public Optional<Duration> idle(UUID appliance, UUID lease) throws IOException {
        Peers.Answer answer = send(appliance, "GET", PARTS + lease, null, AT_ONCE);
        expect(answer, OK);
        try {
            return JSON.readValue(answer.body(), PartText.UseText.class).idle();
        } catch (JacksonException exception) {
            throw new IOException("an answer that makes no sense", exception);
        }
    }

    @Override
    public Answer request(UUID appliance, Ask ask, Duration wait) throws IOException {
        return AnswerText.read(
                send(
                        appliance,
                        "POST",
                        LEASES + "?waitMillis=" + wait.toMillis(),
                        AskText.of(ask),
                        wait.plus(AT_ONCE)));
    }

    @Override
    public void leave(UUID appliance, UUID request, Optional<UUID> client) throws IOException {
        String of = client.map(id -> "?client=" + id).orElse("");
        expect(send(appliance, "DELETE", LEASES + "/" + request + of, null, AT_ONCE), NO_CONTENT);
    }

    @Override
    public List<Waiter> line(UUID appliance) throws IOException {
        Peers.Answer answer = send(appliance, "GET", LINE, null, AT_ONCE);
        expect(answer, OK);
        try {
            List<Waiter> waiters = new ArrayList<>();
            for (WaiterText each : JSON.readValue(answer.body(), WaiterText[].class)) {
                waiters.add(each.waiter());
            }
            return waiters;
        } catch (JacksonException exception) {
            throw new IOException("an answer that makes no sense", exception);
        }
    }

    /// At its first address that answers.
    ///
    /// @param limit for all of them
    private Peers.Answer send(
            UUID appliance, String method, String target, @Nullable Object body, Duration limit)
            throws IOException {
        long end = System.nanoTime() + limit.toNanos();
        Optional<ApplianceDirectory.Entry> entry;
        try {
            entry = appliances.find(appliance);
        } catch (ClusterException exception) {
            throw new IOException(exception.getMessage(), exception);
        }
        IOException failure = new IOException("appliance " + appliance + " is not known");
        if (entry.isPresent()) {
            for (String address : entry.get().controlAddresses()) {
                Duration left = Duration.ofNanos(end - System.nanoTime());
                if (!left.isPositive()) {
                    break;
                }
                try {
                    return peers.send(
                            method,
                            address,
                            target,
                            Map.of(),
                            Optional.ofNullable(body).map(JSON::writeValueAsBytes),
                            left);
                } catch (IOException exception) {
                    failure = exception;
                }
            }
        }
        throw failure;
    }

    private static void expect(Peers.Answer answer, int status) throws IOException {
        if (answer.status() != status) {
            throw new IOException("status " + answer.status());
        }
    }
}
