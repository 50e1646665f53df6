package org.bitfusion.cli.administration;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bitfusion.cli.pool.Json;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.MalformedJsonException;
import org.bitfusion.cli.pool.Pool;
import org.jspecify.annotations.Nullable;

/// `leases`: who holds which GPUs; and one of them is ended.
///
/// @param desk of the administrator
record LeasesCommand(Desk desk) {
    static final Set<String> FLAGS = Set.of();

    private static final String BASE = "/api/v1/leases";

    int execute() {
        switch (desk.options().action("list or end")) {
            case "list" -> list();
            case "end" -> end();
            default ->
                    throw desk.options()
                            .usage("'" + desk.options().action("") + "': say list or end");
        }
        return 0;
    }

    private void list() {
        desk.options().alone();
        try (Pool pool = desk.poolToLookAt()) {
            List<JsonObject> leases = desk.objects(pool, Pool.Request.get(BASE));
            if (desk.options().json()) {
                desk.say(Json.pretty(leases.stream().map(JsonObject::members).toList()));
                return;
            }
            Map<String, String> servers = names(pool, "/api/v1/servers");
            Map<String, String> clients =
                    desk.isOfClient() ? Map.of() : names(pool, "/api/v1/clients");
            List<JsonObject> rows = new ArrayList<>();
            for (JsonObject lease : leases) {
                Map<String, @Nullable Object> row = new LinkedHashMap<>(lease.members());
                String client = lease.anyText("client").orElse("-");
                row.put("client", clients.getOrDefault(client, client));
                row.put("gpus", gpus(lease, servers));
                rows.add(new JsonObject(row));
            }
            desk.say(
                    Table.text(
                            List.of("ID", "CLIENT", "USER", "BY", "GPUS"),
                            List.of("id", "client", "user", "origin", "gpus"),
                            rows));
        } catch (MalformedJsonException exception) {
            throw desk.options().usage("the pool's answer " + exception.getMessage());
        }
    }

    private Map<String, String> names(Pool pool, String target) {
        Map<String, String> names = new HashMap<>();
        for (JsonObject each : desk.objects(pool, Pool.Request.get(target))) {
            names.put(each.anyText("id").orElse(""), each.anyText("name").orElse("?"));
        }
        return names;
    }

    /// `gpu-1:0 (128 MiB), gpu-1:1 (128 MiB)`
    private static String gpus(JsonObject lease, Map<String, String> servers)
            throws MalformedJsonException {
        List<String> gpus = new ArrayList<>();
        for (JsonObject gpu : lease.objects("gpus")) {
            String server = gpu.anyText("appliance").orElse("?");
            gpus.add(
                    "%s:%d (%d MiB)"
                            .formatted(
                                    servers.getOrDefault(server, server),
                                    gpu.number("index"),
                                    gpu.number("memoryMiB")));
        }
        return String.join(", ", gpus);
    }

    private void end() {
        String id = desk.options().subject("a lease's id (see: bitfusion leases list)");
        if (!id.matches("[0-9A-Fa-f-]{36}")) {
            throw desk.options().usage(id + ": is no lease's id");
        }
        try (Pool pool = desk.poolToLookAt()) {
            var _ = pool.succeed(Pool.Request.delete(BASE + "/" + id));
            desk.say(Map.of("id", id, "ended", true), "Lease " + id + " is over\n");
        }
    }
}
