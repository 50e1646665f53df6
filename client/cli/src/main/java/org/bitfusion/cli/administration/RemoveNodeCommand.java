package org.bitfusion.cli.administration;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.MalformedJsonException;
import org.bitfusion.cli.pool.Pool;

/// `removenode`: takes a server that is gone for good out of the pool.
///
/// @param desk of the administrator
record RemoveNodeCommand(Desk desk) {
    static final Set<String> FLAGS = Set.of();
    private static final String BASE = "/api/v1/servers";

    int execute() {
        String wanted = desk.options().only("a server by its id, name or address");
        try (Pool pool = desk.pool()) {
            Found server = find(pool, wanted);
            var _ = pool.succeed(Pool.Request.delete(BASE + "/" + server.id));
            desk.say(
                    Map.of("id", server.id, "name", server.name, "removed", true),
                    "Server "
                            + server.name
                            + " removed. To have it join again, delete bitfusion-manager.yaml there\n");
        }
        return 0;
    }

    private record Found(String id, String name) {}

    private Found find(Pool pool, String wanted) {
        List<JsonObject> all = desk.objects(pool, Pool.Request.get(BASE));
        List<Found> found =
                new ArrayList<>(
                        all.stream()
                                .filter(server -> Servers.is(server, wanted))
                                .map(server -> found(server, "id", "name"))
                                .toList());
        if (found.isEmpty()) {
            found.addAll(membersOnly(pool, wanted));
        }
        if (found.size() != 1) {
            throw new Fault(
                    ExitCode.UNAVAILABLE,
                    found.isEmpty()
                            ? "removenode: the pool has no server "
                                    + wanted
                                    + " (see: bitfusion list_gpus)"
                            : "removenode: "
                                    + found.size()
                                    + " servers are called "
                                    + wanted
                                    + "; name one by its id: bitfusion list_gpus --output json");
        }
        return found.getFirst();
    }

    /// Members that never came as far as to show their GPUs, or of which a removal was cut off:
    /// they are listed nowhere, and may have a vote.
    private List<Found> membersOnly(Pool pool, String wanted) {
        JsonObject whole = desk.object(pool, Pool.Request.get("/api/v1/pool"));
        try {
            return whole.objects("members").stream()
                    .filter(member ->
                            member.anyText("appliance").orElse("").equals(wanted)
                                    || member.anyText("host").orElse("").equals(wanted))
                    .map(member -> found(member, "appliance", "host"))
                    .toList();
        } catch (MalformedJsonException exception) {
            throw pool.nonsense(exception);
        }
    }

    private static Found found(JsonObject object, String id, String name) {
        String known = object.anyText(id).orElse("");
        return new Found(known, object.anyText(name).orElse(known));
    }
}
