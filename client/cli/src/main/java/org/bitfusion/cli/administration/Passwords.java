package org.bitfusion.cli.administration;

import java.io.ByteArrayOutputStream;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.jspecify.annotations.Nullable;

/// Where passwords come from: the terminal, which does not show them, or lines of standard input.
/// Never a command line, which everybody on the machine can read.
public interface Passwords {
    /// @param prompt without a colon
    String ask(String prompt);

    /// Whether somebody types it and may mistype it.
    boolean isTyped();

    /// A new password, typed twice.
    default String askNew(String name) {
        String password = ask("New password of " + name);
        if (isTyped() && !password.equals(ask("The same again"))) {
            throw new Fault(ExitCode.USAGE, "the two passwords differ; nothing was changed");
        }
        return password;
    }

    /// Of this process.
    @SuppressWarnings("SystemConsoleNull") // the product's runtime has no jdk.internal.le
    static Passwords ofProcess(InputStream input) {
        @Nullable Console console = System.console();
        if (console != null && console.isTerminal()) {
            return new Passwords() {
                @Override
                public String ask(String prompt) {
                    char[] typed = console.readPassword("%s: ", prompt);
                    return required(typed == null ? "" : new String(typed));
                }

                @Override
                public boolean isTyped() {
                    return true;
                }
            };
        }
        return ofLines(input);
    }

    /// Each a line.
    static Passwords ofLines(InputStream input) {
        return new Passwords() {
            @Override
            public String ask(String prompt) {
                ByteArrayOutputStream line = new ByteArrayOutputStream();
                try {
                    for (int c = input.read(); c >= 0 && c != '\n'; c = input.read()) {
                        line.write(c);
                    }
                } catch (IOException _) {
                    // As if it were empty.
                }
                return required(line.toString(StandardCharsets.UTF_8).replace("\r", ""));
            }

            @Override
            public boolean isTyped() {
                return false;
            }
        };
    }

    private static String required(String password) {
        if (password.isEmpty()) {
            throw new Fault(
                    ExitCode.USAGE,
                    "no password given; type it, or let it come as a line of standard input");
        }
        return password;
    }
}
