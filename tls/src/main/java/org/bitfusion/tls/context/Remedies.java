package org.bitfusion.tls.context;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.tls.Names;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.pem.CertificateDescription;
import org.bitfusion.tls.revocation.Revocation;

/// What is said of a peer's certificate that is not accepted: what is wrong, and what to do.
final class Remedies {
    private static final Pattern POOL = Pattern.compile("O=Bitfusion pool ([0-9a-f]{16})");
    private static final String ENROL_ANEW =
            "remove ~/.bitfusion/client.yaml and ~/.bitfusion/servers.conf and enrol with a token of"
                    + " ";

    private Remedies() {}

    /// @param isClient whether a client looks at an appliance, and not an appliance at its peer
    static PeerRefused unknownAuthority(X509Certificate certificate, PoolId own, boolean isClient) {
        Optional<PoolId> other = pool(certificate);
        String head = "x509: certificate signed by unknown authority: ";
        if (other.isEmpty() || other.get().equals(own)) {
            return new PeerRefused(
                    TlsError.UNKNOWN_AUTHORITY,
                    head
                            + name(certificate)
                            + " shows a certificate that pool "
                            + own
                            + " did not issue; "
                            + (isClient
                                    ? "check the address in servers.conf, and that nothing between"
                                            + " opens TLS connections"
                                    : "enrol it with a token of this pool"));
        }
        return new PeerRefused(
                TlsError.CERTIFICATE_OF_ANOTHER_POOL,
                head
                        + name(certificate)
                        + " belongs to pool "
                        + other.get()
                        + ", this side to pool "
                        + own
                        + "; "
                        + (isClient
                                ? "if the pool was made anew, " + ENROL_ANEW + "the new pool"
                                : "on that machine " + ENROL_ANEW + "this pool"));
    }

    static PeerRefused expired(X509Certificate certificate, Instant now, boolean isClient) {
        return new PeerRefused(
                TlsError.CERTIFICATE_EXPIRED,
                "the certificate of "
                        + name(certificate)
                        + " ended at "
                        + certificate.getNotAfter().toInstant()
                        + ", this machine's clock says "
                        + seconds(now)
                        + "; if the clock is right, "
                        + (isClient
                                ? "run there: bitfusion tls-certs renew"
                                : "enrol that client again with a token (on an appliance:"
                                        + " bitfusion tls-certs renew)"));
    }

    static PeerRefused notYetValid(X509Certificate certificate, Instant now) {
        Instant from = certificate.getNotBefore().toInstant();
        Duration ahead = Duration.between(now, from);
        return new PeerRefused(
                TlsError.CERTIFICATE_NOT_YET_VALID,
                "the certificate of "
                        + name(certificate)
                        + " begins at "
                        + from
                        + ", this machine's clock says "
                        + seconds(now)
                        + ": the clocks differ by at least "
                        + ahead.toMinutes()
                        + " min "
                        + ahead.toSecondsPart()
                        + " s; set both by NTP (timedatectl set-ntp true)");
    }

    static PeerRefused wrongRole(X509Certificate certificate, PeerRole role, boolean isClient) {
        return new PeerRefused(
                TlsError.CERTIFICATE_OF_WRONG_ROLE,
                name(certificate)
                        + " shows the certificate of "
                        + (role == PeerRole.CLIENT ? "a client" : "an appliance")
                        + (isClient
                                ? " where an appliance's is needed; check the address in servers.conf"
                                : ", which is not let in here"));
    }

    static PeerRefused revoked(X509Certificate certificate, Revocation entry) {
        return new PeerRefused(
                TlsError.CERTIFICATE_REVOKED,
                "the certificate of "
                        + name(certificate)
                        + " was revoked at "
                        + entry.at()
                        + " by "
                        + Names.shown(entry.by())
                        + " ("
                        + Names.shown(entry.reason())
                        + "); an administrator can enable the client again, or "
                        + ENROL_ANEW
                        + "this pool");
    }

    static PeerRefused otherAddress(X509Certificate certificate, String host) {
        List<String> names =
                CertificateDescription.of(certificate).alternativeNames().stream()
                        .filter(name -> !name.startsWith("URI:"))
                        .toList();
        return new PeerRefused(
                TlsError.CERTIFICATE_FOR_OTHER_ADDRESS,
                "the certificate of "
                        + name(certificate)
                        + " is not for "
                        + Names.shown(host)
                        + " but for "
                        + String.join(", ", names)
                        + "; use one of these in servers.conf, or run there: bitfusion tls-certs"
                        + " renew");
    }

    static PeerRefused otherSession() {
        return new PeerRefused(
                TlsError.SESSION_CERTIFICATE_WRONG,
                "the data port shows another certificate than the dispatcher named: something else"
                        + " listens there, or stands in between; check the network between client"
                        + " and appliance");
    }

    static PeerRefused malformed(String what) {
        return new PeerRefused(
                TlsError.CERTIFICATE_MALFORMED, "the peer's certificate chain " + what);
    }

    /// What an unchecked certificate claims; good enough for a message.
    static Optional<PoolId> pool(X509Certificate certificate) {
        Matcher matcher = POOL.matcher(certificate.getIssuerX500Principal().getName());
        return matcher.find() ? PoolId.parse(matcher.group(1)) : Optional.empty();
    }

    private static String name(X509Certificate certificate) {
        return "\"" + Names.shown(certificate.getSubjectX500Principal().getName()) + "\"";
    }

    private static Instant seconds(Instant now) {
        return now.truncatedTo(java.time.temporal.ChronoUnit.SECONDS);
    }
}
