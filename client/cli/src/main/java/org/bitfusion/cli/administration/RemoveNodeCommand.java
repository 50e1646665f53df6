package org.bitfusion.cli.administration;

import java.util.List;
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
            JsonObject server = find(pool, wanted);
            String id = server.anyText("id").orElse("");
            var _ = pool.succeed(Pool.Request.delete(BASE + "/" + id));
            desk.say(
                    "Server "
                            + server.anyText("name").orElse(id)
                            + " removed. To have it join again, delete bitfusion-manager.yaml there\n");
        }
        return 0;
    }

    private JsonObject find(Pool pool, String wanted) {
        List<JsonObject> all = desk.objects(pool, Pool.Request.get(BASE));
        List<JsonObject> found = all.stream().filter(server -> is(server, wanted)).toList();
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

    private static boolean is(JsonObject server, String wanted) {
        if (server.anyText("id").orElse("").equals(wanted)
                || server.anyText("name").orElse("").equals(wanted)) {
            return true;
        }
        try {
            return server.texts("addresses").contains(wanted);
        } catch (MalformedJsonException _) {
            return false;
        }
    }
}
