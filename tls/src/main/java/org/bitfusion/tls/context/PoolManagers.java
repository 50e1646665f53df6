package org.bitfusion.tls.context;

import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.identity.Identity;

/// What [TlsContext] is made of, for a library that insists on making its contexts itself. Who uses
/// it sees to it that only TLS 1.3 is spoken and a certificate is demanded.
///
/// @param keys shows the identity that is current when a handshake begins
/// @param trust lets in the accepted roles of the pool; a server must also be the host dialled
public record PoolManagers(X509ExtendedKeyManager keys, X509ExtendedTrustManager trust) {
    public static PoolManagers of(
            Supplier<Identity> identity, PoolTrust trust, Set<PeerRole> accepted) {
        return new PoolManagers(
                new CurrentKeyManager(identity), new PoolTrustManager(trust, accepted));
    }
}
