package org.bitfusion.cli.administration;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bitfusion.cli.pool.Json;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.Pool;
import org.bitfusion.tls.Names;

/// `user`: who may administrate the pool, or look at it.
///
/// @param desk of the administrator
record UserCommand(Desk desk) {
    static final Set<String> FLAGS = Set.of("role");

    private static final String ACTIONS = "add, list, password, role, enable, disable or delete";
    private static final String BASE = "/api/v1/users";

    int execute() {
        switch (desk.options().action(ACTIONS)) {
            case "add" -> add();
            case "list" -> list();
            case "password" -> password();
            case "role" -> {
                if (!desk.options().has("role")) {
                    throw desk.options().usage("role needs --role admin or --role viewer");
                }
                change(Map.of("role", role()), "has the role " + role());
            }
            case "enable" -> change(Map.of("enabled", true), "enabled");
            case "disable" -> change(Map.of("enabled", false), "disabled");
            case "delete" -> delete();
            default ->
                    throw desk.options()
                            .usage("'" + desk.options().action("") + "': say " + ACTIONS);
        }
        return 0;
    }

    private String name() {
        String name = desk.options().subject("a user's name");
        if (!Names.isHostName(name)) {
            throw desk.options()
                    .usage(
                            "'"
                                    + Names.shown(name)
                                    + "': a name has 1 to 64 letters, digits, '.', '-' and '_'");
        }
        return name;
    }

    private String role() {
        String role = desk.options().flag("role").orElse("admin");
        return switch (role) {
            case "admin", "viewer" -> role;
            default -> throw desk.options().usage("--role " + role + ": give admin or viewer");
        };
    }

    private void add() {
        String name = name();
        String role = role();
        try (Pool pool = desk.pool()) {
            String password = desk.passwords().askNew(name);
            JsonObject user =
                    desk.object(
                            pool,
                            Pool.Request.post(
                                    BASE,
                                    Map.of("name", name, "role", role, "password", password)));
            desk.say(user.members(), "User " + name + " added as " + role + "\n");
        }
    }

    private void list() {
        desk.options().alone();
        try (Pool pool = desk.pool()) {
            List<JsonObject> users = desk.objects(pool, Pool.Request.get(BASE));
            desk.say(
                    desk.options().json()
                            ? Json.pretty(users.stream().map(JsonObject::members).toList())
                            : Table.text(
                                    List.of("NAME", "ROLE", "ENABLED"),
                                    List.of("name", "role", "enabled"),
                                    users));
        }
    }

    private void password() {
        String name = name();
        try (Pool pool = desk.pool()) {
            String password = desk.passwords().askNew(name);
            JsonObject user =
                    desk.object(
                            pool,
                            Pool.Request.patch(BASE + "/" + name, Map.of("password", password)));
            desk.say(user.members(), "The password of user " + name + " is changed\n");
        }
    }

    private void change(Map<String, Object> change, String done) {
        String name = name();
        try (Pool pool = desk.pool()) {
            JsonObject user = desk.object(pool, Pool.Request.patch(BASE + "/" + name, change));
            desk.say(user.members(), "User " + name + " " + done + "\n");
        }
    }

    private void delete() {
        String name = name();
        try (Pool pool = desk.pool()) {
            var _ = pool.succeed(Pool.Request.delete(BASE + "/" + name));
            desk.say(Map.of("name", name, "deleted", true), "User " + name + " deleted\n");
        }
    }
}
