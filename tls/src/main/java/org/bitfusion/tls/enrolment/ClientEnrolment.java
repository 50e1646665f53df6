package org.bitfusion.tls.enrolment;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.tls.Names;

/// What a client sends to be enrolled; nothing of it is true because it says so.
///
/// @param token as it lies in `client.yaml`
/// @param request PKCS#10 as PEM
/// @param name a label: mostly the host's name
/// @param claimedId of a client that it says to have been; it proves that by `before`
/// @param before the chain of the certificate that it had, which may have ended: the request must
///   be for the same key
public record ClientEnrolment(
        String token,
        String request,
        String name,
        Optional<UUID> claimedId,
        List<X509Certificate> before) {
    public ClientEnrolment {
        before = List.copyOf(before);
    }

    /// Of somebody new.
    public static ClientEnrolment of(String token, String request, String name) {
        return new ClientEnrolment(token, request, name, Optional.empty(), List.of());
    }

    /// Without the token's secret.
    @Override
    public String toString() {
        return "ClientEnrolment[" + Names.shown(name) + "]";
    }
}
