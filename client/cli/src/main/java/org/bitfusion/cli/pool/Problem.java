package org.bitfusion.cli.pool;

import java.util.Optional;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// What a manager says instead of an answer (RFC 9457).
///
/// @param status of HTTP
/// @param code of the reason, where it has a number; 101 to 103 are what the user mistyped
/// @param text for people, one line
record Problem(int status, Optional<Long> code, String text) {
    private static final int LONGEST = 600;

    static final int TIMED_OUT = 408;
    static final int REFUSED = 422;

    static Problem of(HttpAnswer answer) {
        try {
            JsonObject problem = JsonObject.read(answer.body());
            String text =
                    problem.anyText("detail")
                            .filter(detail -> !detail.isBlank())
                            .or(() -> problem.anyText("title"))
                            .orElse("no reason given");
            Optional<Long> code =
                    problem.members().get("code") instanceof Long number
                            ? Optional.of(number)
                            : Optional.empty();
            return new Problem(answer.status(), code, oneLine(text));
        } catch (MalformedJsonException _) {
            return new Problem(
                    answer.status(),
                    Optional.empty(),
                    "it answers with status " + answer.status() + " and no reason");
        }
    }

    static String oneLine(String text) {
        String line = text.replaceAll("[\\x00-\\x1f\\x7f]+", " ").strip();
        return line.length() > LONGEST ? line.substring(0, LONGEST) + "..." : line;
    }

    /// Whether another manager may be better off: this one has no majority, or is not whole.
    boolean isOfThisManagerOnly() {
        return status >= 500;
    }

    Fault fault() {
        boolean mistyped = code.filter(number -> number >= 101 && number <= 103).isPresent();
        return new Fault(
                switch (status) {
                    case 400 -> ExitCode.USAGE;
                    case REFUSED -> mistyped ? ExitCode.USAGE : ExitCode.UNAVAILABLE;
                    case 401, 403 -> ExitCode.NOT_ALLOWED;
                    case TIMED_OUT -> ExitCode.WAITED_IN_VAIN;
                    default -> ExitCode.UNAVAILABLE;
                },
                text);
    }
}
