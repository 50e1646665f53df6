package org.bitfusion.cli.help;

import java.lang.reflect.InvocationTargetException;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// The appliance's entry point, known by its name only: the command line depends on no appliance
/// class.
final class ApplianceProcess {
    private static final String MAIN_CLASS = "org.bitfusion.server.ApplianceMain";

    private ApplianceProcess() {}

    /// Runs the appliance in this process until it ends; its exit code.
    static int become(int port) throws Exception {
        try {
            Class.forName(MAIN_CLASS)
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) new String[] {"-p", Integer.toString(port)});
            return 0;
        } catch (ClassNotFoundException _) {
            throw new Fault(
                    ExitCode.INTERNAL,
                    "server: this installation has no appliance (" + MAIN_CLASS + "); reinstall");
        } catch (InvocationTargetException exception) {
            if (exception.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw exception;
        }
    }
}
