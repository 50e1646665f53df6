package org.bitfusion.cli.administration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.StandInManager;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The commands of administrators against a manager that notes down what it is asked.
class AdminCommandsTest {
    private static final TestPool POOL = new TestPool();
    private static final Distribution DISTRIBUTION =
            new Distribution(Path.of("/opt/bitfusion"), "bitfusion");
    private static final String TOKEN =
            """
            {"id":"CA7WPsj","description":"render\\nfarm","purpose":"client",
             "created":"2026-01-01T00:00:00Z","expires":"2026-01-31T00:00:00Z","enabled":true,
             "uses":null,"used":2}
            """;

    @TempDir Path folder;
    private String input = "";

    /// As root on an appliance.
    private String output(StandInManager manager, String... arguments) throws IOException {
        Path appliance = folder.resolve("appliance");
        if (!Files.exists(appliance)) {
            Files.createDirectories(appliance.resolve("tls"));
            Certificates.writeFile(appliance.resolve("tls/ca.crt"), List.of(POOL.authority.root()));
            POOL.appliance().writeFile(appliance.resolve("tls/appliance.pem"));
        }
        Files.writeString(
                appliance.resolve("bitfusion-manager.yaml"),
                "name: gpu-1\naddresses:\n- \"127.0.0.1\"\nport: "
                        + manager.address().port()
                        + "\n# end\n");
        return output(Map.of("BF_MANAGER_FOLDER", appliance.toString()), arguments);
    }

    private String output(Map<String, String> environment, String... arguments) {
        Map<String, String> all = new HashMap<>(environment);
        all.put("HOME", folder.resolve("home").toString());
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        assertThat(
                        AdminCommands.execute(
                                DISTRIBUTION,
                                all,
                                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                                new PrintStream(output, true, StandardCharsets.UTF_8),
                                arguments))
                .isZero();
        return output.toString(StandardCharsets.UTF_8);
    }

    private static StandInManager manager(
            Function<StandInManager.Asked, StandInManager.Answer> answers) {
        return new StandInManager(POOL, answers);
    }

    private static StandInManager.Answer none() {
        return StandInManager.Answer.raw("HTTP/1.1 204 No Content\r\n\r\n");
    }

    private Fault fault(StandInManager manager, String... arguments) {
        Fault fault = catchThrowableOfType(Fault.class, () -> output(manager, arguments));
        assertThat(fault).as(String.join(" ", arguments)).isNotNull();
        assertThat(fault.line()).doesNotContain("\n");
        return fault;
    }

    @Test
    void aTokenIsMadeWithTheAppliancesCertificate() throws IOException {
        try (StandInManager manager = manager(_ -> StandInManager.Answer.json(201, TOKEN))) {
            String text =
                    output(
                            manager,
                            "token",
                            "create",
                            "--description",
                            "render farm",
                            "--expires=90d",
                            "--uses",
                            "5",
                            "--disabled");
            assertThat(text)
                    .isEqualTo(
                            "Token CA7WPsj created; it expires at 2026-01-31T00:00:00Z. Its files: bitfusion token download CA7WPsj\n");
            StandInManager.Asked asked = manager.asked.getFirst();
            assertThat(asked.method() + " " + asked.target()).isEqualTo("POST /api/v1/tokens");
            assertThat(asked.client().orElseThrow().role()).isEqualTo(PeerRole.APPLIANCE);
            assertThat(asked.body())
                    .isEqualTo(
                            "{\"description\":\"render farm\",\"validSeconds\":7776000,\"uses\":5,\"enabled\":false}");
            assertThat(output(manager, "token", "create", "--output", "json"))
                    .contains("\"id\": \"CA7WPsj\"");
        }
    }

    @Test
    void tokensAreATableOrJson() throws IOException {
        try (StandInManager manager =
                manager(_ -> StandInManager.Answer.json(200, "[" + TOKEN + "]"))) {
            assertThat(output(manager, "token", "list"))
                    .isEqualTo(
                            """
                            ID       FOR     CREATED               EXPIRES               ACTIVATED  USED  OF  DESCRIPTION
                            CA7WPsj  client  2026-01-01T00:00:00Z  2026-01-31T00:00:00Z  true       2     -   render farm
                            """);
            assertThat(output(manager, "token", "list", "--output=json"))
                    .startsWith("[\n  {\n    \"id\": \"CA7WPsj\",\n");
        }
    }

