package org.bitfusion.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import org.bitfusion.dispatcher.Dispatcher;
import org.bitfusion.dispatcher.DispatcherSettings;
import org.bitfusion.dispatcher.DispatcherSettings.UserRange;
import org.bitfusion.dispatcher.PortInUseException;
import org.bitfusion.protocol.Secret;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A dispatcher that is started by hand: `bitfusion server [-p PORT]`. Standard output says where
/// it listens, standard error is the log, its own and its workers'.
public final class ApplianceMain {
    private static final Logger LOG = LoggerFactory.getLogger(ApplianceMain.class);
    private static final int USAGE = 64;
    private static final int UNAVAILABLE = 69;
    private static final int CANNOT_CREATE = 73;

    private ApplianceMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        System.exit(run("server", arguments));
    }

    /// @param command `server`, or another that runs a dispatcher and a resource scheduler
    /// @return exit code
    static int run(String command, String... arguments) throws InterruptedException {
        Settings settings = new Settings(System.getenv());
        Flags flags;
        DispatcherSettings dispatcherSettings;
        try {
            List<String> words = List.of(arguments);
            flags = command.equals("server") ? Flags.ofServer(words) : Flags.ofScheduler(words);
            Secret secret = AccessSecret.readOrCreate(settings.accessSecretFile());
            dispatcherSettings = settings.read(flags, secret);
            tellUsers(dispatcherSettings);
        } catch (Settings.SettingsException e) {
            return complain(command, e, USAGE);
        } catch (IOException e) {
            return complain(command, e, CANNOT_CREATE);
        }
        if (flags.schedulerPort().isEmpty()) {
            System.out.println("Dispatcher listening...");
        }
        try (Dispatcher dispatcher = Dispatcher.start(dispatcherSettings)) {
            Runtime.getRuntime().addShutdownHook(new Thread(dispatcher::close, "shutdown"));
            String listening = listening(dispatcherSettings, dispatcher.port());
            if (flags.schedulerPort().isPresent()) {
                int port =
                        dispatcher.alsoListen(
                                new InetSocketAddress(
                                        dispatcherSettings.address().getAddress(),
                                        flags.schedulerPort().getAsInt()),
                                "-s");
                listening =
                        "Resource scheduler listening...\n%s\nDispatcher listening...\n%s"
                                .formatted(listening(dispatcherSettings, port), listening);
            }
            // One write: whoever waits for this line never sees half of it.
            System.out.println(listening);
            System.out.flush();
            String failure = dispatcher.awaitFailure();
            if (dispatcher.isClosed()) {
                return 0; // a signal ends this process, with the code that belongs to it
            }
            System.err.println("bitfusion " + command + ": " + failure);
            return UNAVAILABLE;
        } catch (PortInUseException e) {
            return complain(command, e, UNAVAILABLE);
        } catch (IOException e) {
            return complain(command, e, CANNOT_CREATE);
        }
    }

    private static String listening(DispatcherSettings settings, int port) {
        return "Listening on %s : %d%s"
                .formatted(
                        settings.address().getAddress().getHostAddress(),
                        port,
                        settings.tls().isPresent()
                                ? ""
                                : " (loopback only: connections are not encrypted)");
    }

    /// Whom workers run as, in one line of the log.
    ///
    /// @throws IOException if they cannot run as the users that were named
    static void tellUsers(DispatcherSettings settings) throws IOException {
        Optional<UserRange> users = settings.workerUsers();
        if (users.isEmpty()) {
            LOG.info(
                    "workers of all leases run as this appliance's user: BF_WORKER_USERS is not set");
            return;
        }
        Optional<String> obstacle = OtherUsers.obstacle(settings.runFolder());
        if (obstacle.isPresent()) {
            throw new IOException(
                    "workers cannot run as the users of BF_WORKER_USERS: " + obstacle.get());
        }
        LOG.info(
                "workers run as users {} to {}, one a lease",
                users.get().first(),
                users.get().last());
    }

    private static int complain(String command, Exception problem, int exitCode) {
        System.err.println("bitfusion " + command + ": " + problem.getMessage());
        return exitCode;
    }
}
