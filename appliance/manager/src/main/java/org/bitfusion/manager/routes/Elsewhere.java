package org.bitfusion.manager.routes;

import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bitfusion.cluster.Member;
import org.bitfusion.manager.member.ApplianceDirectory;
import org.bitfusion.manager.member.Peers;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.Caller;
import org.bitfusion.manager.web.CallerFilter;
import org.bitfusion.manager.web.Problem;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import tools.jackson.databind.json.JsonMapper;

/// Sends what only an appliance with the pool key can do to one that votes, and its answer back.
/// Thread-safe.
public final class Elsewhere implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Elsewhere.class);
    private static final JsonMapper JSON = new JsonMapper();

    private final Pool pool;
    private final Peers peers;

    public Elsewhere(Pool pool) {
        this.pool = pool;
        this.peers = new Peers(pool.outgoing());
    }

    /// @param target path and query, as it came; who asks was let in here already
    /// @param body to be sent as JSON
    /// @throws Problem 503 if none of them answers
    ResponseEntity<Object> ask(String method, String target, @Nullable Object body) {
        return ask(method, target, body, Map.of());
    }

    /// The same, for an administrator, whose deed it is in the pool's events.
    ResponseEntity<Object> ask(Caller caller, String method, String target, @Nullable Object body) {
        return ask(method, target, body, Map.of(CallerFilter.PASSES_ON, caller.name()));
    }

    private ResponseEntity<Object> ask(
            String method, String target, @Nullable Object body, Map<String, String> headers) {
        Optional<byte[]> bytes = Optional.ofNullable(body).map(JSON::writeValueAsBytes);
        Set<?> voters =
                pool.ensemble().membership().votingMembers().stream()
                        .map(Member::appliance)
                        .collect(Collectors.toSet());
        for (ApplianceDirectory.Entry entry : pool.appliances().entries()) {
            if (!voters.contains(entry.appliance())
                    || entry.appliance().equals(pool.self().appliance())) {
                continue;
            }
            for (String address : entry.controlAddresses()) {
                try {
                    return answer(peers.send(method, address, target, headers, bytes));
                } catch (IOException exception) {
                    LOG.warn("passing on to={} error={}", address, exception.getMessage());
                    if (method.equals("POST") && !headers.isEmpty() && !isUnsent(exception)) {
                        throw Problem.unavailable(
                                "the appliance that was asked did not answer; it may have done it"
                                        + " all the same: look before you ask again");
                    }
                }
            }
        }
        throw Problem.unavailable(
                "this appliance has no pool key, and none that has it can be reached; try again");
    }

    /// Nothing of the request has left.
    private static boolean isUnsent(IOException exception) {
        return exception.getCause() instanceof ConnectException
                || exception.getCause() instanceof HttpConnectTimeoutException;
    }

    private static ResponseEntity<Object> answer(Peers.Answer answer) {
        ResponseEntity.BodyBuilder response = ResponseEntity.status(answer.status());
        if (answer.body().length == 0) {
            return response.build();
        }
        return response.contentType(
                        answer.contentType().isEmpty()
                                ? MediaType.APPLICATION_OCTET_STREAM
                                : MediaType.parseMediaType(answer.contentType()))
                .body(answer.body());
    }

    @Override
    public void close() {
        peers.close();
    }
}
