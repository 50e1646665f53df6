package org.bitfusion.cli.administration;

import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.options.ValidTime;
import org.bitfusion.cli.pool.HttpAnswer;
import org.bitfusion.cli.pool.Json;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.Pool;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.file.PrivateFiles;
import org.bitfusion.tls.token.TokenDownload;

/// `token`: what enrols clients and lets appliances join.
///
/// @param desk of the administrator
record TokenCommand(Desk desk) {
    static final Set<String> FLAGS =
            Set.of("description", "expires", "uses", "purpose", "disabled", "file");

    private static final String ACTIONS =
            "create, list, download, enable, disable, extend or delete";
    private static final String BASE = "/api/v1/tokens";
    private static final String AN_ID = "a token's id (see: bitfusion token list)";
    private static final int USES_DIGITS = 6;

    int execute() {
        switch (desk.options().action(ACTIONS)) {
            case "create" -> create();
            case "list" -> list();
            case "download" -> download();
            case "enable" -> change(Map.of("enabled", true), "enabled");
            case "disable" -> change(Map.of("enabled", false), "disabled");
            case "extend" -> extend();
            case "delete" -> delete();
            default ->
                    throw desk.options()
                            .usage("'" + desk.options().action("") + "': say " + ACTIONS);
        }
        return 0;
    }

    private void create() {
        desk.options().alone();
        Map<String, Object> body = new LinkedHashMap<>();
        desk.options().flag("description").ifPresent(text -> body.put("description", text));
        desk.options()
                .flag("expires")
                .ifPresent(text -> body.put("validSeconds", ValidTime.parse(text).toSeconds()));
        desk.options().flag("uses").ifPresent(text -> body.put("uses", uses(text)));
        desk.options().flag("purpose").ifPresent(text -> body.put("purpose", purpose(text)));
        body.put("enabled", !desk.options().has("disabled"));
        try (Pool pool = desk.pool()) {
            JsonObject token = desk.object(pool, Pool.Request.post(BASE, body));
            String id = token.anyText("id").orElse("?");
            desk.say(
                    token.members(),
                    "Token "
                            + id
                            + " created; it expires at "
                            + Table.shown(token.anyText("expires").orElse("?"))
                            + ". Its files: bitfusion token download "
                            + id
                            + "\n");
        }
    }

    private int uses(String text) {
        boolean digits = !text.isEmpty() && text.length() <= USES_DIGITS;
        for (int i = 0; i < text.length(); i++) {
            digits &= text.charAt(i) >= '0' && text.charAt(i) <= '9';
        }
        int uses = digits ? Integer.parseInt(text) : 0;
        if (uses < 1) {
            throw desk.options()
                    .usage("--uses " + text + ": give how many clients it enrols, at least 1");
        }
        return uses;
    }

    private String purpose(String text) {
        return switch (text) {
            case "client", "appliance" -> text;
            default ->
                    throw desk.options().usage("--purpose " + text + ": give client or appliance");
        };
    }

    private void list() {
        desk.options().alone();
        try (Pool pool = desk.pool()) {
            List<JsonObject> tokens = desk.objects(pool, Pool.Request.get(BASE));
            desk.say(
                    desk.options().json()
                            ? Json.pretty(tokens.stream().map(JsonObject::members).toList())
                            : Table.text(
                                    List.of(
                                            "ID",
                                            "FOR",
                                            "CREATED",
                                            "EXPIRES",
                                            "ACTIVATED",
                                            "USED",
                                            "OF",
                                            "DESCRIPTION"),
                                    List.of(
                                            "id",
                                            "purpose",
                                            "created",
                                            "expires",
                                            "enabled",
                                            "used",
                                            "uses",
                                            "description"),
                                    tokens));
        }
    }

    private String id() {
        String id = desk.options().subject(AN_ID);
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            boolean letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
            if (!letter && !(c >= '0' && c <= '9')) {
                throw desk.options().usage(id + ": is no token's id (see: bitfusion token list)");
            }
        }
        return id;
    }

    private void download() {
        String id = id();
        Path file = Path.of(desk.options().flag("file").orElse(id + ".tar")).toAbsolutePath();
        try (Pool pool = desk.pool()) {
            HttpAnswer answer = pool.succeed(Pool.Request.get(BASE + "/" + id + "/download"));
            var _ = TokenDownload.read(answer.body());
            PrivateFiles.createPrivate(file, answer.body());
            desk.say(
                    Map.of("id", id, "file", file.toString()),
                    "Saved '"
                            + file
                            + "' with ca.crt (for /etc/bitfusion/tls), client.yaml and servers.conf (for ~/.bitfusion or /etc/bitfusion)\n");
        } catch (TlsException exception) {
            throw new Fault(
                    ExitCode.CANNOT_CREATE, exception.getMessage() + "; name another file with -f");
        }
    }

    private void change(Map<String, Object> change, String done) {
        String id = id();
        try (Pool pool = desk.pool()) {
            JsonObject token = desk.object(pool, Pool.Request.patch(BASE + "/" + id, change));
            desk.say(token.members(), "Token " + id + " " + done + "\n");
        }
    }

    private void extend() {
        String text =
                desk.options()
                        .flag("expires")
                        .orElseThrow(() ->
                                desk.options()
                                        .usage(
                                                "extend needs --expires, for example --expires 30d"));
        Instant end = Instant.now().plus(ValidTime.parse(text)).truncatedTo(ChronoUnit.SECONDS);
        change(Map.of("expires", end.toString()), "expires at " + end);
    }

    private void delete() {
        String id = id();
        try (Pool pool = desk.pool()) {
            var _ = pool.succeed(Pool.Request.delete(BASE + "/" + id));
            desk.say(
                    Map.of("id", id, "deleted", true),
                    "Token " + id + " deleted; clients that it enrolled stay\n");
        }
    }
}
