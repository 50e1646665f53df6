package org.bitfusion.tls.authority;

import java.security.cert.X509Certificate;
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
        return of(begin(certificate), end(certificate), lastOfSerial(certificate), now);
    }

    /// The same for who has read only this of a certificate.
    ///
    /// @param lastOfSerial the last byte of the serial number, from 0
    public static Renewal of(Instant begin, Instant end, int lastOfSerial, Instant now) {
        if (!now.isBefore(end)) {
            return EXPIRED;
        }
        return now.isBefore(dueAt(begin, end, lastOfSerial)) ? NOT_DUE : DUE;
    }

    /// The same for a certificate at any time and place: its serial number decides.
    public static Instant dueAt(X509Certificate certificate) {
        return dueAt(begin(certificate), end(certificate), lastOfSerial(certificate));
    }

    private static Instant dueAt(Instant begin, Instant end, int lastOfSerial) {
        // By hand: a duration divides by way of BigDecimal, which a command has no time for.
        long life = end.toEpochMilli() - begin.toEpochMilli();
        long earlier = life * lastOfSerial / (12L * SPREAD);
        return begin.plusMillis(life * 2 / 3 - earlier);
    }

    private static Instant begin(X509Certificate certificate) {
        return certificate.getNotBefore().toInstant();
    }

    private static Instant end(X509Certificate certificate) {
        return certificate.getNotAfter().toInstant();
    }

    private static int lastOfSerial(X509Certificate certificate) {
        return Math.floorMod(certificate.getSerialNumber().intValue(), SPREAD);
    }
}
