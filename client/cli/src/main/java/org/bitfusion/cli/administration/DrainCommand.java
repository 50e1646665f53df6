package org.bitfusion.cli.administration;

import java.util.Map;
import java.util.Set;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.Pool;

/// `drain` and `undrain`: whether a server gives new leases; what runs there goes on.
///
/// @param desk of the administrator
/// @param draining whether it is to give none
record DrainCommand(Desk desk, boolean draining) {
    static final Set<String> FLAGS = Set.of();

    int execute() {
        String wanted = desk.options().only("a server by its id, name or address");
        try (Pool pool = desk.pool()) {
            JsonObject found = Servers.find(desk, pool, wanted, draining ? "drain" : "undrain");
            JsonObject server =
                    desk.object(
                            pool,
                            Pool.Request.patch(Servers.path(found), Map.of("draining", draining)));
            desk.say(server.members(), text(server));
        }
        return 0;
    }

    private String text(JsonObject server) {
        String name = server.anyText("name").orElse("?");
        return draining
                ? "Server %s is draining: it gives no new leases; %s tasks run on there. To end that: bitfusion undrain %s%n"
                        .formatted(name, server.anyText("tasks").orElse("?"), name)
                : "Server " + name + " gives leases again\n";
    }
}
