package org.bitfusion.protocol;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSession;

/// What the two ends of one TLS connection have in common and nobody else ("tls-exporter", RFC
/// 9266). Proofs that cover it show that nobody stands in between, whatever certificates say.
public final class ChannelBinding {
    /// Of a connection without TLS: covers nothing.
    public static final ChannelBinding NONE = new ChannelBinding(new byte[0]);

    /// Of the exporter whose bytes make it up.
    public static final String LABEL = "EXPORTER-Channel-Binding";

    /// Of the exporter whose bytes are [#accessSecret].
    public static final String ACCESS_LABEL = "EXPORTER-Bitfusion-Access";

    /// Bytes of a binding.
    public static final int BYTES = 32;

    private final byte[] bytes;

    private ChannelBinding(byte[] bytes) {
        this.bytes = bytes;
    }

    /// @param session whose handshake is over
    /// @throws SSLException if it is not TLS 1.3
    public static ChannelBinding of(SSLSession session) throws SSLException {
        return new ChannelBinding(exported(session, LABEL, BYTES));
    }

    /// @param exported by whatever speaks TLS 1.3 here, with [#LABEL] and without a context
    public static ChannelBinding of(byte[] exported) {
        if (exported.length != BYTES) {
            throw new IllegalArgumentException(
                    "exported: " + exported.length + " bytes (expected: " + BYTES + ")");
        }
        return new ChannelBinding(exported.clone());
    }

    /// What stands in the access secret's place where certificates have told both ends who the
    /// other is.
    public static Secret accessSecret(SSLSession session) throws SSLException {
        return Secret.parse(
                HexFormat.of().formatHex(exported(session, ACCESS_LABEL, Secret.BYTES)));
    }

    private static byte[] exported(SSLSession session, String label, int byteCount)
            throws SSLException {
        if (!(session instanceof ExtendedSSLSession extended)
                || !session.getProtocol().equals("TLSv1.3")) {
            throw new SSLException("no TLS 1.3: " + session.getProtocol());
        }
        return extended.exportKeyingMaterialData(label, new byte[0], byteCount);
    }

    ByteBuffer bytes() {
        return ByteBuffer.wrap(bytes);
    }

    @Override
    public String toString() {
        return bytes.length == 0 ? "no channel binding" : "a channel binding";
    }
}
