package org.bitfusion.dispatcher;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.util.Optional;
import java.util.UUID;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;
import org.bitfusion.protocol.ChannelBinding;
import org.bitfusion.protocol.Secret;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.context.Admission;
import org.bitfusion.tls.context.TlsContext;

/// Who is at the other end of a connection before it says anything.
///
/// @param identity what its certificate says; empty on loopback without TLS
/// @param binding what proofs over the connection are bound to
/// @param access what its hello proves if it names no lease
record ClientPeer(Optional<PeerIdentity> identity, ChannelBinding binding, Secret access) {
    private static final int LONGEST_ID = 36;

    /// A connection without TLS, or one whose TLS handshake is over.
    ///
    /// @throws SSLException if its certificate does not let it in
    static ClientPeer of(Channel channel, DispatcherSettings settings) throws SSLException {
        Optional<TlsContext> tls = settings.tls();
        if (tls.isEmpty()) {
            return new ClientPeer(Optional.empty(), ChannelBinding.NONE, settings.accessSecret());
        }
        SSLSession session = channel.pipeline().get(SslHandler.class).engine().getSession();
        return switch (tls.get().admit(session)) {
            case Admission.Admitted(PeerIdentity peer) ->
                    new ClientPeer(
                            Optional.of(peer),
                            ChannelBinding.of(session),
                            ChannelBinding.accessSecret(session));
            case Admission.Anonymous _ -> throw new SSLException("no certificate");
            case Admission.Refused(_, String message) -> throw new SSLException(message);
        };
    }

    /// What a lease is held by: the certificate's holder and, for people, the user there.
    String holder(String user) {
        return identity.map(peer -> peer.id() + " " + user).orElse(user);
    }

    /// Whether a lease that is held by that one is this one's too. Without TLS who knows its secret
    /// may use it.
    boolean mayUse(String holder) {
        return identity.isEmpty() || holderId(holder).equals(Optional.of(identity.get().id()));
    }

    private static Optional<UUID> holderId(String holder) {
        try {
            return Optional.of(
                    UUID.fromString(holder.substring(0, Math.min(LONGEST_ID, holder.length()))));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }
}
