package org.bitfusion.manager;

import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.manager.member.ManagerException;
import org.bitfusion.tls.TlsException;

/// The appliance's service: `bitfusion manager`. Standard output says where it listens, standard
/// error is the log, its own and its workers'.
public final class ManagerMain {
    static final int USAGE = 64;
    static final int UNAVAILABLE = 69;

    private ManagerMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        System.exit(run(List.of(arguments), System.getenv()));
    }

    private static int run(List<String> arguments, Map<String, String> environment)
            throws InterruptedException {
        Manager manager;
        try {
            manager = Manager.start(new Flags(arguments), environment);
        } catch (Flags.UsageException exception) {
            return complain("manager", exception, USAGE);
        } catch (ManagerException
                | ClusterException
                | TlsException
                | UncheckedIOException exception) {
            return complain("manager", exception, UNAVAILABLE);
        }
        try (manager) {
            Runtime.getRuntime().addShutdownHook(new Thread(manager::close, "shutdown"));
            // One write: whoever waits for this line never sees half of it.
            System.out.println(
                    "Manager listening...\nListening on %s : %d"
                            .formatted(manager.address(), manager.port()));
            System.out.flush();
            String failure = manager.awaitFailure();
            if (manager.isClosed()) {
                return 0; // a signal ends this process, with the code that belongs to it
            }
            System.err.println("bitfusion manager: " + failure);
            return UNAVAILABLE;
        }
    }

    static int complain(String command, Exception problem, int exitCode) {
        System.err.println("bitfusion " + command + ": " + problem.getMessage());
        return exitCode;
    }
}
