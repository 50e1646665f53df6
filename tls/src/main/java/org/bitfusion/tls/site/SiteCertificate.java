package org.bitfusion.tls.site;

import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.CertificateDescription;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;

/// Checks a site's own certificate for the web port before it is used: the key belongs to it, the
/// chain is complete, it is valid now and good for servers.
public final class SiteCertificate {
    private static final Duration SOON = Duration.ofDays(30);
    private static final int LEAST_RSA_BITS = 2048;
    private static final int MOST_CERTIFICATES = 10;

    private final Set<X509Certificate> roots;
    private final List<String> names;
    private final Instant now;

    /// @param roots authorities that need not be in the file: [#systemRoots], mostly
    /// @param names under which the web port is reached; those not covered are warned of
    public SiteCertificate(Set<X509Certificate> roots, List<String> names, Instant now) {
        this.roots = Set.copyOf(roots);
        this.names = List.copyOf(names);
        this.now = now;
    }

    /// The authorities that this JVM believes.
    public static Set<X509Certificate> systemRoots() {
        try {
            TrustManagerFactory factory =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init((KeyStore) null);
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509TrustManager trust) {
                    return Set.of(trust.getAcceptedIssuers());
                }
            }
            return Set.of();
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no trust store", exception);
        }
    }

    /// @param chainPem the certificate and all intermediates, in any order
    /// @param keyPem its private key
    public SiteCheck check(String chainPem, String keyPem, Optional<char[]> passphrase) {
        List<X509Certificate> given;
        PrivateKey key;
        try {
            given = Certificates.read(chainPem);
            key = PrivateKeys.read(keyPem, passphrase);
        } catch (TlsException exception) {
            return new SiteCheck.Unusable(List.of(String.valueOf(exception.getMessage())));
        }
        Optional<X509Certificate> own =
                given.stream()
                        .filter(certificate ->
                                Identity.belongTogether(key, certificate.getPublicKey()))
                        .findFirst();
        if (own.isEmpty()) {
            return new SiteCheck.Unusable(
                    List.of(
                            "the private key belongs to none of the certificates ("
                                    + name(given.getFirst())
                                    + (given.size() > 1 ? ", ..." : "")
                                    + "); give the key with which this certificate was requested"));
        }
        List<String> problems = new ArrayList<>();
        List<X509Certificate> chain = ordered(own.get(), given, problems);
        chain.forEach(certificate -> checkOne(certificate, problems));
        checkUsage(own.get(), problems);
        return problems.isEmpty()
                ? new SiteCheck.Usable(new Identity(key, chain), warnings(own.get()))
                : new SiteCheck.Unusable(problems);
    }

    /// From the own certificate up to what a root signed; the root itself is not shown to browsers.
    private List<X509Certificate> ordered(
            X509Certificate own, List<X509Certificate> given, List<String> problems) {
        List<X509Certificate> chain = new ArrayList<>(List.of(own));
        while (chain.size() <= MOST_CERTIFICATES) {
            X509Certificate last = chain.getLast();
            if (isSignedBy(last, last)) {
                if (chain.size() > 1) {
                    chain.removeLast();
                }
                return chain;
            }
            Optional<X509Certificate> issuer =
                    given.stream().filter(other -> isSignedBy(last, other)).findFirst();
            if (issuer.isEmpty()) {
                if (roots.stream().noneMatch(root -> isSignedBy(last, root))) {
                    problems.add(
                            "the chain is not complete: "
                                    + name(last)
                                    + " was issued by \""
                                    + last.getIssuerX500Principal().getName()
                                    + "\", whose certificate is missing; append it to the file");
                }
                return chain;
            }
            chain.add(issuer.get());
        }
        problems.add(
                "the chain has more than 10 certificates; leave out what does not belong to it");
        return chain;
    }

    private void checkOne(X509Certificate certificate, List<String> problems) {
        Instant from = certificate.getNotBefore().toInstant();
        Instant until = certificate.getNotAfter().toInstant();
        if (!now.isBefore(until)) {
            problems.add(name(certificate) + " ended at " + until + "; request a new one");
        }
        if (now.isBefore(from)) {
            problems.add(
                    name(certificate)
                            + " begins at "
                            + from
                            + " only, this machine's clock says "
                            + now
                            + "; check the clock, or wait");
        }
        String signature = certificate.getSigAlgName().toUpperCase(Locale.ROOT);
        if (signature.startsWith("SHA1") || signature.startsWith("MD")) {
            problems.add(
                    name(certificate)
                            + " is signed with "
                            + certificate.getSigAlgName()
                            + ", which browsers refuse; request one signed with SHA-256");
        }
        if (certificate.getPublicKey() instanceof RSAPublicKey rsa
                && rsa.getModulus().bitLength() < LEAST_RSA_BITS) {
            problems.add(
                    name(certificate)
                            + " has an RSA key of "
                            + rsa.getModulus().bitLength()
                            + " bits; request one for at least 2048 bits, or for P-256");
        }
    }

    private static void checkUsage(X509Certificate own, List<String> problems) {
        List<String> usages = CertificateDescription.of(own).usages();
        if (!usages.isEmpty() && !usages.contains("serverAuth")) {
            problems.add(
                    name(own)
                            + " is not for servers (its extended key usage is "
                            + String.join(", ", usages)
                            + "); request one with serverAuth");
        }
    }

    private List<String> warnings(X509Certificate own) {
        List<String> warnings = new ArrayList<>();
        Instant until = own.getNotAfter().toInstant();
        if (now.plus(SOON).isAfter(until)) {
            warnings.add("it ends at " + until + ", in less than 30 days");
        }
        if (isSignedBy(own, own)) {
            warnings.add(
                    "it is signed by itself: browsers warn of it until they are told to trust it");
        }
        if (own.getPublicKey().getAlgorithm().equals("EdDSA")) {
            warnings.add("browsers and vCenter do not know Ed25519: take P-256 or RSA");
        }
        List<String> covered = CertificateDescription.of(own).alternativeNames();
        for (String wanted : names) {
            if (covered.stream().noneMatch(entry -> covers(entry, wanted))) {
                warnings.add("it is not for " + wanted + " but for " + String.join(", ", covered));
            }
        }
        return warnings;
    }

    /// RFC 6125, 6.4.3: an asterisk stands for one label, the first.
    private static boolean covers(String entry, String wanted) {
        String name = entry.substring(entry.indexOf(':') + 1);
        if (name.equalsIgnoreCase(wanted)) {
            return true;
        }
        int dot = wanted.indexOf('.');
        return entry.startsWith("DNS:*.")
                && dot > 0
                && name.substring(1).equalsIgnoreCase(wanted.substring(dot));
    }

    private static boolean isSignedBy(X509Certificate certificate, X509Certificate issuer) {
        if (!certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
            return false;
        }
        try {
            certificate.verify(issuer.getPublicKey());
            return true;
        } catch (GeneralSecurityException _) {
            return false;
        }
    }

    private static String name(X509Certificate certificate) {
        return "\"" + certificate.getSubjectX500Principal().getName() + "\"";
    }
}
