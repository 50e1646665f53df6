package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `run` where there is little room: limits, long command lines, folders that cannot be written.
class LimitsIT {
    private static Appliance appliance;

    @BeforeAll
    static void startAppliance() {
        appliance = Appliance.start(Map.of());
    }

    @AfterAll
    static void endAppliance() {
        appliance.close();
    }

    private static Cli cli() {
        return Cli.of(appliance);
    }

    @Test
    void argumentsMayBeAsLongAsThoseOfAnyProgram() {
        String words = "$(head -c 1900000 /dev/zero | tr '\\0' x | fold -w 100000)";
        Cli.Result result =
                cli().executeShell(
                                cli().runLine(1, "-q -- sh -c")
                                        + " 'echo $#; echo \"$BF_USER_COMMAND\" | wc -c' sh "
                                        + words);
        assertThat(result.errors()).isEmpty();
        assertThat(result.output()).startsWith("19\n").endsWith("4099\n");
    }

    /// The command's own needs; set for an ordinary user, whom the hard limits bind.
    @ParameterizedTest
    @CsvSource({"-n,8", "-v,300000", "-u,12", "-f,0"})
    void aLimitThatIsTooSmallIsNamed(String option, String value) throws IOException {
        assumeTrue(isRoot(), "only root can become another user");
        Path product = Files.createTempDirectory("product");
        Path secret = Files.copy(appliance.accessSecretFile(), product.resolve("secret"));
        String command =
                cli().runLine(1, "-q -- true")
                        .replace(
                                Cli.program().toString(),
                                product.resolve("bin/bitfusion").toString());
        String script =
                """
                cp -a %s/. %s && chmod -R a+rX %2$s && (
                    ulimit %s %s
                    exec setpriv --reuid 54321 --regid 54321 --clear-groups %s
                ) 2>&1 | cat >&2
                exit ${PIPESTATUS[0]}
                """
                        .formatted(
                                Cli.program().resolve("../..").normalize(),
                                product,
                                option,
                                value,
                                command);
        Cli.Result result =
                cli().with("BF_ACCESS_SECRET_FILE", secret.toString()).executeShell(script);
        Cli.alone().execute(List.of("rm", "-r", product.toString()));
        assertThat(result.exitCode()).as(result.errors()).isEqualTo(71);
        assertThat(result.errors())
                .startsWith("bitfusion: ")
                .contains("ulimit " + option + " is " + value + ", and it needs")
                .hasLineCount(1);
    }

    private static boolean isRoot() {
        return Cli.alone().execute(List.of("id", "-u")).output().equals("0\n");
    }

    @Test
    void whereNothingCanBeWrittenInTmpTheFolderIsTmpdir() throws IOException {
        assumeTrue(isRoot(), "only root can mount");
        Path folder = Files.createTempDirectory(Repository.target(), "a-folder-".repeat(12));
        String script =
                """
                unshare --mount sh -c '
                    mount --bind /tmp /tmp && mount -o remount,bind,ro /tmp &&
                    mount --bind "$TMPDIR" "$TMPDIR" && mount -o remount,bind,rw "$TMPDIR" &&
                    ! touch /tmp/written && exec "$@"' sh \
                    %s 'echo $BF_ADAPTOR_CONFIG; ls -d $BF_ADAPTOR_CONFIG.d/host'
                """
                        .formatted(cli().runLine(1, "-q -- sh -c"));
        Cli.Result result = cli().with("TMPDIR", folder.toString()).executeShell(script);
        assertThat(result.exitCode()).as(result.errors()).isZero();
        assertThat(result.output().lines())
                .allMatch(line -> line.startsWith(folder + "/bitfusion"));
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void theLogNeitherEndsAProgramNorGrowsForEver() throws IOException {
        Path folder = Files.createTempDirectory(Repository.target(), "log");
        Path log = folder.resolve("log");
        String program = CProgram.build("log").executable() + " ";
        Cli cli = cli().with("BF_LOG_FILE", log.toString());
        String limited = "sh -c 'ulimit -f 0; exec " + program + "10'";
        Cli.Result result = cli.executeShell(cli.runLine(1, "-q -- " + limited));
        assertThat(result.exitCode()).as(result.errors()).isZero();
        result = cli.executeShell(cli.runLine(1, "-q -- " + program + "7000"));
        assertThat(result.exitCode()).as(result.errors()).isZero();
        assertThat(Files.size(log)).isLessThan(9 << 20);
        assertThat(Files.size(folder.resolve("log.old"))).isBetween(8L << 20, 9L << 20);
        result =
                cli.executeShell(
                        cli.runLine(1, "-q -- " + program + "say")
                                + " 2>&1 | true; echo ${PIPESTATUS[0]}");
        assertThat(result.output()).as("a line that nobody reads").isEqualTo("0\n");
    }
}
