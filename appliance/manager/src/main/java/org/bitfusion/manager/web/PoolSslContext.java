package org.bitfusion.manager.web;

import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.TrustManager;
import org.apache.tomcat.util.net.SSLContext;
import org.bitfusion.tls.context.TlsContext;
import org.jspecify.annotations.Nullable;

/// Gives Tomcat the engines of a [TlsContext], whose identity and revocations are asked at each
/// handshake. Names and the interface's words are Tomcat's.
final class PoolSslContext implements SSLContext {
    private final TlsContext context;

    PoolSslContext(TlsContext context) {
        this.context = context;
    }

    @Override
    public void init(
            KeyManager @Nullable [] keys,
            TrustManager @Nullable [] trust,
            @Nullable SecureRandom random) {
        // It is ready.
    }

    @Override
    public void destroy() {
        // It holds nothing.
    }

    @Override
    public SSLSessionContext getServerSessionContext() {
        return context.context().getServerSessionContext();
    }

    @Override
    public SSLEngine createSSLEngine() {
        return context.serverEngine();
    }

    @Override
    public SSLServerSocketFactory getServerSocketFactory() {
        return context.context().getServerSocketFactory();
    }

    @Override
    public SSLParameters getSupportedSSLParameters() {
        return context.parameters();
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
        return null;
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
