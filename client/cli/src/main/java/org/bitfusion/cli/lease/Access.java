package org.bitfusion.cli.lease;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bitfusion.cli.configuration.ServerAddress;
import org.jspecify.annotations.Nullable;

/// How this client shows an appliance that it may lease: by its certificate of the appliance's
/// pool, over TLS; or, on this machine, by the secret of the user who runs the appliance.
public final class Access {
    /// Of the environment: `always` has connections to this machine's own addresses be TLS too.
    private static final String TLS = "BF_TLS";

    private static final String ALWAYS = "always";

    private final Map<String, String> environment;
    private final Path userHome;
    private @Nullable AccessSecret secret;
    private @Nullable PoolAccess pool;

    private Access(
            Map<String, String> environment,
            Path userHome,
            @Nullable AccessSecret secret,
            @Nullable PoolAccess pool) {
        this.environment = Map.copyOf(environment);
        this.userHome = userHome;
        this.secret = secret;
        this.pool = pool;
    }

    /// As this user's files say; they are read when the first connection needs them.
    public static Access of(Map<String, String> environment, Path userHome) {
        return new Access(environment, userHome, null, null);
    }

    /// By a secret, on this machine.
    public static Access of(AccessSecret secret) {
        return new Access(Map.of(), secret.file(), secret, null);
    }

    /// As a client of a pool, wherever the appliance is.
    public static Access of(PoolAccess pool) {
        return new Access(Map.of(TLS, ALWAYS), pool.identity(), null, pool);
    }

    /// Reads what connections to these servers will need.
    ///
    /// @throws org.bitfusion.cli.Fault if it is not there
    public void prepare(List<ServerAddress> servers) {
        for (ServerAddress server : servers) {
            try {
                if (pool(InetAddress.getByName(server.host())) == null) {
                    var _ = secret();
                }
            } catch (UnknownHostException _) {
                // Who connects to it says so.
            }
        }
    }

    /// What a connection to that host begins with; null: no TLS, but [#secret].
    ///
    /// @throws org.bitfusion.cli.Fault if this client is not enrolled with a pool
    synchronized @Nullable PoolAccess pool(InetAddress host) {
        if (host.isLoopbackAddress() && !environment.getOrDefault(TLS, "").equals(ALWAYS)) {
            return null;
        }
        PoolAccess known = pool;
        if (known == null) {
            known = PoolAccess.read(userHome, Path.of("/etc/bitfusion"));
            pool = known;
        }
        return known;
    }

    /// @throws org.bitfusion.cli.Fault if there is none
    synchronized AccessSecret secret() {
        AccessSecret known = secret;
        if (known == null) {
            known = AccessSecret.read(environment, userHome);
            secret = known;
        }
        return known;
    }
}
