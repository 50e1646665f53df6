package org.bitfusion.tls.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenDownloadTest {
    private final TestPool pool = new TestPool();
    private final EnrolmentTokens tokens = new EnrolmentTokens(pool.store, pool.authority);
    private final TokenText token =
            tokens.text(tokens.create(TokenRequest.usual("x"), pool.now).id()).orElseThrow();
    private final TokenDownload download =
            TokenDownload.of(
                    List.of(pool.authority.root()),
                    token,
                    List.of("10.202.122.248:56001", "[fd00::1]:56001"));

    @TempDir Path folder;

    @Test
    void theArchiveIsUnpackedByTar() throws Exception {
        Files.write(folder.resolve("CA7WPsj.tar"), download.tar(pool.now));
        assertThat(tar("-tvf", "CA7WPsj.tar").lines())
                .hasSize(3)
                .anyMatch(line -> line.startsWith("-rw-r--r--") && line.endsWith(" ca.crt"))
                .anyMatch(line -> line.startsWith("-rw-------") && line.endsWith(" client.yaml"))
                .anyMatch(line -> line.startsWith("-rw-r--r--") && line.endsWith(" servers.conf"));
        tar("-xf", "CA7WPsj.tar");
        assertThat(Files.readString(folder.resolve("servers.conf")))
                .isEqualTo(
                        """
                        servers:
                        - addresses:
                          - 10.202.122.248:56001
                        - addresses:
                          - "[fd00::1]:56001"
                        """);
        assertThat(Files.readString(folder.resolve("client.yaml")))
                .startsWith("version: \"\"\nssl: true\ncacertpath: /etc/bitfusion/tls/ca.crt\n")
                .contains("\nauthconfig:\n  enabled: true\n")
                .contains("\n  token: " + token.reveal() + "\n");
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(folder.resolve("client.yaml"))))
                .isEqualTo("rw-------");
        assertThat(Files.readString(folder.resolve("ca.crt"))).startsWith("-----BEGIN CERT");
    }

    @Test
    void theArchiveIsReadBack() {
        TokenDownload read = TokenDownload.read(download.tar(pool.now));
        assertThat(read.roots()).containsExactly(pool.authority.root());
        assertThat(read.clientYaml()).isEqualTo(download.clientYaml());
        assertThat(read.serversConf()).isEqualTo(download.serversConf());
        assertThat(read.caCrt()).isEqualTo(download.caCrt());
    }

    @Test
    void anArchiveThatTarMadeOfTheFilesIsRead() throws Exception {
        Files.write(folder.resolve("ca.crt"), download.caCrt());
        Files.write(folder.resolve("client.yaml"), download.clientYaml());
        Files.write(folder.resolve("servers.conf"), download.serversConf());
        tar("-cf", "again.tar", "./servers.conf", "./client.yaml", "ca.crt");
        assertThat(TokenDownload.read(Files.readAllBytes(folder.resolve("again.tar"))).clientYaml())
                .isEqualTo(download.clientYaml());
    }

    @Test
    void aCutArchiveIsRefused() {
        byte[] archive = download.tar(pool.now);
        // The second block of zeros is no information.
        Hostile.cutAtEveryLength(archive, 512, TokenDownload::read);
    }

    @Test
    void randomBytesEndInTheDeclaredException() {
        Hostile.randomBytes(download.tar(pool.now), 3_000, TokenDownload::read);
    }

    @Test
    void anArchiveWithOtherFilesLeadsNowhere() throws Exception {
        Files.write(folder.resolve("ca.crt"), download.caCrt());
        Files.createDirectories(folder.resolve("folder"));
        Files.writeString(folder.resolve("folder/client.yaml"), "x");
        Files.createSymbolicLink(folder.resolve("servers.conf"), Path.of("/etc/passwd"));
        tar("-cf", "folder.tar", "ca.crt", "folder/client.yaml");
        assertRefused("folder.tar");
        Files.write(folder.resolve("client.yaml"), download.clientYaml());
        tar("-cf", "link.tar", "ca.crt", "client.yaml", "servers.conf");
        assertRefused("link.tar");
        tar("-cPf", "up.tar", "--transform", "s,ca.crt,../ca.crt,", "ca.crt");
        assertRefused("up.tar");
        tar("-cf", "few.tar", "ca.crt");
        assertRefused("few.tar");
    }

    @Test
    void aHeaderThatWasAlteredIsRefused() {
        byte[] archive = download.tar(pool.now);
        archive[136] ^= 1; // the time, which nobody looks at
        assertThatThrownBy(() -> TokenDownload.read(archive))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("checksum");
    }

    @Test
    void aSizeThatIsNotThereTakesNoMemory() {
        byte[] archive = download.tar(pool.now);
        byte[] size = "77777777777\0".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(size, 0, archive, 124, size.length);
        assertThatThrownBy(() -> TokenDownload.read(archive)).isInstanceOf(TlsException.class);
        assertThatThrownBy(() -> TokenDownload.read(new byte[2 << 20]))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("longer than a MiB");
    }

    @Test
    void anAddressThatWouldChangeTheFilesMeaningIsRefused() {
        for (String server : List.of("a:1\n- x", "10.0.0.1", "a b:1", "x: y:1", "#:1")) {
            assertThatThrownBy(() ->
                            TokenDownload.of(
                                    List.of(pool.authority.root()), token, List.of(server)))
                    .as(server)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private void assertRefused(String archive) throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve(archive));
        assertThatThrownBy(() -> TokenDownload.read(bytes))
                .as(archive)
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith("[BF-7407]")
                .hasMessageContaining("bitfusion token download");
    }

    private String tar(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("tar"));
        command.addAll(List.of(arguments));
        Process process =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }
}
