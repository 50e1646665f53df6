package org.bitfusion.tls.pem;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What a person wants to know of a certificate.
///
/// @param alternativeNames as `DNS:host`, `IP:10.0.0.1`, `URI:...`
/// @param usages `serverAuth`, `clientAuth`, or the number of another extended usage
/// @param fingerprint SHA-256 of the certificate, as `openssl x509 -fingerprint -sha256` writes it
public record CertificateDescription(
        String subject,
        String issuer,
        String serial,
        List<String> alternativeNames,
        List<String> usages,
        Instant notBefore,
        Instant notAfter,
        String key,
        String fingerprint) {
    private static final int DNS = 2;
    private static final int URI = 6;
    private static final int IP = 7;

    public static CertificateDescription of(X509Certificate certificate) {
        return new CertificateDescription(
                certificate.getSubjectX500Principal().getName(),
                certificate.getIssuerX500Principal().getName(),
                certificate.getSerialNumber().toString(16),
                alternativeNames(certificate),
                usages(certificate),
                certificate.getNotBefore().toInstant(),
                certificate.getNotAfter().toInstant(),
                key(certificate.getPublicKey()),
                fingerprint(Certificates.encode(certificate)));
    }

    /// For a terminal, a line each.
    public String text() {
        return """
        Subject:     %s
        Issuer:      %s
        Serial:      %s
        Names:       %s
        Usage:       %s
        Valid from:  %s
        Valid until: %s
        Key:         %s
        SHA-256:     %s
        """
                .formatted(
                        subject,
                        issuer,
                        serial,
                        alternativeNames.isEmpty() ? "-" : String.join(", ", alternativeNames),
                        usages.isEmpty() ? "-" : String.join(", ", usages),
                        notBefore,
                        notAfter,
                        key,
                        fingerprint);
    }

    /// SHA-256 as pairs of hexadecimal digits with colons between.
    public static String fingerprint(byte[] content) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
            return HexFormat.ofDelimiter(":").withUpperCase().formatHex(digest);
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no SHA-256", exception);
        }
    }

    private static List<String> alternativeNames(X509Certificate certificate) {
        List<String> names = new ArrayList<>();
        try {
            @Nullable Collection<List<?>> all = certificate.getSubjectAlternativeNames();
            for (List<?> name : all == null ? List.<List<?>>of() : all) {
                String kind =
                        switch ((Integer) name.get(0)) {
                            case DNS -> "DNS:";
                            case URI -> "URI:";
                            case IP -> "IP:";
                            default -> "other(" + name.get(0) + "):";
                        };
                names.add(kind + (name.get(1) instanceof String text ? text : "..."));
            }
        } catch (CertificateParsingException _) {
            names.add("(unreadable)");
        }
        return List.copyOf(names);
    }

    private static List<String> usages(X509Certificate certificate) {
        try {
            @Nullable List<String> usages = certificate.getExtendedKeyUsage();
            return usages == null
                    ? List.of()
                    : usages.stream().map(CertificateDescription::usage).toList();
        } catch (CertificateParsingException _) {
            return List.of("(unreadable)");
        }
    }

    /// RFC 5280, 4.2.1.12.
    private static String usage(String identifier) {
        return switch (identifier) {
            case "1.3.6.1.5.5.7.3.1" -> "serverAuth";
            case "1.3.6.1.5.5.7.3.2" -> "clientAuth";
            default -> identifier;
        };
    }

    private static String key(PublicKey key) {
        return switch (key) {
            case ECPublicKey elliptic ->
                    "EC P-" + elliptic.getParams().getCurve().getField().getFieldSize();
            case RSAPublicKey rsa -> "RSA " + rsa.getModulus().bitLength();
            default -> key.getAlgorithm().toUpperCase(Locale.ROOT);
        };
    }
}
