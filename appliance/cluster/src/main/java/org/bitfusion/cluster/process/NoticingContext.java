package org.bitfusion.cluster.process;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.security.KeyManagementException;
import java.security.SecureRandom;
import java.util.function.Consumer;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLContextSpi;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.SSLSessionContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/// A context that tells of each socket that is made of it, before its handshake: ZooKeeper makes
/// its sockets itself. Everything else is the other context's.
final class NoticingContext extends SSLContext {
    private NoticingContext(SSLContext other, Consumer<SSLSocket> made) {
        super(new Spi(other, made), other.getProvider(), other.getProtocol());
    }

    static SSLContext of(SSLContext other, Consumer<SSLSocket> made) {
        return new NoticingContext(other, made);
    }

    private static final class Spi extends SSLContextSpi {
        private final SSLContext other;
        private final Consumer<SSLSocket> made;

        Spi(SSLContext other, Consumer<SSLSocket> made) {
            this.other = other;
            this.made = made;
        }

        @Override
        protected void engineInit(
                KeyManager @Nullable [] keys,
                TrustManager @Nullable [] trust,
                @Nullable SecureRandom random)
                throws KeyManagementException {
            throw new KeyManagementException("it is ready");
        }

        @Override
        protected SSLSocketFactory engineGetSocketFactory() {
            return new Sockets(other.getSocketFactory(), made);
        }

        @Override
        protected SSLServerSocketFactory engineGetServerSocketFactory() {
            return other.getServerSocketFactory();
        }

        @Override
        protected SSLEngine engineCreateSSLEngine() {
            return other.createSSLEngine();
        }

        @Override
        protected SSLEngine engineCreateSSLEngine(String host, int port) {
            return other.createSSLEngine(host, port);
        }

        @Override
        protected SSLSessionContext engineGetServerSessionContext() {
            return other.getServerSessionContext();
        }

        @Override
        protected SSLSessionContext engineGetClientSessionContext() {
            return other.getClientSessionContext();
        }

        @Override
        protected SSLParameters engineGetDefaultSSLParameters() {
            return other.getDefaultSSLParameters();
        }

        @Override
        protected SSLParameters engineGetSupportedSSLParameters() {
            return other.getSupportedSSLParameters();
        }
    }

    private static final class Sockets extends SSLSocketFactory {
        private final SSLSocketFactory other;
        private final Consumer<SSLSocket> made;

        Sockets(SSLSocketFactory other, Consumer<SSLSocket> made) {
            this.other = other;
            this.made = made;
        }

        private Socket told(Socket socket) {
            made.accept((SSLSocket) socket);
            return socket;
        }

        @Override
        public Socket createSocket() throws IOException {
            return told(other.createSocket());
        }

        @Override
        public Socket createSocket(Socket under, String host, int port, boolean isClosedToo)
                throws IOException {
            return told(other.createSocket(under, host, port, isClosedToo));
        }

        @Override
        public Socket createSocket(Socket under, InputStream consumed, boolean isClosedToo)
                throws IOException {
            return told(other.createSocket(under, consumed, isClosedToo));
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            return told(other.createSocket(host, port));
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort)
                throws IOException {
            return told(other.createSocket(host, port, local, localPort));
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return told(other.createSocket(host, port));
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
                throws IOException {
            return told(other.createSocket(host, port, local, localPort));
        }

        @Override
        public String[] getDefaultCipherSuites() {
            return other.getDefaultCipherSuites();
        }

        @Override
        public String[] getSupportedCipherSuites() {
            return other.getSupportedCipherSuites();
        }
    }
}
