package org.bitfusion.worker.channel;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// TLS with a key of this process's own, which dies with it: no key of the pool or of the appliance
/// is ever here. Its certificate says nothing; the hello's proofs, which cover the connection's
/// [org.bitfusion.protocol.ChannelBinding], say who is at both ends.
public final class EphemeralTls {
    private static final String[] PROTOCOLS = {"TLSv1.3"};
    private static final String[] SUITES = {
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"
    };
    private static final char[] NO_PASSWORD = {};

    /// DER of ecdsa-with-SHA256 (RFC 5758, 3.2), of a name "CN=worker", and of a validity until the
    /// end of 2049, which nobody looks at.
    private static final byte[] ALGORITHM = {
        0x30, 0x0a, 0x06, 0x08, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 0x04, 0x03, 0x02
    };

    private static final byte[] COMMON_NAME = {0x06, 0x03, 0x55, 0x04, 0x03};
    private static final int INTEGER = 0x02;
    private static final int BIT_STRING = 0x03;
    private static final int UTF8 = 0x0c;
    private static final int UTC_TIME = 0x17;
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;

    private final SSLContext context;

    private EphemeralTls(SSLContext context) {
        this.context = context;
    }

    /// With a new key.
    public static EphemeralTls create() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry(
                    "worker",
                    pair.getPrivate(),
                    NO_PASSWORD,
                    new Certificate[] {certificate(pair)});
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(store, NO_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLSv1.3");
            context.init(keys.getKeyManagers(), new TrustManager[] {new AnyCertificate()}, null);
            return new EphemeralTls(context);
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("this JVM has no TLS 1.3", e);
        }
    }

    /// Shakes hands as the server.
    public TlsChannel accept(SocketChannel socket) throws IOException {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        engine.setEnabledProtocols(PROTOCOLS);
        engine.setEnabledCipherSuites(SUITES);
        return new TlsChannel(socket, engine);
    }

    /// Shakes hands as a client. Who is at the other end only the hello's proofs can say.
    public TlsChannel connect(SocketChannel socket) throws IOException {
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(true);
        engine.setEnabledProtocols(PROTOCOLS);
        engine.setEnabledCipherSuites(SUITES);
        return new TlsChannel(socket, engine);
    }

    /// Certificates say nothing here.
    private static final class AnyCertificate extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    /// RFC 5280, 4.1, version 1.
    private static Certificate certificate(KeyPair pair)
            throws GeneralSecurityException, IOException {
        byte[] name =
                element(
                        SEQUENCE,
                        element(
                                SET,
                                element(
                                        SEQUENCE,
                                        joined(COMMON_NAME, element(UTF8, ascii("worker"))))));
        byte[] validity =
                element(
                        SEQUENCE,
                        joined(
                                element(UTC_TIME, ascii("250101000000Z")),
                                element(UTC_TIME, ascii("491231235959Z"))));
        byte[] serial = element(INTEGER, new byte[] {1});
        byte[] told =
                element(
                        SEQUENCE,
                        joined(
                                serial,
                                ALGORITHM,
                                name,
                                validity,
                                name,
                                pair.getPublic().getEncoded()));
        Signature signer = Signature.getInstance("SHA256withECDSA");
        signer.initSign(pair.getPrivate());
        signer.update(told);
        byte[] signature = element(BIT_STRING, joined(new byte[1], signer.sign()));
        return CertificateFactory.getInstance("X.509")
                .generateCertificate(
                        new ByteArrayInputStream(
                                element(SEQUENCE, joined(told, ALGORITHM, signature))));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /// Tag, length (up to 65535) and contents.
    private static byte[] element(int tag, byte[] contents) throws IOException {
        int length = contents.length;
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        head.write(tag);
        if (length > 0xff) {
            head.write(0x82);
            head.write(length >> 8);
        } else if (length > 0x7f) {
            head.write(0x81);
        }
        head.write(length);
        return joined(head.toByteArray(), contents);
    }

    private static byte[] joined(byte[]... parts) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.write(part);
        }
        return out.toByteArray();
    }
}
