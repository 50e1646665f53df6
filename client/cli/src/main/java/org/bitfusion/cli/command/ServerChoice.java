package org.bitfusion.cli.command;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bitfusion.cli.configuration.ApplianceFiles;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.configuration.ServersFile;
import org.bitfusion.cli.pool.Membership;
import org.jspecify.annotations.Nullable;

/// Which servers a command means.
///
/// @param environment of the user's shell
/// @param userHome of the user
/// @param serverList value of `-l`
/// @param serversFile value of `-s`
public record ServerChoice(
        Map<String, String> environment,
        Path userHome,
        @Nullable String serverList,
        @Nullable String serversFile) {
    /// The machine's configuration.
    public static final Path SYSTEM_CONFIGURATION = Path.of("/etc");

    /// Of the environment: `never` has a client of a pool lease from a dispatcher of this machine,
    /// `always` has it do so over TLS.
    private static final String TLS = "BF_TLS";

    /// In the pool.
    public Membership membership() {
        return new Membership(userHome, SYSTEM_CONFIGURATION);
    }

    /// Whether they are managers of a pool of which this user is, or may become, a client; else
    /// they are dispatchers.
    boolean isPool() {
        return switch (environment.getOrDefault(TLS, "")) {
            case "always", "never" -> false;
            default -> membership().isThere();
        };
    }

    /// Dispatchers that give leases themselves.
    List<ServerAddress> dispatchers() {
        return find(ServerAddress.DEFAULT_PORT);
    }

    /// The servers that alone shall give GPUs; none: any.
    List<ServerAddress> pinned() {
        return serverList == null
                ? List.of()
                : ServerAddress.parseList(serverList, ServerAddress.MANAGER_PORT);
    }

    /// Whom to ask.
    public List<ServerAddress> managers() {
        return find(ServerAddress.MANAGER_PORT);
    }

    /// Whom to ask on an appliance: its own manager, if the user names no other.
    public List<ServerAddress> managersFrom(ApplianceFiles appliance) {
        List<ServerAddress> own =
                serverList == null && serversFile == null ? appliance.managers() : List.of();
        return own.isEmpty() ? managers() : own;
    }

    private List<ServerAddress> find(int defaultPort) {
        if (serverList != null) {
            return ServerAddress.parseList(serverList, defaultPort);
        }
        return serversFile != null
                ? ServersFile.read(Path.of(serversFile), defaultPort)
                : ServersFile.find(userHome, SYSTEM_CONFIGURATION, defaultPort);
    }
}
