package org.bitfusion.manager;

import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.manager.member.ManagerException;
import org.bitfusion.tls.TlsException;

/// `bitfusion initdb`: founds a pool on this machine and ends; the service's next start goes on as
/// the pool's first appliance.
public final class FoundingMain {
    private static final String COMMAND = "initdb";

    private FoundingMain() {}

    public static void main(String[] arguments) {
        System.exit(run(List.of(arguments), System.getenv()));
    }

    private static int run(List<String> arguments, Map<String, String> environment) {
        try {
            System.out.println(
                    "Pool "
                            + Manager.found(new Flags(arguments), environment)
                            + " founded; start its first appliance: bitfusion manager");
            System.out.flush();
            return 0;
        } catch (Flags.UsageException exception) {
            return ManagerMain.complain(COMMAND, exception, ManagerMain.USAGE);
        } catch (ManagerException
                | ClusterException
                | TlsException
                | UncheckedIOException exception) {
            return ManagerMain.complain(COMMAND, exception, ManagerMain.UNAVAILABLE);
        }
    }
}
