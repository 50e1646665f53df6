package org.bitfusion.cli.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationFilesTest {
    @TempDir Path folder;

    private static ServerAddress address(String host, int port) {
        return new ServerAddress(host, port);
    }

    private static Fault fault(Executable action) {
        Fault fault = catchThrowableOfType(Fault.class, action::execute);
        assertThat(fault).isNotNull();
        return fault;
    }

    private Path write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    @ParameterizedTest
    @CsvSource({
        "172.31.51.20, 172.31.51.20, 55001",
        "172.31.51.26:56003, 172.31.51.26, 56003",
        "172.31.51.42 56003, 172.31.51.42, 56003",
        "gpu-1.example, gpu-1.example, 55001",
        "[::1], ::1, 55001",
        "[::1]:7, ::1, 7"
    })
    void anAddressHasTheProductsForms(String text, String host, int port) {
        assertThat(ServerAddress.parse(text)).isEqualTo(address(host, port));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "a:b", "a:0", "a:65536", "a:-1", "a: ", ":5", "a b c", "[::1", "a/b", "-x",
                "a:1:2", "%%%", "a,b"
            })
    void whatIsNoAddressIsRefused(String text) {
        assertThat(ServerAddress.parse(text)).isNull();
    }

    @Test
    void aListIsSeparatedBySemicolons() {
        assertThat(ServerAddress.parseList("172.31.51.20; 172.31.51.26:7;"))
                .containsExactly(address("172.31.51.20", 55001), address("172.31.51.26", 7));
        assertThat(fault(() -> ServerAddress.parseList(" ; ")).line()).contains("empty");
        assertThat(fault(() -> ServerAddress.parseList("a;b:c")).line())
                .contains("'b:c' is no address");
    }

    @Test
    void thePlainFormAllowsComments() {
        assertThat(
                        ServersFile.parse(
                                "f",
                                "### rack 1\n10.0.0.1\n\n10.0.0.2:7 # spare\r\n10.0.0.3\t8\n",
                                56001))
                .containsExactly(
                        address("10.0.0.1", 56001), address("10.0.0.2", 7), address("10.0.0.3", 8));
    }

    @Test
    void theYamlFormPutsTheReachableAddressFirst() {
        String text =
                """
                servers:
                - reachable: 10.202.122.249:56001
                  addresses:
                  - 10.202.122.248:56001
                  - "10.202.122.249:56001"
                - addresses:
                  - 10.202.122.250
                """;
        assertThat(ServersFile.parse("f", text, 55001))
                .containsExactly(
                        address("10.202.122.249", 56001),
                        address("10.202.122.248", 56001),
                        address("10.202.122.250", 55001));
    }

    @Test
    void aBrokenLineIsNamed() {
        Fault fault =
                fault(() -> ServersFile.parse("/etc/x", "10.0.0.1\nhttp://10.0.0.2\n", 55001));
        assertThat(fault.code()).isEqualTo(ExitCode.BROKEN_CONFIGURATION);
        assertThat(fault.line())
                .contains("/etc/x line 2")
                .contains("http://10.0.0.2")
                .contains("ip:port");
        assertThat(fault(() -> ServersFile.parse("/etc/x", "# nothing\n", 55001)).line())
                .contains("names no server");
    }

    @Test
    void theUsersFileComesBeforeTheMachines() throws IOException {
        write("etc/bitfusion/servers.conf", "10.0.0.1");
        assertThat(
                        ServersFile.find(folder.resolve("home"), folder.resolve("etc"), 55001)
                                .getFirst()
                                .host())
                .isEqualTo("10.0.0.1");
        write("home/.bitfusion/servers.conf", "10.0.0.2");
        assertThat(
                        ServersFile.find(folder.resolve("home"), folder.resolve("etc"), 55001)
                                .getFirst()
                                .host())
                .isEqualTo("10.0.0.2");
    }

    @Test
    void withoutAnyFileTheUserIsToldBothPlaces() {
        Fault fault =
                fault(() -> ServersFile.find(folder.resolve("home"), folder.resolve("etc"), 55001));
        assertThat(fault.code()).isEqualTo(ExitCode.UNREADABLE_CONFIGURATION);
        assertThat(fault.line())
                .contains(
                        "-l ip:port", "home/.bitfusion/servers.conf", "etc/bitfusion/servers.conf");
    }

    @Test
    void aFolderInPlaceOfAFileIsUnreadable() throws IOException {
        Files.createDirectories(folder.resolve("home/.bitfusionio/adaptor.conf"));
        Fault fault = fault(() -> AdaptorFile.find(folder.resolve("home"), folder.resolve("etc")));
        assertThat(fault.code()).isEqualTo(ExitCode.UNREADABLE_CONFIGURATION);
        assertThat(fault.line()).contains("adaptor.conf", "cannot be read");
    }

    @Test
    void aNamedFileThatIsMissingIsUnreadable() {
        Fault fault = fault(() -> AdaptorFile.read(folder.resolve("absent.conf")));
        assertThat(fault.code()).isEqualTo(ExitCode.UNREADABLE_CONFIGURATION);
        assertThat(fault.line()).contains("absent.conf", "no such file");
    }

    @Test
    void anAdaptorFileMayCarryLeases() throws IOException {
        Path file =
                write(
                        "adaptor.conf",
                        "10.0.0.1 55002 ab4a56d5-8df4-4c93-891d-1c5814cf83f6 0 5.0.0 00112233445566778899aabbccddeeff\n10.0.0.2\n");
        assertThat(AdaptorFile.read(file))
                .containsExactly(address("10.0.0.1", 55002), address("10.0.0.2", 55001));
        assertThat(fault(() -> AdaptorFile.parse("f", "10.0.0.1 1 2 3\n")).line())
                .contains("f line 1");
    }

    @Test
    void anEndlessFileIsNotRead() throws IOException {
        Path file = write("large.conf", "#".repeat(1024 * 1024 + 1));
        assertThat(fault(() -> ServersFile.read(file, 55001)).line()).contains("larger than 1 MiB");
    }

    @Test
    void anAppliancesFileIsRead() {
        String yaml =
                "# x\nname: a\naddresses:\n- \"10.0.0.1\"\n- \"fd00::1\"\nport: 57001\ndispatcher_port: 1\n";
        assertThat(ApplianceFiles.addresses(yaml)).containsExactly("10.0.0.1", "fd00::1");
        assertThat(ApplianceFiles.port(yaml)).isEqualTo(57001);
        assertThat(ApplianceFiles.port("")).isEqualTo(56001);
        assertThat(ApplianceFiles.addresses("")).isEmpty();
    }
}
