package org.bitfusion.cli.help;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;
import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HelpTest {
    private static final Distribution BITFUSION =
            new Distribution(Path.of("/opt/bitfusion"), "bitfusion");
    private static final Distribution FLEXDIRECT =
            new Distribution(Path.of("/opt/bitfusion"), "flexdirect");

    private static String output(Distribution distribution, String... arguments) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        assertThat(
                        FrontCommand.execute(
                                distribution,
                                new PrintStream(bytes, true, StandardCharsets.UTF_8),
                                arguments))
                .isZero();
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static Fault fault(String... arguments) {
        Fault fault =
                catchThrowableOfType(
                        Fault.class, () -> FrontCommand.execute(BITFUSION, System.out, arguments));
        assertThat(fault).as(String.join(" ", arguments)).isNotNull();
        return fault;
    }

    private static String golden(String name) throws IOException {
        try (InputStream stream = HelpTest.class.getResourceAsStream(name)) {
            assertThat(stream).as(name).isNotNull();
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void helpIsTheGoldenText() throws Exception {
        assertThat(output(BITFUSION, "help")).isEqualTo(golden("bitfusion-help.golden"));
        assertThat(output(FLEXDIRECT, "help")).isEqualTo(golden("flexdirect-help.golden"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "h", "--help", "-h"})
    void helpHasManyDoors(String word) throws Exception {
        String text = word.isEmpty() ? output(BITFUSION) : output(BITFUSION, word);
        assertThat(text).isEqualTo(output(BITFUSION, "help"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "run",
                "client",
                "c",
                "local",
                "list_gpus",
                "request_gpus",
                "token",
                "user",
                "tls-certs",
                "TC",
                "removenode",
                "clients",
                "settings",
                "drain",
                "undrain",
                "leases",
                "queue",
                "events",
                "release_gpus",
                "server",
                "s",
                "resource_scheduler",
                "srs",
                "manager",
                "initdb",
                "version",
                "v",
                "help",
                "h"
            })
    void everyCommandHasAText(String command) throws Exception {
        String text = output(BITFUSION, "help", command);
        assertThat(text)
                .startsWith("NAME:\n   bitfusion " + HelpTexts.canonical(command) + " - ")
                .doesNotContain("{");
        assertThat(text.contains("\nEXAMPLES:\n   $ "))
                .isEqualTo(!Set.of("help", "version").contains(HelpTexts.canonical(command)));
        assertThat(output(FLEXDIRECT, "help", command)).startsWith("NAME:\n   flexdirect ");
    }

    @Test
    void versionIsOneLine() throws Exception {
        assertThat(output(BITFUSION, "version"))
                .matches("Bitfusion version: \\d+\\.\\d+\\.\\d+ \\w+\n");
        assertThat(output(BITFUSION, "v")).isEqualTo(output(BITFUSION, "version"));
        assertThat(output(BITFUSION, "--version")).isEqualTo(output(BITFUSION, "version"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"smi", "health", "H", "LH", "init"})
    void aLaterCommandSaysSo(String command) throws Exception {
        assertThat(fault(command).code()).isEqualTo(ExitCode.NOT_AVAILABLE_YET);
        assertThat(fault(command, "-x").line())
                .contains("not available yet")
                .contains(HelpTexts.canonical(command));
        assertThat(fault("help", command).code()).isEqualTo(ExitCode.NOT_AVAILABLE_YET);
    }

    @Test
    void anUnknownCommandPointsToTheHelp() throws Exception {
        assertThat(fault("frobnicate").code()).isEqualTo(ExitCode.USAGE);
        assertThat(fault("frobnicate").line()).contains("'frobnicate'").contains("bitfusion help");
        assertThat(fault("help", "frobnicate").code()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void aWrongPortIsOneLine() throws Exception {
        assertThat(fault("server", "-p", "x").line()).contains("x").doesNotContain("\n");
        assertThat(fault("server", "-p", "70000").line()).contains("from 0 to 65535");
        assertThat(fault("server", "--frob").code()).isEqualTo(ExitCode.USAGE);
        assertThat(fault("server", "-s", "1").code()).isEqualTo(ExitCode.USAGE);
        assertThat(fault("srs", "-s", "-1").line()).contains("-s -1: give a port from 0 to 65535");
    }
}
