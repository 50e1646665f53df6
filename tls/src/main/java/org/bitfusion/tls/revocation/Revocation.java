package org.bitfusion.tls.revocation;

import java.time.Instant;
import org.bitfusion.tls.store.Fields;

/// One entry of the revocation list.
///
/// @param by who revoked it
/// @param reason for people
/// @param until when every certificate that it concerns has ended, so that the entry may go
public record Revocation(Revoked what, String by, String reason, Instant at, Instant until) {
    private static final String KIND = "revocation";

    Fields fields() {
        return Fields.of(KIND)
                .with("by", by)
                .with("reason", reason)
                .with("at", at)
                .with("until", until);
    }

    static Revocation decode(Revoked what, byte[] content) {
        Fields fields = Fields.decode(KIND, content);
        return new Revocation(
                what,
                fields.text("by"),
                fields.text("reason"),
                fields.instant("at"),
                fields.instant("until"));
    }
}
