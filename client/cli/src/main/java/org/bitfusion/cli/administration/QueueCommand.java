package org.bitfusion.cli.administration;

import java.util.List;
import java.util.Set;
import org.bitfusion.cli.pool.Json;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.Pool;

/// `queue` and `events`: who waits for GPUs, and what has happened in the pool.
///
/// @param desk of the administrator
/// @param target what is asked for
/// @param titles of the table's columns
/// @param members that stand in them
record QueueCommand(Desk desk, String target, List<String> titles, List<String> members) {
    static final Set<String> FLAGS = Set.of();

    static QueueCommand ofQueue(Desk desk) {
        return new QueueCommand(
                desk,
                "/api/v1/queue",
                List.of("PLACE", "PRIORITY", "USER", "WISH", "WAITS FOR", "SINCE", "COMMAND", "ID"),
                List.of("place", "priority", "user", "wish", "waitsFor", "since", "command", "id"));
    }

    static QueueCommand ofEvents(Desk desk) {
        return new QueueCommand(
                desk,
                "/api/v1/events",
                List.of("NUMBER", "AT", "KIND", "BY", "TEXT"),
                List.of("number", "at", "kind", "by", "text"));
    }

    int execute() {
        desk.options().nothing();
        try (Pool pool = desk.poolToLookAt()) {
            List<JsonObject> rows = desk.objects(pool, Pool.Request.get(target));
            desk.say(
                    desk.options().json()
                            ? Json.pretty(rows.stream().map(JsonObject::members).toList())
                            : Table.text(titles, members, rows));
        }
        return 0;
    }
}
