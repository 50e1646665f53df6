package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.manager.member.Peers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What makes no sense is the asker's mistake and is said to be: nothing that anybody sends has the
/// appliance fail, and each refusal is a problem with a reason.
class NonsenseIT {
    private static final JsonMapper JSON = new JsonMapper();

    /// Whole bodies.
    private static final List<String> BODIES =
            List.of(
                    "",
                    " ",
                    "null",
                    "true",
                    "0",
                    "\"x\"",
                    "[]",
                    "[1]",
                    "{",
                    "{}",
                    "}",
                    "{\"a\":",
                    "\ufeff{}",
                    "\u0000",
                    "{\"\":1}",
                    "[".repeat(2000),
                    "{\"a\":".repeat(900));

    /// Values of any member.
    private static final List<String> VALUES =
            List.of(
                    "null",
                    "true",
                    "0",
                    "-1",
                    "1.5",
                    "1e400",
                    "NaN",
                    "Infinity",
                    "2147483648",
                    "-2147483649",
                    "9223372036854775807",
                    "-9223372036854775808",
                    "31556889864403199",
                    "99999999999999999999999999",
                    "\"\"",
                    "\" \"",
                    "\"x\"",
                    "\"\\u0000\"",
                    "\"\\ud83d\"",
                    "\"\\u202e\\u009b31m\"",
                    "\"0.5\"",
                    "\"NaN\"",
                    "\"00000000-0000-0000-0000-000000000000\"",
                    "\"1-1-1-1-1\"",
                    "\"+1000000000-12-31T23:59:59.999999999Z\"",
                    "\"-1000000000-01-01T00:00:00Z\"",
                    "[]",
                    "[null]",
                    "[\"\"]",
                    "[[]]",
                    "[1]",
                    "[\";;\"]",
                    "[\"device.index<1e9\"]",
                    "[\"127.0.0.1:99999\"]",
                    "{}",
                    "{\"fraction\":\"NaN\"}",
                    "{\"fraction\":\"0.5\",\"mebibytes\":5}",
                    "{\"mebibytes\":-1}",
                    "{\"fraction\":\"" + "9".repeat(4000) + "\"}",
                    "{\"fraction\":\"\u0663.\u0663\"}",
                    "\"" + "x".repeat(5000) + "\"",
                    "\"x" + "\ud83d\ude00".repeat(300) + "\"");

    private static final List<String> LEASE =
            List.of(
                    "id",
                    "client",
                    "gpuCount",
                    "share",
                    "filters",
                    "servers",
                    "timeoutSeconds",
                    "origin",
                    "parent",
                    "user",
                    "command",
                    "ticket");

    /// @param members each of which is tried with all values
    /// @param usual values of the others
    private record Route(
            String method, String path, List<String> members, Map<String, Object> usual) {
        Route(String method, String path, List<String> members) {
            this(method, path, members, Map.of());
        }
    }

    @TempDir Path folder;

    @Test
    void nothingThatIsSentHasTheApplianceFail() throws Exception {
        try (TestManager manager = TestManager.start(folder, "127.0.0.21")) {
            Enrolled changed = Enrolled.by(manager, "changed");
            Enrolled asking = Enrolled.by(manager, "asking");
            List<String> failures = new ArrayList<>();
            try (Peers nobody = manager.client(null);
                    Peers root = manager.client(manager.identity());
                    Peers client = manager.client(asking.identity())) {
                forNobody().forEach(route -> tried(manager, nobody, route, failures));
                forClients().forEach(route -> tried(manager, client, route, failures));
                forRoot(manager, changed.id())
                        .forEach(route -> tried(manager, root, route, failures));
                plain(manager, root, failures);
            }
            assertThat(failures).as(manager.log()).isEmpty();
            assertThat(manager.log()).doesNotContain("ERROR");
        }
    }

    private static List<Route> forNobody() {
        return List.of(
                new Route(
                        "POST",
                        "/enrolment/clients",
                        List.of("token", "name", "request", "id", "before"),
                        Map.of("token", "x", "name", "x", "request", "x")),
                new Route(
                        "POST",
                        "/enrolment/appliances",
                        List.of(
                                "token",
                                "name",
                                "hostNames",
                                "addresses",
                                "request",
                                "host",
                                "quorumPort"),
                        Map.of(
                                "token",
                                "x",
                                "name",
                                "x",
                                "request",
                                "x",
                                "hostNames",
                                List.of("x"),
                                "addresses",
                                List.of("127.0.0.1"),
                                "host",
                                "127.0.0.1",
                                "quorumPort",
                                1,
                                "electionPort",
                                2,
                                "clientPort",
                                3)));
    }

    private static List<Route> forClients() {
        String id = UUID.randomUUID().toString();
        return List.of(
                new Route(
                        "POST",
                        "/leases",
                        LEASE,
                        Map.of("id", id, "gpuCount", 64, "timeoutSeconds", 0)),
                new Route("POST", "/renewal", List.of("request"), Map.of("request", "x")));
    }

