package org.bitfusion.tls.authority;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;

/// When a certificate is to be renewed: after two thirds of its life, a little earlier for some
/// than for others, so that a thousand clients enrolled in one hour do not come back in one hour.
public enum Renewal {
    NOT_DUE,
    DUE,
    /// Too late to renew: the holder needs a token again.
    EXPIRED;

    /// Renewals are spread over a twelfth of a lifetime, in so many steps.
    private static final int SPREAD = 256;

    public static Renewal of(X509Certificate certificate, Instant now) {
        if (!now.isBefore(certificate.getNotAfter().toInstant())) {
            return EXPIRED;
        }
        return now.isBefore(dueAt(certificate)) ? NOT_DUE : DUE;
    }

    /// The same for a certificate at any time and place: its serial number decides.
    public static Instant dueAt(X509Certificate certificate) {
        Instant begin = certificate.getNotBefore().toInstant();
        Duration life = Duration.between(begin, certificate.getNotAfter().toInstant());
        int part = Math.floorMod(certificate.getSerialNumber().intValue(), SPREAD);
        Duration earlier = life.dividedBy(12).multipliedBy(part).dividedBy(SPREAD);
        return begin.plus(life.multipliedBy(2).dividedBy(3)).minus(earlier);
    }
}
