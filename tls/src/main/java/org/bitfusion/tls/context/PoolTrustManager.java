package org.bitfusion.tls.context;

import java.net.Socket;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bitfusion.tls.PeerRole;
import org.jspecify.annotations.Nullable;

/// What JSSE asks during a handshake. A server's certificate must also be for the host that was
/// dialled: JSSE leaves that to a manager of this kind.
final class PoolTrustManager extends X509ExtendedTrustManager {
    private final PoolTrust trust;
    private final Set<PeerRole> accepted;

    PoolTrustManager(PoolTrust trust, Set<PeerRole> accepted) {
        this.trust = trust;
        this.accepted = Set.copyOf(accepted);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
            throws PeerRefused {
        trust.check(List.of(chain), accepted);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws PeerRefused {
        trust.check(List.of(chain), accepted);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws PeerRefused {
        trust.check(List.of(chain), accepted);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws PeerRefused {
        checkServer(
                chain,
                socket instanceof SSLSocket secure && secure.getHandshakeSession() != null
                        ? secure.getHandshakeSession().getPeerHost()
                        : null);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws PeerRefused {
        checkServer(chain, engine.getPeerHost());
    }

    /// Nobody says which host this is about.
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws PeerRefused {
        checkServer(chain, null);
    }

    private void checkServer(X509Certificate[] chain, @Nullable String host) throws PeerRefused {
        trust.check(List.of(chain), accepted);
        if (host == null) {
            throw Remedies.malformed(
                    "cannot be held against a host: the connection was made without its name");
        }
        if (!PeerNames.isFor(chain[0], host)) {
            throw Remedies.otherAddress(chain[0], host);
        }
    }

    /// No hint is given of which authorities count: the pool's name is nobody's business.
    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
