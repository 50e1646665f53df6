package org.bitfusion.tls.context;

import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManager;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.identity.Identity;
import org.jspecify.annotations.Nullable;

/// One kind of port, or of connection: a JSSE context with the parameters that belong to it. Use
/// both together (or [#serverEngine], [#clientEngine]), since a context alone allows older
/// protocols. Thread-safe; one is made per port and process.
///
/// A server that refuses a certificate keeps the socket open for reading a moment: closed with
/// bytes of the client unread it would send a reset, which overtakes the alert, and the client
/// would not learn why (in TLS 1.3 it writes on while its certificate is looked at).
public final class TlsContext {
    /// AES with 128 bits first: the fastest of the three everywhere.
    private static final List<String> SUITES =
            List.of(
                    "TLS_AES_128_GCM_SHA256",
                    "TLS_AES_256_GCM_SHA384",
                    "TLS_CHACHA20_POLY1305_SHA256");

    /// AEAD with forward secrecy, for browsers and vCenter before 8.0 U3.
    private static final List<String> SUITES_OF_TLS_1_2 =
            List.of(
                    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    /// A resumed session has no handshake in which the certificate is looked at.
    private static final Duration RESUMABLE = Duration.ofMinutes(10);

    private final SSLContext context;
    private final SSLParameters parameters;
    private final @Nullable PoolTrust trust;
    private final Set<PeerRole> accepted;

    private TlsContext(
            SSLContext context,
            SSLParameters parameters,
            @Nullable PoolTrust trust,
            Set<PeerRole> accepted) {
        this.context = context;
        this.parameters = parameters;
        this.trust = trust;
        this.accepted = accepted;
    }

    /// A port for the pool's peers: TLS 1.3.
    ///
    /// @param identity the appliance's, asked at each handshake
    /// @param accepted whose certificates are let in
    public static TlsContext server(
            Supplier<Identity> identity,
            PoolTrust trust,
            ClientCertificate demand,
            Set<PeerRole> accepted) {
        SSLParameters parameters = pools();
        switch (demand) {
            case REQUIRED -> parameters.setNeedClientAuth(true);
            case WANTED -> parameters.setWantClientAuth(true);
        }
        return new TlsContext(
                context(Optional.of(identity), new PoolTrustManager(trust, accepted)),
                parameters,
                trust,
                Set.copyOf(accepted));
    }

    /// The web port: TLS 1.3, and TLS 1.2 with AEAD; no certificate is asked for.
    ///
    /// @param identity the appliance's, or a site's own
    public static TlsContext web(Supplier<Identity> identity) {
        List<String> suites = new ArrayList<>(SUITES);
        suites.addAll(SUITES_OF_TLS_1_2);
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3", "TLSv1.2"});
        parameters.setCipherSuites(suites.toArray(String[]::new));
        parameters.setUseCipherSuitesOrder(true);
        return new TlsContext(
                context(Optional.of(identity), new NobodyTrusted()), parameters, null, Set.of());
    }

    /// Connections to appliances of the pool: TLS 1.3; the certificate must be for the host
    /// dialled.
    ///
    /// @param identity none before enrolment
    public static TlsContext client(Optional<Supplier<Identity>> identity, PoolTrust trust) {
        SSLParameters parameters = pools();
        // JSSE gives clients of its own an algorithm for this; the trust manager compares in any
        // case.
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        Set<PeerRole> accepted = Set.of(PeerRole.APPLIANCE);
        return new TlsContext(
                context(identity, new PoolTrustManager(trust, accepted)),
                parameters,
                trust,
                accepted);
    }

    /// A worker's data port: TLS 1.3; the client proves itself by the session's secret, not by a
    /// certificate.
    ///
    /// @param identity one of the session's own
    public static TlsContext session(Identity identity) {
        return new TlsContext(
                context(Optional.of(() -> identity), new NobodyTrusted()), pools(), null, Set.of());
    }

    /// A client's connection to a worker's data port: TLS 1.3.
    ///
    /// @param fingerprint of the session's certificate, as the dispatcher told it
    public static TlsContext sessionClient(String fingerprint) {
        return new TlsContext(
                context(Optional.empty(), new PinnedTrustManager(fingerprint)),
                pools(),
                null,
                Set.of());
    }

    /// What all connections within a pool have in common.
    private static SSLParameters pools() {
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {"TLSv1.3"});
        parameters.setCipherSuites(SUITES.toArray(String[]::new));
        parameters.setUseCipherSuitesOrder(true);
        return parameters;
    }

    private static SSLContext context(Optional<Supplier<Identity>> identity, TrustManager trust) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            KeyManager[] keys =
                    identity.map(source -> new KeyManager[] {new CurrentKeyManager(source)})
                            .orElseGet(() -> new KeyManager[0]);
            context.init(keys, new TrustManager[] {trust}, null);
            context.getServerSessionContext().setSessionTimeout((int) RESUMABLE.toSeconds());
            context.getClientSessionContext().setSessionTimeout((int) RESUMABLE.toSeconds());
            return context;
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no TLS", exception);
        }
    }

    public SSLContext context() {
        return context;
    }

    /// A copy, which may be changed (ALPN).
    public SSLParameters parameters() {
        SSLParameters copy = new SSLParameters();
        copy.setProtocols(parameters.getProtocols());
        copy.setCipherSuites(parameters.getCipherSuites());
        copy.setUseCipherSuitesOrder(parameters.getUseCipherSuitesOrder());
        copy.setEndpointIdentificationAlgorithm(parameters.getEndpointIdentificationAlgorithm());
        if (parameters.getNeedClientAuth()) {
            copy.setNeedClientAuth(true);
        } else if (parameters.getWantClientAuth()) {
            copy.setWantClientAuth(true);
        }
        return copy;
    }

    public SSLEngine serverEngine() {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setSSLParameters(parameters());
        return engine;
    }

    /// @param host as in servers.conf: the certificate must be for it
    public SSLEngine clientEngine(String host, int port) {
        SSLEngine engine = context.createSSLEngine(host, port);
        engine.setUseClientMode(true);
        engine.setSSLParameters(parameters());
        return engine;
    }

    /// To be asked after every handshake: a session that was resumed had none in which the
    /// certificate was looked at, and may have been revoked or have ended since.
    public Admission admit(SSLSession session) {
        if (trust == null) {
            return new Admission.Anonymous();
        }
        Certificate[] shown;
        try {
            shown = session.getPeerCertificates();
        } catch (SSLPeerUnverifiedException _) {
            return new Admission.Anonymous();
        }
        List<X509Certificate> chain = new ArrayList<>();
        for (Certificate certificate : shown) {
            chain.add((X509Certificate) certificate);
        }
        try {
            PeerIdentity peer = trust.check(chain, accepted);
            return new Admission.Admitted(peer);
        } catch (PeerRefused refusal) {
            session.invalidate();
            return new Admission.Refused(refusal.error(), String.valueOf(refusal.getMessage()));
        }
    }
}
