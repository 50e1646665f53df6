package org.bitfusion.cli.command;

import java.nio.file.Path;
import java.util.List;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.session.Starter;

/// Starts the program in a session and waits for its end.
final class ProgramRun {
    private static final int NO_SUCH_FILE = 2; // ENOENT
    private static final int TOO_LONG = 7; // E2BIG
    private static final int NO_PERMISSION = 13; // EACCES
    private static final int SIGNAL_BASE = 128;

    private ProgramRun() {}

    /// The program's exit code, 128 + n for signal n.
    ///
    /// @throws Fault if it cannot be started
    static int execute(CommandContext context, Path adaptorFile, List<String> application) {
        Starter starter = context.starter();
        starter.run(
                context.sessionEnvironment().assignments(adaptorFile, application), application);
        while (true) {
            Starter.Event event = starter.next();
            if (event instanceof Starter.Event.Ended(int code)) {
                return code;
            }
            if (event instanceof Starter.Event.Failed(int error)) {
                throw cannotStart(application.getFirst(), error);
            }
            if (event instanceof Starter.Event.Cancelled(int signal)) {
                return SIGNAL_BASE + signal;
            }
            starter.onCancel(_ -> {}); // it runs
        }
    }

    private static Fault cannotStart(String program, int error) {
        return switch (error) {
            case NO_SUCH_FILE ->
                    new Fault(
                            ExitCode.NO_SUCH_PROGRAM,
                            program + ": no such program; check its name and PATH");
            case NO_PERMISSION ->
                    new Fault(
                            ExitCode.CANNOT_EXECUTE,
                            program + ": may not be executed; check its permissions");
            case TOO_LONG ->
                    new Fault(
                            ExitCode.CANNOT_EXECUTE,
                            program
                                    + ": its arguments and its environment together are too long for this system");
            default ->
                    new Fault(
                            ExitCode.CANNOT_EXECUTE,
                            program + ": cannot be executed (errno " + error + ")");
        };
    }
}
