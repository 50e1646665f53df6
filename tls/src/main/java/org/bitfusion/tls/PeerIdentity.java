package org.bitfusion.tls;

import java.math.BigInteger;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Who a certificate of the pool says its holder is. Worth nothing before the certificate's chain
/// has been checked.
///
/// @param name a label for people: a client's host name as it claimed it, an appliance's host name
/// @param serial of the certificate
public record PeerIdentity(
        PoolId pool,
        PeerRole role,
        UUID id,
        String name,
        BigInteger serial,
        Instant notBefore,
        Instant notAfter) {
    private static final int URI = 6;
    private static final Pattern FORM =
            Pattern.compile("bitfusion://([0-9a-f]{16})/(appliance|client)/([0-9a-f-]{36})");

    /// RFC 2253 puts the name's last part first; what [Names] allows needs no escapes there.
    private static final Pattern NAME = Pattern.compile("^CN=([A-Za-z0-9._-]{1,64})(,|$)");

    /// The name under which a certificate holds role and id: a URI among its alternative names.
    public static String uri(PoolId pool, PeerRole role, UUID id) {
        return "bitfusion://" + pool + "/" + role.word() + "/" + id;
    }

    /// Empty if no pool issued such a certificate.
    public static Optional<PeerIdentity> of(X509Certificate certificate) {
        List<String> uris;
        try {
            uris = alternativeNames(certificate, URI);
        } catch (CertificateParsingException _) {
            return Optional.empty();
        }
        if (uris.size() != 1) {
            return Optional.empty();
        }
        Matcher matcher = FORM.matcher(uris.getFirst());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        UUID id;
        try {
            id = UUID.fromString(matcher.group(3));
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
        PeerRole role =
                matcher.group(2).equals(PeerRole.CLIENT.word())
                        ? PeerRole.CLIENT
                        : PeerRole.APPLIANCE;
        return Optional.of(
                new PeerIdentity(
                        new PoolId(matcher.group(1)),
                        role,
                        id,
                        commonName(certificate).orElse(""),
                        certificate.getSerialNumber(),
                        certificate.getNotBefore().toInstant(),
                        certificate.getNotAfter().toInstant()));
    }

    private static List<String> alternativeNames(X509Certificate certificate, int kind)
            throws CertificateParsingException {
        @Nullable Iterable<List<?>> names = certificate.getSubjectAlternativeNames();
        if (names == null) {
            return List.of();
        }
        List<String> found = new ArrayList<>();
        for (List<?> name : names) {
            if (name.get(0) instanceof Integer type && type == kind) {
                found.add(String.valueOf(name.get(1)));
            }
        }
        return found;
    }

    private static Optional<String> commonName(X509Certificate certificate) {
        Matcher matcher = NAME.matcher(certificate.getSubjectX500Principal().getName());
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }
}