    @Test
    void aTokenIsChangedAndDeleted() throws IOException {
        try (StandInManager manager =
                manager(asked ->
                        asked.method().equals("DELETE")
                                ? none()
                                : StandInManager.Answer.json(200, TOKEN))) {
            assertThat(output(manager, "token", "enable", "CA7WPsj"))
                    .isEqualTo("Token CA7WPsj enabled\n");
            var _ = output(manager, "token", "disable", "CA7WPsj");
            String before = Instant.now().plusSeconds(86_000).toString();
            var _ = output(manager, "token", "extend", "CA7WPsj", "--expires", "1d");
            var _ = output(manager, "token", "delete", "CA7WPsj");
            List<String> asked = new ArrayList<>();
            manager.asked.forEach(one -> asked.add(one.method() + " " + one.target()));
            assertThat(asked)
                    .containsExactly(
                            "PATCH /api/v1/tokens/CA7WPsj",
                            "PATCH /api/v1/tokens/CA7WPsj",
                            "PATCH /api/v1/tokens/CA7WPsj",
                            "DELETE /api/v1/tokens/CA7WPsj");
            assertThat(manager.asked.get(1).body()).isEqualTo("{\"enabled\":false}");
            assertThat(manager.asked.get(2).body())
                    .contains("\"expires\":\"" + before.substring(0, 4));
        }
    }

    @Test
    void whatIsNoDownloadIsNotSaved() throws IOException {
        Path file = folder.resolve("x.tar");
        try (StandInManager manager = manager(_ -> StandInManager.Answer.json(200, "nonsense"))) {
            assertThat(fault(manager, "token", "download", "CA7WPsj", "-f", file.toString()).line())
                    .contains("download");
            assertThat(file).doesNotExist();
        }
    }

    /// Nobody else on the machine sees a password: it is no argument, and never shown.
    @Test
    void aUserIsAddedWithAPasswordFromStandardInput() throws IOException {
        try (StandInManager manager =
                manager(_ ->
                        StandInManager.Answer.json(
                                201, "{\"name\":\"anna\",\"role\":\"viewer\",\"enabled\":true}"))) {
            input = "correct horse battery\n";
            assertThat(output(manager, "user", "add", "anna", "--role", "viewer"))
                    .isEqualTo("User anna added as viewer\n");
            assertThat(manager.asked.getFirst().body())
                    .contains("\"password\":\"correct horse battery\"", "\"role\":\"viewer\"");
            input = "";
            assertThat(fault(manager, "user", "password", "anna").line())
                    .contains("no password given");
        }
    }

    @Test
    void anAdministratorIsKnownByNameAndPassword() throws IOException {
        try (StandInManager manager =
                manager(asked ->
                        asked.authorization().isEmpty()
                                ? StandInManager.Answer.problem(401, "who are you?")
                                : StandInManager.Answer.json(
                                        200,
                                        "[{\"name\":\"anna\",\"role\":\"admin\",\"enabled\":true}]"))) {
            Path home = Files.createDirectories(folder.resolve("home"));
            StandInManager.home(home, POOL, List.of(manager.address()));
            input = "pass:word ü\n";
            assertThat(output(Map.of(), "user", "list", "--user", "anna"))
                    .isEqualTo("NAME  ROLE   ENABLED\nanna  admin  true\n");
            StandInManager.Asked asked = manager.asked.getFirst();
            assertThat(asked.client()).isEmpty();
            assertThat(asked.authorization())
                    .isEqualTo(
                            "Basic "
                                    + Base64.getEncoder()
                                            .encodeToString(
                                                    "anna:pass:word ü"
                                                            .getBytes(StandardCharsets.UTF_8)));
        }
    }

    @Test
    void whoIsNeitherRootNorNamedIsTold() {
        Fault fault =
                catchThrowableOfType(
                        Fault.class,
                        () ->
                                output(
                                        Map.of("BF_MANAGER_FOLDER", folder.toString()),
                                        "token",
                                        "list"));
        assertThat(fault.code()).isEqualTo(ExitCode.NOT_ALLOWED);
        assertThat(fault.line()).contains("as root on an appliance", "--user NAME");
    }

    @Test
    void aServerIsRemovedByNameAddressOrId() throws IOException {
        String servers =
                """
                [{"id":"a-1","name":"gpu-1","addresses":["10.0.0.1"]},
                 {"id":"a-2","name":"gpu-2","addresses":["10.0.0.2","10.1.0.2"]}]
                """;
        try (StandInManager manager =
                manager(asked ->
                        asked.method().equals("DELETE")
                                ? none()
                                : StandInManager.Answer.json(200, servers))) {
            for (String name : List.of("a-2", "gpu-2", "10.1.0.2")) {
                assertThat(output(manager, "removenode", name)).startsWith("Server gpu-2 removed");
                assertThat(manager.asked.getLast().target()).isEqualTo("/api/v1/servers/a-2");
            }
        }
        try (StandInManager manager =
                manager(asked ->
                        StandInManager.Answer.json(
                                200,
                                asked.target().equals("/api/v1/pool")
                                        ? "{\"members\":[]}"
                                        : servers))) {
            assertThat(fault(manager, "removenode", "gpu-3").line()).contains("no server gpu-3");
            assertThat(manager.asked).allMatch(asked -> asked.method().equals("GET"));
        }
        try (StandInManager manager =
                manager(asked ->
                        asked.method().equals("DELETE")
                                ? StandInManager.Answer.problem(409, "programs have leases there")
                                : StandInManager.Answer.json(200, servers))) {
            assertThat(fault(manager, "removenode", "gpu-1").line())
                    .isEqualTo("programs have leases there");
        }
    }

