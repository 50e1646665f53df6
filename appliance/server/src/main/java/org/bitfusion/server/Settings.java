package org.bitfusion.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.bitfusion.dispatcher.DispatcherSettings;
import org.bitfusion.dispatcher.DispatcherSettings.PortRange;
import org.bitfusion.dispatcher.DispatcherSettings.UserRange;
import org.bitfusion.protocol.Secret;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.worker.Worker;

/// Reads the BF_* variables of the appliance.
public final class Settings {
    /// What the dispatcher listens on if nothing else is said.
    static final int DEFAULT_PORT = 55001;

    /// What both sides name when they do not fit together.
    public static final String BUILD = "bitfusion-server 5.0.0";

    private static final int DEFAULT_PORT_MINIMUM = 45201;
    private static final int DEFAULT_PORT_MAXIMUM = 46225;
    private static final int DEFAULT_PRESTARTED_WORKERS = 2;
    static final int MOST_PORT = 65535;
    private static final Duration RENEWAL = Duration.ofSeconds(60);
    private static final Duration GRACE = Duration.ofSeconds(5);
    private static final int MOST_SESSIONS = 256;

    private final Map<String, String> environment;

    public Settings(Map<String, String> environment) {
        this.environment = Map.copyOf(environment);
    }

    /// A setting that cannot be used; the message says which, and what to write instead.
    public static final class SettingsException extends Exception {
        private static final long serialVersionUID = 1;

        SettingsException(String message) {
            super(message);
        }
    }

    /// Of a dispatcher that is started by hand.
    ///
    /// @throws SettingsException if a flag or a variable makes no sense
    DispatcherSettings read(Flags flags, Secret accessSecret) throws SettingsException {
        Optional<TlsContext> tls = TlsFolder.read(environment);
        InetSocketAddress listen =
                new InetSocketAddress(address(flags, tls.isPresent()), flags.port());
        return dispatcher(
                identity(listen),
                listen,
                List.of(),
                accessSecret,
                flags.devices().isPresent() ? flags.devices() : visibleDevices(),
                runFolder(flags.port()),
                tls);
    }

    /// Of an appliance whose place in the pool its manager knows; what is left to say the BF_*
    /// variables do.
    ///
    /// @param appliance tells its software GPUs from those of others
    /// @param data networks that workers' ports are in, `ADDRESS/BITS`, and whose other appliances
    ///   they may bring copies to; none: where the dispatcher listens
    /// @param runFolder nobody else's
    /// @param tls what clients must speak
    /// @throws SettingsException if a variable makes no sense
    /// @throws IOException if the run folder's secret cannot be read or made
    public DispatcherSettings inPool(
            UUID appliance,
            InetSocketAddress address,
            List<String> data,
            Path runFolder,
            TlsContext tls)
            throws SettingsException, IOException {
        Secret secret = AccessSecret.readOrCreate(runFolder.resolveSibling("access.secret"));
        DispatcherSettings settings =
                dispatcher(
                        appliance.toString(),
                        address,
                        data,
                        secret,
                        visibleDevices(),
                        runFolder,
                        Optional.of(tls));
        ApplianceMain.tellUsers(settings);
        return settings;
    }

    private DispatcherSettings dispatcher(
            String identity,
            InetSocketAddress listen,
            List<String> data,
            Secret accessSecret,
            Optional<List<Integer>> devices,
            Path runFolder,
            Optional<TlsContext> tls)
            throws SettingsException {
        Map<String, String> workers = new HashMap<>();
        workers.put("BF_SOFT_ID", environment.getOrDefault("BF_SOFT_ID", identity));
        if (tls.isPresent()) {
            workers.put(Worker.DATA_TLS, "1");
            workers.put(
                    Worker.DATA_ADDRESSES,
                    data.isEmpty()
                            ? listen.getAddress().getHostAddress()
                            : String.join(
                                    ",",
                                    data.stream()
                                            .map(network -> network.replaceAll("/.*", ""))
                                            .toList()));
        }
        if (!data.isEmpty() && !environment.containsKey(Worker.PEER_NETWORKS)) {
            workers.put(Worker.PEER_NETWORKS, String.join(",", data));
        }
        return new DispatcherSettings(
                listen,
                ports(),
                accessSecret,
                (int) number("BF_PRESTARTED_WORKERS", DEFAULT_PRESTARTED_WORKERS, 0, 64),
                WorkerCommand.of(environment),
                workers,
                devices,
                memoryLimit(),
                BUILD,
                RENEWAL,
                GRACE,
                MOST_SESSIONS,
                workerUsers(),
                hostFolder(),
                runFolder,
                tls);
    }

    /// Where to listen: beyond this machine with TLS only.
    private InetAddress address(Flags flags, boolean withTls) throws SettingsException {
        String name = flags.listen().isPresent() ? "-l" : "BF_LISTEN";
        String usual =
                environment.getOrDefault("BF_LISTEN", withTls ? "0.0.0.0" : "127.0.0.1").strip();
        String text = flags.listen().orElse(usual);
        InetAddress address;
        try {
            address = InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException e) {
            throw new SettingsException(
                    name + " is '" + text + "' (expected: an address of this machine)");
        }
        if (!withTls && !address.isLoopbackAddress()) {
            throw new SettingsException(
                    "%s is '%s': without a certificate of a pool (BF_TLS_FOLDER) a server listens on loopback only"
                            .formatted(name, text));
        }
        return address;
    }

