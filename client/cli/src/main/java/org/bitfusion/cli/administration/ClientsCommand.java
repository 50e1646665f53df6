package org.bitfusion.cli.administration;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.pool.Json;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.Pool;
import org.jspecify.annotations.Nullable;

/// `clients`: who is enrolled, and what each may do.
///
/// @param desk of the administrator
record ClientsCommand(Desk desk) {
    static final Set<String> FLAGS = Terms.FLAGS;

    private static final String ACTIONS = "list, set, enable, disable or delete";
    private static final String BASE = "/api/v1/clients";
    private static final String DEFAULT = "default";

    int execute() {
        switch (desk.options().action(ACTIONS)) {
            case "list" -> list();
            case "set" -> set();
            case "enable" -> change(Map.of("state", "enabled"), "enabled");
            case "disable" -> change(Map.of("state", "disabled"), "disabled; its leases are ended");
            case "delete" -> delete();
            default ->
                    throw desk.options()
                            .usage("'" + desk.options().action("") + "': say " + ACTIONS);
        }
        return 0;
    }

    private void list() {
        desk.options().alone();
        try (Pool pool = desk.pool()) {
            List<JsonObject> clients = desk.objects(pool, Pool.Request.get(BASE));
            desk.say(
                    desk.options().json()
                            ? Json.pretty(clients.stream().map(JsonObject::members).toList())
                            : text(clients));
        }
    }

    private static String text(List<JsonObject> clients) {
        List<JsonObject> rows = new ArrayList<>();
        for (JsonObject client : clients) {
            Map<String, @Nullable Object> row = new LinkedHashMap<>(client.members());
            row.put("gpuLimit", Terms.gpuLimit(client, DEFAULT));
            row.put("priority", Terms.priority(client, DEFAULT));
            row.put("idleTimeout", Terms.idleTimeout(client, DEFAULT));
            rows.add(new JsonObject(row));
        }
        return Table.text(
                List.of(
                        "ID",
                        "NAME",
                        "STATE",
                        "EXPIRES",
                        "TOKEN",
                        "GPU LIMIT",
                        "PRIORITY",
                        "IDLE TIMEOUT"),
                List.of(
                        "id",
                        "name",
                        "state",
                        "expires",
                        "token",
                        "gpuLimit",
                        "priority",
                        "idleTimeout"),
                rows);
    }

    private void set() {
        Map<String, @Nullable Object> change = Terms.change(desk.options(), true);
        String wanted = subject();
        try (Pool pool = desk.pool()) {
            JsonObject client =
                    desk.object(pool, Pool.Request.patch(path(find(pool, wanted)), change));
            desk.say(
                    client.members(),
                    "Client %s: GPU limit %s, priority %s, idle timeout %s%n"
                            .formatted(
                                    name(client),
                                    Terms.gpuLimit(client, DEFAULT),
                                    Terms.priority(client, DEFAULT),
                                    Terms.idleTimeout(client, DEFAULT)));
        }
    }

    private void change(Map<String, Object> change, String done) {
        String wanted = subject();
        try (Pool pool = desk.pool()) {
            JsonObject client =
                    desk.object(pool, Pool.Request.patch(path(find(pool, wanted)), change));
            desk.say(client.members(), "Client " + name(client) + " " + done + "\n");
        }
    }

    private void delete() {
        String wanted = subject();
        try (Pool pool = desk.pool()) {
            JsonObject client = find(pool, wanted);
            var _ = pool.succeed(Pool.Request.delete(path(client)));
            desk.say(
                    Map.of("id", client.anyText("id").orElse(""), "deleted", true),
                    "Client "
                            + name(client)
                            + " deleted; delete or disable its token "
                            + client.anyText("token").orElse("?")
                            + " too, or it can enrol again\n");
        }
    }

    private String subject() {
        return desk.options().subject("a client by its id or name (see: bitfusion clients list)");
    }

    private JsonObject find(Pool pool, String wanted) {
        List<JsonObject> found =
                desk.objects(pool, Pool.Request.get(BASE)).stream()
                        .filter(client -> is(client, wanted))
                        .toList();
        if (found.size() != 1) {
            throw new Fault(
                    ExitCode.UNAVAILABLE,
                    found.isEmpty()
                            ? "clients: the pool has no client "
                                    + wanted
                                    + " (see: bitfusion clients list)"
                            : "clients: "
                                    + found.size()
                                    + " clients are called "
                                    + wanted
                                    + "; name one by its id (see: bitfusion clients list)");
        }
        return found.getFirst();
    }

    private static boolean is(JsonObject client, String wanted) {
        return client.anyText("id").orElse("").equals(wanted)
                || client.anyText("name").orElse("").equals(wanted);
    }

    private static String path(JsonObject client) {
        return BASE + "/" + client.anyText("id").orElse("");
    }

    private static String name(JsonObject client) {
        return client.anyText("name").or(() -> client.anyText("id")).orElse("?");
    }
}
