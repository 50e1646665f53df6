package org.bitfusion.tls.authority;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.pem.Certificates;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// Writes the pool's certificates (RFC 5280), each with a random serial number of 126 bits.
final class CertificateWriter {
    private static final String SIGNATURE = "SHA256withECDSA";
    private static final KeyPurposeId[] APPLIANCE = {
        KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
    };
    private static final KeyPurposeId[] CLIENT = {KeyPurposeId.id_kp_clientAuth};

    private final SecureRandom random = new SecureRandom();
    private final PoolId pool;

    CertificateWriter(PoolId pool) {
        this.pool = pool;
    }

    /// A key that signs, and the certificate that says so.
    record Issuer(X509Certificate certificate, PrivateKey key) {
        @Override
        public String toString() {
            return "Issuer[" + certificate.getSubjectX500Principal().getName() + "]";
        }
    }

    /// From when until when, in whole seconds.
    record Validity(Instant from, Instant until) {}

    /// Whose certificate is to be written.
    ///
    /// @param names among them the URI that says who it is
    record Subject(PeerRole role, String commonName, List<GeneralName> names) {}

    X509Certificate root(KeyPair pair, Validity validity) {
        X500Name name = name("root", "authority");
        X509v3CertificateBuilder builder = builder(name, name, pair.getPublic(), validity);
        try {
            authority(builder, pair.getPublic(), 1);
            return sign(builder, pair.getPrivate());
        } catch (IOException | GeneralSecurityException exception) {
            throw impossible(exception);
        }
    }

    /// @param role the peers whose certificates it signs: its own extended usage binds it to them
    X509Certificate intermediate(
            PeerRole role, int generation, PublicKey key, Issuer root, Validity validity) {
        X500Name name = name(role.word() + "s " + generation, "authority");
        X509v3CertificateBuilder builder = builder(subjectOf(root), name, key, validity);
        try {
            authority(builder, key, 0);
            builder.addExtension(
                    Extension.authorityKeyIdentifier,
                    false,
                    new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(root.certificate()));
            builder.addExtension(Extension.extendedKeyUsage, false, usage(role));
            return sign(builder, root.key());
        } catch (IOException | GeneralSecurityException exception) {
            throw impossible(exception);
        }
    }

    X509Certificate peer(Subject subject, PublicKey key, Issuer issuer, Validity validity) {
        X500Name name = name(subject.commonName(), subject.role().word() + "s");
        X509v3CertificateBuilder builder = builder(subjectOf(issuer), name, key, validity);
        try {
            JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(Extension.extendedKeyUsage, false, usage(subject.role()));
            builder.addExtension(
                    Extension.subjectKeyIdentifier,
                    false,
                    extensions.createSubjectKeyIdentifier(key));
            builder.addExtension(
                    Extension.authorityKeyIdentifier,
                    false,
                    extensions.createAuthorityKeyIdentifier(issuer.certificate()));
            builder.addExtension(
                    Extension.subjectAlternativeName,
                    false,
                    new GeneralNames(subject.names().toArray(GeneralName[]::new)));
            return sign(builder, issuer.key());
        } catch (IOException | GeneralSecurityException exception) {
            throw impossible(exception);
        }
    }

    private static ExtendedKeyUsage usage(PeerRole role) {
        return new ExtendedKeyUsage(
                switch (role) {
                    case APPLIANCE -> APPLIANCE;
                    case CLIENT -> CLIENT;
                });
    }

    private static void authority(X509v3CertificateBuilder builder, PublicKey key, int depth)
            throws IOException, GeneralSecurityException {
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(depth));
        builder.addExtension(
                Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        builder.addExtension(
                Extension.subjectKeyIdentifier,
                false,
                new JcaX509ExtensionUtils().createSubjectKeyIdentifier(key));
    }

    private X500Name name(String commonName, String unit) {
        return new X500NameBuilder(BCStyle.INSTANCE)
                .addRDN(BCStyle.O, "Bitfusion pool " + pool)
                .addRDN(BCStyle.OU, unit)
                .addRDN(BCStyle.CN, commonName)
                .build();
    }

    private static X500Name subjectOf(Issuer issuer) {
        return X500Name.getInstance(issuer.certificate().getSubjectX500Principal().getEncoded());
    }

    private X509v3CertificateBuilder builder(
            X500Name issuer, X500Name subject, PublicKey key, Validity validity) {
        return new JcaX509v3CertificateBuilder(
                issuer,
                serial(),
                Date.from(validity.from().truncatedTo(ChronoUnit.SECONDS)),
                Date.from(validity.until().truncatedTo(ChronoUnit.SECONDS)),
                subject,
                key);
    }

    /// Positive, of 16 bytes: the bit below the sign is set, the others are random.
    private BigInteger serial() {
        return new BigInteger(126, random).setBit(126);
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey signer)
            throws IOException {
        try {
            return Certificates.decode(
                    builder.build(new JcaContentSignerBuilder(SIGNATURE).build(signer))
                            .getEncoded());
        } catch (OperatorCreationException exception) {
            throw impossible(exception);
        }
    }

    private static IllegalStateException impossible(Exception exception) {
        return new IllegalStateException("a certificate could not be written", exception);
    }
}