    /// What tells this machine's software GPUs from those of others: all dispatchers at one address
    /// have the same, as they would have with real ones. One at a port that nobody knows has its
    /// own.
    private static String identity(InetSocketAddress listen) {
        try {
            if (listen.getPort() != 0) {
                String machine = Files.readString(Path.of("/etc/machine-id")).strip();
                InetAddress address = listen.getAddress();
                return address.isAnyLocalAddress()
                        ? machine
                        : machine + ":" + address.getHostAddress();
            }
        } catch (IOException ignored) {
            // A machine without identity: its GPUs get new ones with each start.
        }
        return UUID.randomUUID().toString();
    }

    private PortRange ports() throws SettingsException {
        int minimum = (int) number("BF_SERVER_PORT_MIN", DEFAULT_PORT_MINIMUM, 0, MOST_PORT);
        int maximum =
                (int)
                        number(
                                "BF_SERVER_PORT_MAX",
                                minimum == 0 ? 0 : Math.max(minimum, DEFAULT_PORT_MAXIMUM),
                                0,
                                MOST_PORT);
        if (minimum > maximum || (minimum == 0) != (maximum == 0)) {
            throw new SettingsException(
                    "BF_SERVER_PORT_MIN %d and BF_SERVER_PORT_MAX %d are no range"
                            .formatted(minimum, maximum));
        }
        return new PortRange(minimum, maximum);
    }

    /// `FIRST-LAST`: numbers of users that nothing else on this machine has.
    private Optional<UserRange> workerUsers() throws SettingsException {
        String text = environment.getOrDefault("BF_WORKER_USERS", "").strip();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String[] words = text.split("-", -1);
        if (words.length != 2) {
            throw new SettingsException(
                    "BF_WORKER_USERS is '" + text + "' (expected: FIRST-LAST, as 200000-200255)");
        }
        int first = (int) number("BF_WORKER_USERS", words[0].strip(), 1, Integer.MAX_VALUE - 1);
        int last = (int) number("BF_WORKER_USERS", words[1].strip(), first, Integer.MAX_VALUE - 1);
        return Optional.of(new UserRange(first, last));
    }

    private Optional<List<Integer>> visibleDevices() throws SettingsException {
        String text = environment.getOrDefault("BF_VISIBLE_DEVICES", "").strip();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(Flags.devices("BF_VISIBLE_DEVICES", text));
    }

    private OptionalLong memoryLimit() throws SettingsException {
        return environment.containsKey("BF_GPU_DEVICE_MEMORY_LIMIT")
                ? OptionalLong.of(number("BF_GPU_DEVICE_MEMORY_LIMIT", 0, 1, Long.MAX_VALUE))
                : OptionalLong.empty();
    }

    private long number(String name, long otherwise, long minimum, long maximum)
            throws SettingsException {
        String value = environment.get(name);
        return value == null || value.isBlank()
                ? otherwise
                : number(name, value.strip(), minimum, maximum);
    }

    /// @param name who says it
    static long number(String name, String value, long minimum, long maximum)
            throws SettingsException {
        try {
            long number = Long.parseLong(value);
            if (number >= minimum && number <= maximum) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Falls through to the one message for both.
        }
        throw new SettingsException(
                "%s is '%s' (expected: a number from %d to %d)"
                        .formatted(name, value, minimum, maximum));
    }

    /// Where the secret of the appliance's own user lies.
    Path accessSecretFile() {
        String path = environment.get("BF_ACCESS_SECRET_FILE");
        return path == null || path.isBlank()
                ? home().resolve(".bitfusion/access.secret")
                : Path.of(path);
    }

    /// Where the appliance's processes keep what they share: of its own user, on this machine.
    private Path runFolder(int port) {
        String path = environment.get("BF_RUN_FOLDER");
        if (path != null && !path.isBlank()) {
            return Path.of(path).toAbsolutePath();
        }
        if (port == 0) { // nobody can find such an appliance again
            return Path.of(System.getProperty("java.io.tmpdir"), "bitfusion-" + UUID.randomUUID());
        }
        String system = environment.get("XDG_RUNTIME_DIR");
        Path base =
                system == null || system.isBlank()
                        ? home().resolve(".bitfusion/run")
                        : Path.of(system, "bitfusion");
        return base.resolve(Integer.toString(port)).toAbsolutePath();
    }

    /// The ledger of this machine's GPUs, for dispatchers of all of its users. Systems clean `/tmp`
    /// of what is old.
    private Path hostFolder() {
        String path = environment.get("BF_HOST_FOLDER");
        if (path != null && !path.isBlank()) {
            return Path.of(path).toAbsolutePath();
        }
        Path locks = Path.of("/run/lock");
        boolean isEverybodys;
        try {
            isEverybodys =
                    Files.getPosixFilePermissions(locks).contains(PosixFilePermission.OTHERS_WRITE);
        } catch (IOException e) {
            isEverybodys = false;
        }
        return isEverybodys
                ? locks.resolve("bitfusion")
                : Path.of(System.getProperty("java.io.tmpdir"), "bitfusion-gpus");
    }

    /// Where images are kept across sessions.
    Path imageFolder() {
        String path = environment.get("BF_IMAGE_STORE");
        return path == null || path.isBlank()
                ? home().resolve(".bitfusion/cache/images")
                : Path.of(path);
    }

    /// Where workers that crash leave their reports.
    Path crashFolder() {
        String path = environment.get("BF_CRASH_FOLDER");
        return path == null || path.isBlank()
                ? home().resolve(".bitfusion/crashes")
                : Path.of(path);
    }

    private Path home() {
        String home = environment.get("HOME");
        return Path.of(home == null ? System.getProperty("user.home") : home);
    }
}
