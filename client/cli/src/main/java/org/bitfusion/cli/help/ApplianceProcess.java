package org.bitfusion.cli.help;

import java.lang.reflect.InvocationTargetException;
import java.util.List;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// The appliance's entry points, known by their names only: the command line depends on no
/// appliance class.
final class ApplianceProcess {
    private static final String SERVER = "org.bitfusion.server.ApplianceMain";
    private static final String SCHEDULER = "org.bitfusion.server.ResourceSchedulerMain";
    private static final String FOUNDING = "org.bitfusion.manager.FoundingMain";
    private static final String MANAGER = "org.bitfusion.manager.ManagerMain";

    private ApplianceProcess() {}

    /// Runs the dispatcher alone in this process until it ends; its exit code.
    static int becomeDispatcher(List<String> arguments) throws Exception {
        return become("server", SERVER, arguments.toArray(String[]::new));
    }

    /// Runs a resource scheduler with its dispatcher in this process until it ends; its exit code.
    static int becomeScheduler(List<String> arguments) throws Exception {
        return become("resource_scheduler", SCHEDULER, arguments.toArray(String[]::new));
    }

    /// Runs the appliance's service in this process until it ends; its exit code.
    static int becomeManager(List<String> arguments) throws Exception {
        return become("manager", MANAGER, arguments.toArray(String[]::new));
    }

    /// Founds a pool in this process; its exit code.
    static int found(List<String> arguments) throws Exception {
        return become("initdb", FOUNDING, arguments.toArray(String[]::new));
    }

    private static int become(String command, String mainClass, String... arguments)
            throws Exception {
        try {
            Class.forName(mainClass)
                    .getMethod("main", String[].class)
                    .invoke(null, (Object) arguments);
            return 0;
        } catch (ClassNotFoundException _) {
            throw new Fault(
                    ExitCode.INTERNAL,
                    command
                            + ": this installation has no appliance ("
                            + mainClass
                            + "); reinstall");
        } catch (InvocationTargetException exception) {
            if (exception.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw exception;
        }
    }
}
