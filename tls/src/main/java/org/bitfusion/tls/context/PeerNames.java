package org.bitfusion.tls.context;

import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Whether a certificate is for the host that was dialled: one of its names or addresses, exactly;
/// the pool's certificates have no wildcards.
final class PeerNames {
    private static final int DNS = 2;
    private static final int IP = 7;

    private PeerNames() {}

    static boolean isFor(X509Certificate certificate, String host) {
        @Nullable InetAddress address = literal(host);
        Collection<List<?>> names;
        try {
            names = certificate.getSubjectAlternativeNames();
        } catch (CertificateParsingException _) {
            return false;
        }
        if (names == null) {
            return false;
        }
        return names.stream()
                .anyMatch(name ->
                        name.get(1) instanceof String text
                                && (address == null
                                        ? name.get(0).equals(DNS) && text.equalsIgnoreCase(host)
                                        : name.get(0).equals(IP) && address.equals(literal(text))));
    }

    /// Without asking a name server.
    private static @Nullable InetAddress literal(String host) {
        String plain =
                host.startsWith("[") && host.endsWith("]")
                        ? host.substring(1, host.length() - 1)
                        : host;
        int scope = plain.indexOf('%');
        try {
            return InetAddress.ofLiteral(scope < 0 ? plain : plain.substring(0, scope));
        } catch (IllegalArgumentException _) {
            return null;
        }
    }
}
