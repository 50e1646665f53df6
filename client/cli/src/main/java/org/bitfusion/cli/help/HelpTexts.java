package org.bitfusion.cli.help;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.bitfusion.cli.Distribution;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// The texts of `help`, kept as resources; `{name}`, `{head}`, `{product}` and `{later}` stand for
/// what depends on the name by which the program was called.
public final class HelpTexts {
    /// Commands of the product that this version answers with "not available yet".
    public static final List<String> LATER_COMMANDS =
            List.of(
                    "localhealth",
                    "dealloc",
                    "crashreport",
                    "license",
                    "register",
                    "unregister",
                    "health",
                    "stats",
                    "smi",
                    "net_perf",
                    "analytics",
                    "init",
                    "upgrade",
                    "uninstall");

    private static final Map<String, String> ALIASES =
            Map.of(
                    "c",
                    "client",
                    "s",
                    "server",
                    "v",
                    "version",
                    "h",
                    "help",
                    "TC",
                    "tls-certs",
                    "LH",
                    "localhealth",
                    "H",
                    "health",
                    "srs",
                    "resource_scheduler",
                    "i",
                    "init",
                    "U",
                    "upgrade");

    private static final int LINE_WIDTH = 110;

    private HelpTexts() {}

    /// The full name of a command that may be given by its short one.
    public static String canonical(String command) {
        return ALIASES.getOrDefault(command, command);
    }

    /// The list of commands.
    public static String commands(Distribution distribution) {
        return text("commands", distribution);
    }

    /// The text of one command, by its name or its short one.
    public static String command(String command, Distribution distribution) {
        String name = canonical(command);
        return switch (name) {
            case "run",
                    "client",
                    "local",
                    "list_gpus",
                    "request_gpus",
                    "release_gpus",
                    "token",
                    "user",
                    "tls-certs",
                    "removenode",
                    "clients",
                    "settings",
                    "drain",
                    "undrain",
                    "leases",
                    "queue",
                    "events",
                    "server",
                    "resource_scheduler",
                    "manager",
                    "initdb",
                    "version",
                    "help" ->
                    text(name, distribution);
            default -> throw unknown(name, distribution);
        };
    }

    /// The fault of a command that does not exist, or not yet.
    public static Fault unknown(String command, Distribution distribution) {
        String name = canonical(command);
        if (LATER_COMMANDS.contains(name)) {
            return new Fault(
                    ExitCode.NOT_AVAILABLE_YET,
                    name
                            + ": not available yet in this version; what is: "
                            + distribution.name()
                            + " help");
        }
        return new Fault(
                ExitCode.USAGE,
                "no command '" + command + "' (see: " + distribution.name() + " help)");
    }

    private static String text(String resource, Distribution distribution) {
        try (InputStream stream = HelpTexts.class.getResourceAsStream(resource + ".txt")) {
            if (stream == null) {
                throw new Fault(
                        ExitCode.INTERNAL,
                        "the help text of " + resource + " is missing; reinstall");
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("{head}", distribution.head())
                    .replace("{product}", distribution.product())
                    .replace("{name}", distribution.name())
                    .replace("{later}", wrapped(LATER_COMMANDS));
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    private static String wrapped(List<String> words) {
        StringBuilder text = new StringBuilder();
        int column = "   Not available yet: ".length();
        for (int i = 0; i < words.size(); i++) {
            String word = words.get(i) + (i + 1 < words.size() ? "," : "");
            if (column + word.length() + 1 > LINE_WIDTH) {
                text.append("\n   ");
                column = 3;
            } else if (i > 0) {
                text.append(' ');
                column++;
            }
            text.append(word);
            column += word.length();
        }
        return text.toString();
    }
}
