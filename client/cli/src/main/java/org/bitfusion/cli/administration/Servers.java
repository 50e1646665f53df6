package org.bitfusion.cli.administration;

import java.util.List;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.MalformedJsonException;
import org.bitfusion.cli.pool.Pool;

/// A server of the pool by what people call it.
final class Servers {
    private static final String BASE = "/api/v1/servers";

    private Servers() {}

    /// @param wanted id, name or address
    /// @param command for what is said if there is not exactly one
    static JsonObject find(Desk desk, Pool pool, String wanted, String command) {
        List<JsonObject> all = desk.objects(pool, Pool.Request.get(BASE));
        List<JsonObject> found = all.stream().filter(server -> is(server, wanted)).toList();
        if (found.size() != 1) {
            throw new Fault(
                    ExitCode.UNAVAILABLE,
                    found.isEmpty()
                            ? command
                                    + ": the pool has no server "
                                    + wanted
                                    + " (see: bitfusion list_gpus)"
                            : command
                                    + ": "
                                    + found.size()
                                    + " servers are called "
                                    + wanted
                                    + "; name one by its id: bitfusion list_gpus --output json");
        }
        return found.getFirst();
    }

    /// Whether it is called so: by its id, its name or an address.
    static boolean is(JsonObject server, String wanted) {
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

    static String path(JsonObject server) {
        return BASE + "/" + server.anyText("id").orElse("");
    }
}
