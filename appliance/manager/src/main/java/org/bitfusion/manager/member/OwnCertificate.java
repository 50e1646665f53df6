package org.bitfusion.manager.member;

import java.net.InetAddress;
import java.security.KeyPair;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.bitfusion.tls.authority.ApplianceSubject;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;

/// The appliance's own certificate: what stands in it, and how it is had where the authority can be
/// opened.
final class OwnCertificate {
    /// A subject's alternative name that is an address (RFC 5280, 4.2.1.6).
    private static final Integer ADDRESS = 7;

    private OwnCertificate() {}

    /// Its addresses, and those under which the machine reaches itself.
    static List<String> addresses(ManagerSettings settings) {
        return Stream.concat(
                        settings.allAddresses().stream().filter(OwnCertificate::isAddress),
                        Stream.of("127.0.0.1"))
                .distinct()
                .toList();
    }

    static List<String> hostNames(ManagerSettings settings) {
        return Stream.concat(
                        settings.addresses().stream().filter(each -> !isAddress(each)),
                        Stream.of("localhost"))
                .distinct()
                .toList();
    }

    /// Whether a certificate names every address at which clients look for the appliance.
    static boolean isNamedBy(X509Certificate certificate, ManagerSettings settings) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            return names != null
                    && names.stream()
                            .filter(name -> ADDRESS.equals(name.getFirst()))
                            .map(name -> InetAddress.ofLiteral(String.valueOf(name.get(1))))
                            .toList()
                            .containsAll(
                                    addresses(settings).stream()
                                            .map(InetAddress::ofLiteral)
                                            .toList());
        } catch (CertificateParsingException | IllegalArgumentException _) {
            return false;
        }
    }

    private static boolean isAddress(String text) {
        return text.indexOf(':') >= 0 || text.matches("[0-9.]+");
    }

    static Identity issue(
            CertificateAuthority authority, UUID id, ManagerSettings settings, Instant now) {
        KeyPair pair = PrivateKeys.generate();
        CertificateRequest request =
                CertificateRequest.parse(CertificateRequest.write(pair, settings.name()));
        List<X509Certificate> chain =
                authority.issueAppliance(
                        new ApplianceSubject(
                                id, settings.name(), hostNames(settings), addresses(settings)),
                        request,
                        now);
        return new Identity(pair.getPrivate(), chain);
    }
}
