package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `client`, `local`, `server`, `version`, `help`, and what is wrong before a server is asked.
class OtherCommandsIT {
    @TempDir Path folder;

    private Cli home() {
        return Cli.alone().with("HOME", folder.toString());
    }

    private static String sample(String name) {
        Cli.Result made = Cli.alone().execute(Repository.make("samples", "driver"));
        assertThat(made.exitCode()).as(made.errors()).isZero();
        return Repository.root().resolve("samples/target/driver").resolve(name).toString();
    }

    @Test
    void versionAndHelpNeedNoServer() {
        assertThat(home().execute("version").output())
                .matches("Bitfusion version: \\d+\\.\\d+\\.\\d+ \\w+\n");
        assertThat(home().execute("help").output())
                .startsWith("NAME:\n   bitfusion - Run application with VMware Bitfusion\n");
        assertThat(home().execute("run", "--help").output())
                .startsWith("NAME:\n   bitfusion run - ");
        String flexdirect = Cli.program().resolveSibling("flexdirect").toString();
        assertThat(home().execute(List.of(flexdirect, "help")).output())
                .startsWith("NAME:\n   flexdirect - Run application with Bitfusion FlexDirect\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "frobnicate | 64 | no command 'frobnicate'",
                "smi | 2 | smi: not available yet",
                "run | 64 | say how many GPUs with -n",
                "run -n 1 | 64 | no application given",
                "run -n x true | 64 | give a number of GPUs",
                "run -n 1 -p 2 true | 64 | above 0.0 and at most 1.0",
                "run -n 1 -m 99999999999999999 true | 64 | from 1 to 999999999",
                "run -n 1 --output x true | 64 | unknown option --output",
                "run -n 1 true | 66 | no server named",
                "run -n 1 -s /nonexistent/servers.conf true | 66 | /nonexistent/servers.conf: cannot be read (no such file)",
                "list_gpus | 66 | no server named",
                "request_gpus | 64 | say how many GPUs with -n",
                "token frob | 64 | say create, list",
                "user list -l 127.0.0.1:1 | 77 | --user NAME",
                "release_gpus -f /nonexistent/adaptor.conf | 66 | /nonexistent/adaptor.conf: cannot be read",
                "list_gpus -l 127.0.0.1:1 | 77 | ca.crt: no such file",
                "run -n 1 -l 127.0.0.1:1 true | 77 | access.secret: no such file",
                "client true | 66 | no dispatcher named",
                "client -f /nonexistent/adaptor.conf true | 66 | /nonexistent/adaptor.conf: cannot be read",
                "client -l ; true | 64 | the list is empty",
                "server -p 99999 | 64 | give a port from 0 to 65535"
            })
    void aFaultIsOneLineAndACode(String words, int code, String line) {
        Cli.Result result = home().execute(words.split(" "));
        assertThat(result.exitCode()).as(result.errors()).isEqualTo(code);
        assertThat(result.errors()).startsWith("bitfusion: ").contains(line).hasLineCount(1);
        assertThat(result.output()).isEmpty();
    }

    @Test
    void initdbIsTheAppliances() {
        Cli.Result result =
                home().with("BF_MANAGER_FOLDER", folder.resolve("appliance").toString())
                        .execute("initdb", "--join", "x.tar");
        assertThat(result.exitCode()).as(result.errors()).isEqualTo(64);
        assertThat(result.errors())
                .contains("bitfusion initdb: ", "bitfusion manager --join x.tar");
        assertThat(result.output()).isEmpty();
    }

    @Test
    void aBrokenConfigurationNamesFileAndLine() throws IOException {
        Files.createDirectories(folder.resolve(".bitfusion"));
        Files.writeString(folder.resolve(".bitfusion/servers.conf"), "127.0.0.1\n%%%\n");
        Files.createDirectories(folder.resolve(".bitfusionio"));
        Files.writeString(folder.resolve(".bitfusionio/adaptor.conf"), "127.0.0.1 55001 x\n");
        Cli.Result run = home().execute("run", "-n", "1", "true");
        assertThat(run.exitCode()).isEqualTo(65);
        assertThat(run.errors())
                .contains(folder + "/.bitfusion/servers.conf line 2: '%%%'")
                .hasLineCount(1);
        Cli.Result client = home().execute("client", "true");
        assertThat(client.exitCode()).isEqualTo(65);
        assertThat(client.errors())
                .contains(folder + "/.bitfusionio/adaptor.conf line 1")
                .hasLineCount(1);
    }

