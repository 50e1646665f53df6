package org.bitfusion.tls.context;

import java.net.Socket;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bitfusion.tls.identity.Identity;

/// Trusts one certificate, whoever issued it and whatever it says.
final class PinnedTrustManager extends X509ExtendedTrustManager {
    private final byte[] fingerprint;

    /// @param fingerprint SHA-256 in hexadecimal digits, as [Identity#fingerprint] gives it
    PinnedTrustManager(String fingerprint) {
        this.fingerprint = HexFormat.of().parseHex(fingerprint);
        if (this.fingerprint.length != 32) {
            throw new IllegalArgumentException(
                    "fingerprint: " + fingerprint.length() + " characters (expected: 64)");
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws PeerRefused {
        byte[] shown = HexFormat.of().parseHex(Identity.fingerprint(chain[0]));
        if (!MessageDigest.isEqual(fingerprint, shown)) {
            throw Remedies.otherSession();
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
            throws PeerRefused {
        checkServerTrusted(chain, type);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws PeerRefused {
        checkServerTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
            throws CertificateException {
        throw new CertificateException("no certificate of a client is accepted here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
            throws CertificateException {
        checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
            throws CertificateException {
        checkClientTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
    }
}
