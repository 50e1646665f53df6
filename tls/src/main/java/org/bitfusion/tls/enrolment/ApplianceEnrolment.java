package org.bitfusion.tls.enrolment;

import java.util.List;
import org.bitfusion.tls.Names;

/// What an appliance sends to join a pool.
///
/// @param token one made for it
/// @param request PKCS#10 as PEM
/// @param addresses every address under which it will be reached
public record ApplianceEnrolment(
        String token, String request, String name, List<String> hostNames, List<String> addresses) {
    public ApplianceEnrolment {
        hostNames = List.copyOf(hostNames);
        addresses = List.copyOf(addresses);
    }

    /// Without the token's secret.
    @Override
    public String toString() {
        return "ApplianceEnrolment[" + Names.shown(name) + "]";
    }
}
