package org.bitfusion.cli.options;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.jspecify.annotations.Nullable;

/// Walks over `command [flags] [--] application…`. Flags are written `-n 1`, `-n=1` or
/// `--timeout=10s`; one dash or two make no difference (the product's flags are Go's). The first
/// word that is no flag, or `--`, begins the application.
final class ArgumentReader {
    private final String command;
    private final String[] arguments;
    private int next;
    private String typed = "";
    private @Nullable String value;

    ArgumentReader(String command, String[] arguments, int start) {
        this.command = command;
        this.arguments = arguments;
        this.next = start;
    }

    /// The next flag's name without dashes, or null where the application begins.
    @Nullable String nextFlag() {
        if (next >= arguments.length) {
            return null;
        }
        String argument = arguments[next];
        if (argument.length() < 2 || argument.charAt(0) != '-' || argument.equals("--")) {
            return null;
        }
        next++;
        String name = argument.substring(argument.charAt(1) == '-' ? 2 : 1);
        int equals = name.indexOf('=');
        value = equals < 0 ? null : name.substring(equals + 1);
        typed = value == null ? argument : argument.substring(0, argument.indexOf('='));
        return equals < 0 ? name : name.substring(0, equals);
    }

    /// The value of the flag that `nextFlag` gave last.
    String value() {
        if (value != null) {
            return value;
        }
        if (next >= arguments.length || arguments[next].equals("--")) {
            throw usage(typed + " needs a value");
        }
        return arguments[next++];
    }

    /// What is left: the application and its arguments. A single word without `--` before it is a
    /// whole command line.
    List<String> application() {
        boolean exact = next < arguments.length && arguments[next].equals("--");
        if (exact) {
            next++;
        }
        int count = arguments.length - next;
        if (count == 0) {
            throw usage(
                    "no application given; put it at the end, for example: "
                            + command
                            + " … -- nvidia-smi");
        }
        if (count == 1 && !exact) {
            return ShellWords.split(arguments[next]);
        }
        List<String> application = new ArrayList<>(count);
        for (int i = next; i < arguments.length; i++) {
            application.add(arguments[i]);
        }
        return application;
    }

    /// The next word where no flag is; null at the end.
    @Nullable String nextWord() {
        return next < arguments.length ? arguments[next++] : null;
    }

    /// Nothing may be left.
    void end() {
        if (next < arguments.length) {
            throw usage("'" + arguments[next] + "' is one word too many");
        }
    }

    /// The flag that `nextFlag` gave last is none of the command's.
    Fault unknownFlag() {
        return usage("unknown option " + typed);
    }

    Fault usage(String problem) {
        return new Fault(
                ExitCode.USAGE,
                command + ": " + problem + " (see: bitfusion help " + command + ")");
    }
}
