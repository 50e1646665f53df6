package org.bitfusion.cluster.process;

import java.io.IOException;
import java.net.Socket;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import org.apache.zookeeper.server.ServerCnxn;
import org.bitfusion.tls.context.PeerRefused;
import org.bitfusion.tls.context.PoolTrust;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The connections of this process, of appliances and among members, and whose they are. Who was
/// let in and is not believed any more, as an appliance that was removed from the pool, does not
/// stay: a certificate is looked at once, a connection lasts for months.
///
/// Thread-safe. Connections that nobody uses any more are forgotten.
final class OpenConnections {
    private static final Logger LOG = LoggerFactory.getLogger(OpenConnections.class);

    private final PoolTrust trust;
    private final Map<ServerCnxn, List<X509Certificate>> ofAppliances = new WeakHashMap<>();
    private final Map<Socket, List<X509Certificate>> amongMembers = new WeakHashMap<>();

    OpenConnections(PoolTrust trust) {
        this.trust = trust;
    }

    /// @param chain that was believed
    void add(ServerCnxn connection, List<X509Certificate> chain) {
        synchronized (ofAppliances) {
            ofAppliances.put(connection, List.copyOf(chain));
        }
    }

    /// @param chain that its other end showed, also in an earlier handshake that this one resumes
    void add(Socket connection, List<X509Certificate> chain) {
        synchronized (amongMembers) {
            amongMembers.put(connection, List.copyOf(chain));
        }
        if (!isBelieved(chain)) {
            end(connection);
        }
    }

    /// Ends those of whom is not believed now.
    void look() {
        Map<ServerCnxn, List<X509Certificate>> appliances;
        synchronized (ofAppliances) {
            appliances = new HashMap<>(ofAppliances);
        }
        appliances.forEach((connection, chain) -> {
            if (!isBelieved(chain)) {
                connection.close(ServerCnxn.DisconnectReason.CONNECTION_CLOSE_FORCED);
            }
        });
        Map<Socket, List<X509Certificate>> members;
        synchronized (amongMembers) {
            members = new HashMap<>(amongMembers);
        }
        members.forEach((connection, chain) -> {
            if (!connection.isClosed() && !isBelieved(chain)) {
                end(connection);
            }
        });
    }

    private boolean isBelieved(List<X509Certificate> chain) {
        try {
            trust.check(chain, ProcessTrust.ACCEPTED);
            return true;
        } catch (PeerRefused refusal) {
            LOG.warn("connection ended error={}", refusal.getMessage());
            return false;
        }
    }

    /// TLS says its last word, which may wait for who does not read.
    private static void end(Socket connection) {
        Thread.ofVirtual()
                .start(() -> {
                    try {
                        connection.close();
                    } catch (IOException exception) {
                        LOG.debug("closed already", exception);
                    }
                });
    }
}
