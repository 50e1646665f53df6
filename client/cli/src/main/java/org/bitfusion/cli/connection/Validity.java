package org.bitfusion.cli.connection;

import java.time.Instant;
import org.bitfusion.tls.authority.Renewal;

/// What this client's own certificate says of its time.
///
/// @param lastOfSerial the last byte of the serial number, from 0
public record Validity(Instant notBefore, Instant notAfter, int lastOfSerial) {
    /// Whether it is to be renewed.
    public Renewal renewal(Instant now) {
        return Renewal.of(notBefore, notAfter, lastOfSerial, now);
    }
}
