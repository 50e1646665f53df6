package org.bitfusion.cli.administration;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.Pool;

/// `settings`: what holds for clients for which nothing else was set.
///
/// @param desk of the administrator
record SettingsCommand(Desk desk) {
    static final Set<String> FLAGS =
            Stream.concat(Terms.FLAGS.stream(), Stream.of(Terms.NETWORKS))
                    .collect(Collectors.toUnmodifiableSet());

    private static final String BASE = "/api/v1/settings";

    int execute() {
        String action = desk.options().action("show or set");
        desk.options().alone();
        switch (action) {
            case "show" -> say(Pool.Request.get(BASE));
            case "set" -> say(Pool.Request.patch(BASE, Terms.change(desk.options(), false)));
            default -> throw desk.options().usage("'" + action + "': say show or set");
        }
        return 0;
    }

    /// Those that are taken before others.
    private static String networks(JsonObject settings) {
        return settings.members().get("dataNetworks") instanceof List<?> names
                ? names.stream().map(name -> name + ", then ").collect(Collectors.joining())
                : "";
    }

    private void say(Pool.Request request) {
        try (Pool pool = desk.pool()) {
            JsonObject settings = desk.object(pool, request);
            desk.say(
                    settings.members(),
                    """
                    GPU limit of a client: %s
                    Priority: %s
                    Idle timeout: %s
                    Data networks: %sthe fastest
                    """
                            .formatted(
                                    Terms.gpuLimit(settings, "none"),
                                    Terms.priority(settings, "0"),
                                    Terms.idleTimeout(settings, "none"),
                                    networks(settings)));
        }
    }
}