    @Test
    void aServerThatIsNotThereIsNamed() throws IOException {
        Path secret =
                Files.writeString(folder.resolve("secret"), "00112233445566778899aabbccddeeff");
        Cli cli = home().with("BF_ACCESS_SECRET_FILE", secret.toString());
        Cli.Result run = cli.execute("run", "-q", "-n", "1", "-l", "127.0.0.1:1", "true");
        assertThat(run.exitCode()).isEqualTo(69);
        assertThat(run.errors())
                .startsWith("bitfusion: 127.0.0.1:1: nobody listens there")
                .hasLineCount(1);
        assertThat(cli.execute("client", "-l", "127.0.0.1:1", "true").errors())
                .isEqualTo(run.errors());
    }

    @Test
    void clientUsesADispatcherWithoutALease() throws IOException {
        try (Appliance appliance =
                Appliance.start(Map.of("BF_GPU_DEVICE_MEMORY_LIMIT", "1073741824"))) {
            Cli cli = home().with("BF_ACCESS_SECRET_FILE", appliance.accessSecretFile().toString());
            String address = "127.0.0.1:" + appliance.port();
            Cli.Result listed = cli.execute("client", "-l", address, "--", sample("vector_add"));
            assertThat(listed.output()).as(listed.errors()).endsWith("PASSED\n");
            Cli.Result twice =
                    cli.execute(
                            "client",
                            "-l",
                            address + ";localhost:" + appliance.port() + ";" + address,
                            "--",
                            "sh",
                            "-c",
                            "cat $BF_ADAPTOR_CONFIG");
            assertThat(twice.output()).isEqualTo("127.0.0.1 " + appliance.port() + "\n");
            Path file =
                    Files.writeString(
                            folder.resolve("a.conf"), "127.0.0.1 " + appliance.port() + "\n");
            assertThat(
                            cli.execute("client", "-f", file.toString(), "--", sample("multi_gpu"))
                                    .output())
                    .endsWith("PASSED\n");
            Files.createDirectories(folder.resolve(".bitfusionio"));
            Files.move(file, folder.resolve(".bitfusionio/adaptor.conf"));
            Cli.Result found = cli.execute("client", "sh -c 'cat $BF_ADAPTOR_CONFIG; exit 4'");
            assertThat(found.output()).isEqualTo("127.0.0.1 " + appliance.port() + "\n");
            assertThat(found.exitCode()).isEqualTo(4);
        }
    }

    @Test
    void localBringsItsOwnAppliance() {
        Cli cli =
                home().with("BF_GPU", "soft")
                        .with("BF_SOFT_MEMORY", "1024")
                        .with("BF_SOFT_DEVICES", "1");
        Cli.Result result = cli.execute("local", "-p", "0.5", "--", sample("vector_add"));
        assertThat(result.output()).as(result.errors()).endsWith("PASSED\n");
        assertThat(result.errors())
                .contains("with 512 MiB of memory", "Locked 1 GPUs with partial memory 0.5");
        assertThat(cli.execute("local", "-q", "sh -c 'exit 6'").exitCode()).isEqualTo(6);
    }

    @Test
    void serverSaysWhereItListens() {
        Cli cli = home().with("BF_GPU", "soft");
        try (RunningProgram server =
                RunningProgram.start(cli, List.of(Cli.program().toString(), "server", "-p", "0"))) {
            String output = server.awaitOutput("(loopback only");
            assertThat(output).startsWith("Dispatcher listening...\n");
            Cli.Result result =
                    cli.execute(
                            "run",
                            "-q",
                            "-n",
                            "1",
                            "-l",
                            "127.0.0.1:" + output.replaceAll("(?s).* : (\\d+).*", "$1"),
                            "echo",
                            "ok");
            assertThat(result.output()).as(result.errors()).isEqualTo("ok\n");
            server.signal("TERM");
            assertThat(server.awaitEnd()).isEqualTo(143);
            assertThat(server.errors()).doesNotContain("fault", "Exception");
        }
    }

    @Test
    void serverFaultsAreOneLine() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Cli.Result result =
                    home().with("BF_GPU", "soft")
                            .execute("server", "-p", Integer.toString(taken.getLocalPort()));
            assertThat(result.exitCode()).isNotZero();
            assertThat(result.errors()).contains(Integer.toString(taken.getLocalPort()));
        }
        Cli.Result noSuchGpu =
                home().with("BF_GPU", "soft")
                        .with("BF_VISIBLE_DEVICES", "7")
                        .execute("server", "-p", "0");
        assertThat(noSuchGpu.exitCode()).isNotZero();
        assertThat(noSuchGpu.errors()).contains("BF_VISIBLE_DEVICES");
    }
}
