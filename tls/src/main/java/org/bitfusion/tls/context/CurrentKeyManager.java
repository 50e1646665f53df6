package org.bitfusion.tls.context;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.bitfusion.tls.identity.Identity;
import org.jspecify.annotations.Nullable;

/// Shows the identity that is current when a handshake begins. JSSE asks for key and chain one
/// after the other by a name; the identity before stays known, so that both belong together when it
/// is replaced in between.
final class CurrentKeyManager extends X509ExtendedKeyManager {
    private final Supplier<Identity> source;
    private Held current;
    private Held before;

    private record Held(long number, Identity identity) {
        String alias() {
            return Long.toString(number);
        }
    }

    CurrentKeyManager(Supplier<Identity> source) {
        this.source = source;
        this.current = new Held(0, source.get());
        this.before = current;
    }

    private synchronized @Nullable String alias(List<String> types) {
        Identity now = source.get();
        if (now != current.identity()) {
            before = current;
            current = new Held(current.number() + 1, now);
        }
        return types.contains(now.key().getAlgorithm()) ? current.alias() : null;
    }

    private synchronized @Nullable Identity identity(@Nullable String alias) {
        if (current.alias().equals(alias)) {
            return current.identity();
        }
        return before.alias().equals(alias) ? before.identity() : null;
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
            String type, Principal @Nullable [] issuers, SSLEngine engine) {
        return alias(List.of(type));
    }

    @Override
    public @Nullable String chooseEngineClientAlias(
            String[] types, Principal @Nullable [] issuers, SSLEngine engine) {
        return alias(List.of(types));
    }

    @Override
    public @Nullable String chooseServerAlias(
            String type, Principal @Nullable [] issuers, Socket socket) {
        return alias(List.of(type));
    }

    @Override
    public @Nullable String chooseClientAlias(
            String[] types, Principal @Nullable [] issuers, Socket socket) {
        return alias(List.of(types));
    }

    @Override
    public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
        @Nullable String alias = alias(List.of(type));
        return alias == null ? null : new String[] {alias};
    }

    @Override
    public String @Nullable [] getClientAliases(String type, Principal @Nullable [] issuers) {
        return getServerAliases(type, issuers);
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
        @Nullable Identity identity = identity(alias);
        return identity == null ? null : identity.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
        @Nullable Identity identity = identity(alias);
        return identity == null ? null : identity.key();
    }
}