    /// Its removal was cut off, or it never came as far as to be listed.
    @Test
    void aMemberThatIsNotListedIsRemovedByItsIdOrHost() throws IOException {
        String pool = "{\"members\":[{\"number\":2,\"appliance\":\"a-2\",\"host\":\"10.0.0.2\"}]}";
        try (StandInManager manager =
                manager(asked ->
                        asked.method().equals("DELETE")
                                ? none()
                                : StandInManager.Answer.json(
                                        200, asked.target().endsWith("/pool") ? pool : "[]"))) {
            for (String name : List.of("a-2", "10.0.0.2")) {
                assertThat(output(manager, "removenode", name))
                        .startsWith("Server 10.0.0.2 removed");
                assertThat(manager.asked.getLast().target()).isEqualTo("/api/v1/servers/a-2");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "token create",
                "token list",
                "token enable CA7WPsj",
                "token disable CA7WPsj",
                "token extend CA7WPsj --expires 1d",
                "token delete CA7WPsj",
                "user add anna",
                "user list",
                "user password anna",
                "user role anna --role viewer",
                "user enable anna",
                "user disable anna",
                "user delete anna",
                "removenode a-2",
                "tls-certs show",
                "tls-certs renew"
            })
    void whatIsToBeJsonIs(String words) throws IOException {
        input = "correct horse battery\n";
        boolean isList = words.endsWith("list") || words.startsWith("removenode");
        String object = TOKEN.replaceFirst("CA7WPsj", "a-2");
        try (StandInManager manager =
                manager(asked ->
                        asked.method().equals("DELETE")
                                ? none()
                                : asked.target().endsWith("/renewal")
                                        ? renewed(asked)
                                        : StandInManager.Answer.json(
                                                200, isList ? "[" + object + "]" : object))) {
            String text = output(manager, (words + " --output json").split(" ", -1));
            byte[] json = text.getBytes(StandardCharsets.UTF_8);
            assertThat(
                            words.endsWith("list") || words.endsWith("show")
                                    ? JsonObject.readAll(json)
                                    : List.of(JsonObject.read(json)))
                    .as(text)
                    .isNotEmpty();
        }
    }

    @Test
    void aClientIsChangedByNameOrId() throws IOException {
        String client =
                """
                {"id":"c-1","name":"render-7","state":"enabled","token":"CA7WPsj",
                 "gpuLimit":2,"priority":null,"idleTimeoutSeconds":90}
                """;
        try (StandInManager manager =
                manager(asked ->
                        switch (asked.method()) {
                            case "GET" -> StandInManager.Answer.json(200, "[" + client + "]");
                            case "DELETE" -> none();
                            default -> StandInManager.Answer.json(200, client);
                        })) {
            assertThat(output(manager, "clients", "list"))
                    .matches("ID .* GPU LIMIT .*\nc-1 +render-7 .* 2 +default +90s\n");
            assertThat(
                            output(
                                    manager,
                                    "clients",
                                    "set",
                                    "render-7",
                                    "--gpu-limit=none",
                                    "--priority",
                                    "-3",
                                    "--idle-timeout",
                                    "default"))
                    .isEqualTo(
                            "Client render-7: GPU limit 2, priority default, idle timeout 90s\n");
            assertThat(manager.asked.getLast().target()).isEqualTo("/api/v1/clients/c-1");
            assertThat(manager.asked.getLast().body())
                    .isEqualTo(
                            "{\"gpuLimit\":2147483647,\"priority\":-3,\"idleTimeoutSeconds\":null}");
            assertThat(output(manager, "clients", "disable", "c-1"))
                    .isEqualTo("Client render-7 disabled; its leases are ended\n");
            assertThat(manager.asked.getLast().body()).isEqualTo("{\"state\":\"disabled\"}");
            assertThat(output(manager, "clients", "delete", "render-7")).contains("CA7WPsj");
            assertThat(fault(manager, "clients", "enable", "render-8").line())
                    .contains("no client render-8");
        }
    }

    @Test
    void settingsAreShownAndChanged() throws IOException {
        try (StandInManager manager =
                manager(_ ->
                        StandInManager.Answer.json(
                                200,
                                "{\"gpuLimit\":null,\"priority\":0,\"idleTimeoutSeconds\":1800,\"dataNetworks\":[\"net3\",\"net1\"]}"))) {
            assertThat(output(manager, "settings", "show"))
                    .isEqualTo(
                            """
                            GPU limit of a client: none
                            Priority: 0
                            Idle timeout: 30m
                            Data networks: net3, then net1, then the fastest
                            """);
            output(manager, "settings", "set", "--gpu-limit", "none", "--idle-timeout", "none");
            assertThat(manager.asked.getLast().body())
                    .isEqualTo("{\"gpuLimit\":null,\"idleTimeoutSeconds\":0}");
            output(manager, "settings", "set", "--data-networks", "net2,net4");
            assertThat(manager.asked.getLast().body())
                    .isEqualTo("{\"dataNetworks\":[\"net2\",\"net4\"]}");
            output(manager, "settings", "set", "--data-networks", "none");
            assertThat(manager.asked.getLast().body()).isEqualTo("{\"dataNetworks\":[]}");
        }
    }

    @Test
    void certificatesAreShownAndRenewed() throws Exception {
        Path pem = folder.resolve("appliance/tls/appliance.pem");
        try (StandInManager manager =
                manager(asked -> {
                    assertThat(asked.body()).contains("\"addresses\":[\"127.0.0.1\"]");
                    return renewed(asked);
                })) {
            assertThat(output(manager, "tls-certs", "show"))
                    .contains(pem.toString(), "serverAuth", "IP:127.0.0.1", "Renewed from: ");
            assertThat(output(manager, "TC", "show", "--output", "json")).contains("\"usages\": [");
            Identity before = Identity.readFile(pem);
            assertThat(output(manager, "tls-certs", "renew")).contains("renewed; it ends at");
            assertThat(Identity.readFile(pem).certificate()).isNotEqualTo(before.certificate());
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(pem)))
                    .isEqualTo("rw-------");
        }
    }

    private static StandInManager.Answer renewed(StandInManager.Asked asked) {
        String request =
                asked.body()
                        .replaceAll("(?s).*\"request\":\"([^\"]*)\".*", "$1")
                        .replace("\\n", "\n");
        var chain =
                POOL.authority.issueAppliance(
                        new org.bitfusion.tls.authority.ApplianceSubject(
                                asked.client().orElseThrow().id(),
                                "gpu-1",
                                List.of(),
                                List.of("127.0.0.1")),
                        org.bitfusion.tls.request.CertificateRequest.parse(request),
                        Instant.now());
        return StandInManager.Answer.json(
                200,
                "{\"certificates\":\"" + Certificates.write(chain).replace("\n", "\\n") + "\"}");
    }

    @ParameterizedTest
    @CsvSource({
        "token,say what",
        "token frob,say create",
        "token create x,one word too many",
        "token create --uses 0,at least 1",
        "token create --expires 30,for example 30d",
        "token create --purpose x,client or appliance",
        "token enable,needs a token's id",
        "token enable a/b,is no token's id",
        "token extend CA7WPsj,needs --expires",
        "token list --role admin,unknown option --role",
        "token list --output xml,json or text",
        "token list --output json --output json,given twice",
        "user add,needs a user's name",
        "user add a/b,a name has 1 to 64",
        "user add anna --role king,admin or viewer",
        "user role anna,--role admin",
        "user list --user a:b,name of a user",
        "removenode,name a server",
        "drain,name a server",
        "undrain a b,name a server",
        "clients,say what",
        "clients set anna,needs --gpu-limit",
        "clients set --gpu-limit 2,needs a client",
        "clients set anna --gpu-limit few,or none, or default",
        "clients set anna --priority 1.5,a whole number",
        "clients set anna --idle-timeout 30,for example 90s",
        "settings set --idle-timeout default,for example 90s",
        "settings set --gpu-limit default,or none",
        "settings set --data-networks net5,net1 to net4",
        "settings set --data-networks net1;net1,net1 to net4",
        "settings show x,one word too many",
        "queue all,one word too many",
        "leases end 7,is no lease's id",
        "tls-certs frob,say show or renew"
    })
    void wrongWordsAreNamed(String words, String problem) throws IOException {
        try (StandInManager manager = manager(_ -> StandInManager.Answer.json(200, "{}"))) {
            Path home = Files.createDirectories(folder.resolve("home"));
            StandInManager.home(home, POOL, List.of(manager.address()));
            Fault fault = fault(manager, words.split(" ", -1));
            assertThat(fault.line()).contains(problem);
            assertThat(fault.code()).isEqualTo(ExitCode.USAGE);
            assertThat(manager.asked).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "token user tls-certs TC removenode clients",
                "settings drain undrain leases queue events"
            })
    void everyCommandHelps(String commands) {
        for (String command : commands.split(" ", -1)) {
            String text = output(Map.of(), command, "--help");
            assertThat(text).startsWith("NAME:").contains("EXAMPLES:");
        }
    }
}
