package org.bitfusion.cli.pool;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.Signature;
import org.bitfusion.tls.pem.PemBlock;

/// A certificate signing request (PKCS#10, RFC 2986) for a P-256 key, written by hand:
/// BouncyCastle, which writes it elsewhere, is not among the client's libraries.
///
/// ```
/// SEQUENCE {
///   SEQUENCE { INTEGER 0, SEQUENCE { SET { SEQUENCE { OID commonName, UTF8String } } }, key, [0] {} }
///   SEQUENCE { OID ecdsa-with-SHA256 }
///   BIT STRING signature
/// }
/// ```
public final class SigningRequest {
    private static final int SEQUENCE = 0x30;
    private static final int SET = 0x31;
    private static final int UTF8_STRING = 0x0C;
    private static final int BIT_STRING = 0x03;
    private static final int NO_ATTRIBUTES = 0xA0;

    /// 2.5.4.3
    private static final byte[] COMMON_NAME = {0x06, 0x03, 0x55, 0x04, 0x03};

    /// 1.2.840.10045.4.3.2
    private static final byte[] ECDSA_WITH_SHA256 = {
        0x06, 0x08, 0x2A, (byte) 0x86, 0x48, (byte) 0xCE, 0x3D, 0x04, 0x03, 0x02
    };

    private static final byte[] VERSION = {0x02, 0x01, 0x00};

    private SigningRequest() {}

    /// As PEM text, signed with the pair's private key.
    ///
    /// @param name for people who look at it
    public static String write(KeyPair pair, String name) {
        byte[] label =
                tagged(
                        SEQUENCE,
                        COMMON_NAME,
                        tagged(UTF8_STRING, name.getBytes(StandardCharsets.UTF_8)));
        byte[] body =
                tagged(
                        SEQUENCE,
                        VERSION,
                        tagged(SEQUENCE, tagged(SET, label)),
                        pair.getPublic().getEncoded(),
                        tagged(NO_ATTRIBUTES));
        byte[] request =
                tagged(
                        SEQUENCE,
                        body,
                        tagged(SEQUENCE, ECDSA_WITH_SHA256),
                        tagged(BIT_STRING, new byte[1], signature(pair, body)));
        return new PemBlock("CERTIFICATE REQUEST", request).text();
    }

    private static byte[] signature(KeyPair pair, byte[] body) {
        try {
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(pair.getPrivate());
            signature.update(body);
            return signature.sign();
        } catch (GeneralSecurityException exception) {
            throw new IllegalArgumentException("pair: (expected: an EC key pair)", exception);
        }
    }

    /// Tag, length (X.690, 8.1.3) and the parts.
    private static byte[] tagged(int tag, byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(length + 4);
        out.write(tag);
        if (length >= 0x100) {
            out.write(0x82);
            out.write(length >> 8);
        } else if (length >= 0x80) {
            out.write(0x81);
        }
        out.write(length);
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }
}
