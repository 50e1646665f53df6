package org.bitfusion.cli;

import java.io.Serial;

/// Ends the command with one line on standard error, which says what is wrong and what to do, and
/// an exit code.
public final class Fault extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    private final ExitCode code;

    public Fault(ExitCode code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    public ExitCode code() {
        return code;
    }

    /// The message, always present.
    public String line() {
        return String.valueOf(getMessage());
    }
}
