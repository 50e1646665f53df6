package org.bitfusion.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import org.bitfusion.cli.administration.AdminCommands;
import org.bitfusion.cli.command.PoolCommands;
import org.bitfusion.cli.command.ProgramCommands;
import org.bitfusion.cli.help.FrontCommand;
import org.bitfusion.tls.TlsException;

/// `bitfusion` and `flexdirect`. `run`, `client` and `local` take the short way: nothing is loaded
/// that they do not need. What speaks with a pool's managers parses its options by hand too.
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        int code;
        try {
            code = execute(Distribution.current(), arguments);
        } catch (Fault fault) {
            complain(fault.line());
            code = fault.code().number();
        } catch (InvalidPathException exception) {
            complain(exception.getInput() + ": no usable file name: " + exception.getReason());
            code = ExitCode.USAGE.number();
        } catch (OutOfMemoryError error) {
            complain(
                    "no memory, or no thread more for this user ("
                            + error.getMessage()
                            + "); raise ulimit -v or ulimit -u, or set them for the program alone: -- sh -c 'ulimit …; exec PROGRAM'");
            code = ExitCode.LIMITS.number();
        } catch (TlsException exception) {
            complain(String.valueOf(exception.getMessage()));
            code = ExitCode.BROKEN_CONFIGURATION.number();
        } catch (Exception exception) {
            complain("internal fault: " + exception + "; please report it");
            code = ExitCode.INTERNAL.number();
        }
        // Nothing here has shutdown hooks; System.exit would only take longer. The appliance never
        // comes back here.
        Runtime.getRuntime().halt(code);
    }

    private static int execute(Distribution distribution, String[] arguments) throws Exception {
        if (arguments.length > 0 && ProgramCommands.contains(arguments[0])) {
            return ProgramCommands.execute(distribution, arguments);
        }
        if (arguments.length > 0 && PoolCommands.contains(arguments[0])) {
            return PoolCommands.execute(distribution, System.getenv(), System.out, arguments);
        }
        return arguments.length > 0 && AdminCommands.contains(arguments[0])
                ? AdminCommands.execute(
                        distribution, System.getenv(), System.in, System.out, arguments)
                : FrontCommand.execute(distribution, System.out, arguments);
    }

    private static void complain(String line) {
        try (FileOutputStream error = new FileOutputStream(FileDescriptor.err)) {
            error.write(
                    (System.getProperty("bitfusion.name", "bitfusion") + ": " + line + "\n")
                            .getBytes(StandardCharsets.UTF_8));
        } catch (IOException _) {
            // Nobody can read it.
        }
    }
}
