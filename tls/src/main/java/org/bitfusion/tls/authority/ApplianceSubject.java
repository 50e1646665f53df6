package org.bitfusion.tls.authority;

import java.net.InetAddress;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.bitfusion.tls.Names;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;

/// What the issuer writes into an appliance's certificate.
///
/// @param hostNames DNS names under which it is reached; `name` is one of the certificate's names
///   too
/// @param addresses every address of it, of all its networks, as text: `10.0.0.1`, `fd00::1`
public record ApplianceSubject(
        UUID id, String name, List<String> hostNames, List<String> addresses) {
    private static final int MOST_NAMES = 64;

    /// The library takes 10.1 for 10.0.0.1 too, and networks' scopes, which mean nothing elsewhere.
    private static final Pattern FORM =
            Pattern.compile("[0-9]{1,3}([.][0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

    public ApplianceSubject {
        Names.requireHostName("appliance name", name);
        hostNames.forEach(host -> Names.requireHostName("host name", host));
        if (hostNames.size() + addresses.size() > MOST_NAMES) {
            throw new TlsException(
                    TlsError.NAME_UNACCEPTABLE,
                    hostNames.size() + addresses.size() + " names (expected: at most 64)");
        }
        addresses.forEach(ApplianceSubject::address);
        hostNames = List.copyOf(hostNames);
        addresses = List.copyOf(addresses);
    }

    public ApplianceSubject withId(UUID other) {
        return new ApplianceSubject(other, name, hostNames, addresses);
    }

    /// Without asking a name server.
    static InetAddress address(String text) {
        if (FORM.matcher(text).matches()) {
            try {
                return InetAddress.ofLiteral(text);
            } catch (IllegalArgumentException _) {
                // As below.
            }
        }
        throw new TlsException(
                TlsError.NAME_UNACCEPTABLE,
                "address: \""
                        + Names.shown(text)
                        + "\" (expected: an IPv4 or IPv6 address such as 10.0.0.1)");
    }
}
