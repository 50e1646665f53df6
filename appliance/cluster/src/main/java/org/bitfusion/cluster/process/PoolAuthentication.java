package org.bitfusion.cluster.process;

import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.server.ServerCnxn;
import org.apache.zookeeper.server.auth.X509AuthenticationProvider;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.context.PeerRefused;
import org.bitfusion.tls.context.PoolManagers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Who may connect to the client port: appliances of the pool, which may do everything there.
/// ZooKeeper makes it by its name in the configuration, and asks it twice: its managers during the
/// handshake, and [#handleAuthentication] after it, since a resumed session has none in which the
/// certificate is looked at. Who is revoked later is put out by [OpenConnections].
public final class PoolAuthentication extends X509AuthenticationProvider {
    private static final Logger LOG = LoggerFactory.getLogger(PoolAuthentication.class);

    /// ZooKeeper's scheme for who may change the ensemble.
    private static final String EVERYTHING = "super";

    private final ProcessTrust trust;

    public PoolAuthentication() {
        this(ProcessTrust.present());
    }

    private PoolAuthentication(ProcessTrust trust) {
        this(trust, PoolManagers.of(trust.identity(), trust.trust(), ProcessTrust.ACCEPTED));
    }

    private PoolAuthentication(ProcessTrust trust, PoolManagers managers) {
        super(managers.trust(), managers.keys());
        this.trust = trust;
    }

    @Override
    public KeeperException.Code handleAuthentication(ServerCnxn connection, byte[] data) {
        List<X509Certificate> chain = new ArrayList<>();
        for (Certificate certificate : connection.getClientCertificateChain()) {
            chain.add((X509Certificate) certificate);
        }
        try {
            PeerIdentity peer = trust.trust().check(chain, ProcessTrust.ACCEPTED);
            connection.addAuthInfo(new Id(EVERYTHING, peer.id().toString()));
            trust.open().add(connection, chain);
            return KeeperException.Code.OK;
        } catch (PeerRefused refusal) {
            LOG.warn("refused error={}", refusal.getMessage());
            return KeeperException.Code.AUTHFAILED;
        }
    }
}