    private static List<Route> forRoot(TestManager manager, UUID client) {
        String id = UUID.randomUUID().toString();
        String token = manager.asRoot(201, "POST", "/tokens", Map.of()).path("id").asString();
        return List.of(
                new Route("PATCH", "/servers/" + id, List.of("draining")),
                new Route(
                        "PATCH",
                        "/clients/" + client,
                        List.of("state", "gpuLimit", "priority", "idleTimeoutSeconds")),
                new Route(
                        "PATCH",
                        "/settings",
                        List.of("gpuLimit", "priority", "idleTimeoutSeconds")),
                new Route(
                        "POST",
                        "/tokens",
                        List.of(
                                "description",
                                "purpose",
                                "expires",
                                "validSeconds",
                                "uses",
                                "enabled")),
                new Route(
                        "PATCH", "/tokens/" + token, List.of("description", "expires", "enabled")),
                new Route(
                        "POST",
                        "/users",
                        List.of("name", "role", "password"),
                        Map.of("name", "n", "role", "admin", "password", "correct horse battery")),
                new Route("PATCH", "/users/n", List.of("role", "enabled", "password")),
                new Route(
                        "POST",
                        "/renewal",
                        List.of("request", "hostNames", "addresses"),
                        Map.of(
                                "request", "x",
                                "hostNames", List.of("x"),
                                "addresses", List.of("127.0.0.1"))),
                new Route(
                        "POST",
                        "/appliance/renewal",
                        List.of("request", "certificates"),
                        Map.of("request", "x", "certificates", "x")),
                new Route(
                        "POST",
                        "/appliance/leases",
                        LEASE,
                        Map.of("id", id, "gpuCount", 64, "client", client.toString())),
                new Route(
                        "PUT",
                        "/appliance/parts/" + id,
                        List.of(
                                "attempt",
                                "lease",
                                "secret",
                                "client",
                                "user",
                                "renewalMillis",
                                "parent",
                                "shares"),
                        Map.of(
                                "attempt",
                                id,
                                "lease",
                                id,
                                "secret",
                                "0".repeat(32),
                                "client",
                                id,
                                "user",
                                "u",
                                "renewalMillis",
                                1000,
                                "outlivesConnection",
                                false,
                                "shares",
                                List.of())));
    }

    private static void plain(TestManager manager, Peers root, List<String> failures) {
        for (String path :
                List.of(
                        "/events?after=x",
                        "/events?after=99999999999999999999",
                        "/events?after=-9223372036854775808",
                        "/clients/1-1-1-1-1",
                        "/tokens/%00",
                        "/users/%F0%9F",
                        "/users/%2e%2e",
                        "/queue",
                        "/pool")) {
            judge(manager, root, "GET", path, "", failures);
        }
        for (String path :
                List.of(
                        "/leases/x",
                        "/tokens/x",
                        "/users/x",
                        "/clients/x",
                        "/servers/x",
                        "/appliance/parts/x",
                        "/appliance/parts/" + new UUID(0, 1),
                        "/appliance/parts/" + new UUID(0, 1) + "?attempt=x",
                        "/appliance/leases/x",
                        "/appliance/leases/" + new UUID(0, 1) + "?client=x")) {
            judge(manager, root, "DELETE", path, "", failures);
        }
    }

    private static void tried(
            TestManager manager, Peers peers, Route route, List<String> failures) {
        for (String body : BODIES) {
            judge(manager, peers, route.method, route.path, body, failures);
        }
        for (String member : route.members) {
            for (String value : VALUES) {
                StringBuilder body = new StringBuilder("{");
                route.usual.forEach((name, usual) -> {
                    if (!name.equals(member)) {
                        body.append(JSON.writeValueAsString(name))
                                .append(':')
                                .append(JSON.writeValueAsString(usual))
                                .append(',');
                    }
                });
                body.append('"').append(member).append("\":").append(value).append('}');
                judge(manager, peers, route.method, route.path, body.toString(), failures);
            }
        }
    }

    private static void judge(
            TestManager manager,
            Peers peers,
            String method,
            String path,
            String body,
            List<String> failures) {
        Peers.Answer answer;
        try {
            answer =
                    peers.send(
                            method,
                            manager.authority(),
                            "/api/v1" + path,
                            Map.of(),
                            Optional.of(body.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
        if (answer.status() >= 500 || (answer.status() >= 400 && !isReasoned(answer))) {
            String shown = body.length() > 300 ? body.substring(0, 300) + "..." : body;
            failures.add(
                    method
                            + " "
                            + path
                            + " "
                            + shown
                            + " -> "
                            + answer.status()
                            + " "
                            + TestManager.text(answer));
        }
    }

    private static boolean isReasoned(Peers.Answer answer) {
        try {
            JsonNode problem = TestManager.json(answer);
            return answer.contentType().startsWith("application/problem+json")
                    && !problem.path("detail").asString("").isEmpty();
        } catch (JacksonException _) {
            return false;
        }
    }
}
