package org.bitfusion.tls.request;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.List;
import java.util.Map;
import org.bitfusion.tls.Names;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.pem.PemBlock;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.edec.EdECObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/// A certificate signing request (PKCS#10, RFC 2986). Of what a stranger's request says only the
/// public key is used, once its holder has proved that the private one is in its hands; names and
/// extensions that it asks for count for nothing.
public final class CertificateRequest {
    /// A request for an RSA key of 4096 bits has less than 2 KiB.
    public static final int MOST_CHARACTERS = 16 * 1024;

    private static final String LABEL = "CERTIFICATE REQUEST";
    private static final String OLD_LABEL = "NEW CERTIFICATE REQUEST";
    private static final int LEAST_RSA_BITS = 2048;
    private static final int MOST_RSA_BITS = 4096;
    private static final int MOST_EXPONENT_BITS = 33;

    /// What may sign a request, and the key's algorithm for it.
    private static final Map<ASN1ObjectIdentifier, String> SIGNATURES =
            Map.of(
                    X9ObjectIdentifiers.ecdsa_with_SHA256, "EC",
                    X9ObjectIdentifiers.ecdsa_with_SHA384, "EC",
                    X9ObjectIdentifiers.ecdsa_with_SHA512, "EC",
                    EdECObjectIdentifiers.id_Ed25519, "Ed25519",
                    PKCSObjectIdentifiers.sha256WithRSAEncryption, "RSA",
                    PKCSObjectIdentifiers.sha384WithRSAEncryption, "RSA",
                    PKCSObjectIdentifiers.sha512WithRSAEncryption, "RSA");

    private final PublicKey publicKey;

    private CertificateRequest(PublicKey publicKey) {
        this.publicKey = publicKey;
    }

    public PublicKey publicKey() {
        return publicKey;
    }

    /// A request signed with the pair's private key, as PEM text.
    ///
    /// @param name for people who look at it
    public static String write(KeyPair pair, String name) {
        Names.requireHostName("name", name);
        try {
            PKCS10CertificationRequest request =
                    new JcaPKCS10CertificationRequestBuilder(
                                    new X500NameBuilder(BCStyle.INSTANCE)
                                            .addRDN(BCStyle.CN, name)
                                            .build(),
                                    pair.getPublic())
                            .build(
                                    new JcaContentSignerBuilder("SHA256withECDSA")
                                            .build(pair.getPrivate()));
            return new PemBlock(LABEL, request.getEncoded()).text();
        } catch (OperatorCreationException | IOException exception) {
            throw new IllegalArgumentException("pair: (expected: an EC key pair)", exception);
        }
    }

    /// Reads a request and checks that who made it holds the private key.
    ///
    /// @throws TlsException REQUEST_MALFORMED, REQUEST_KEY_UNACCEPTABLE
    public static CertificateRequest parse(String pem) {
        if (pem.length() > MOST_CHARACTERS) {
            throw malformed("is longer than " + MOST_CHARACTERS + " characters", null);
        }
        List<PemBlock> blocks;
        try {
            blocks = PemBlock.readAll(pem);
        } catch (TlsException exception) {
            throw malformed("is no PEM text", exception);
        }
        if (blocks.size() != 1
                || !(blocks.getFirst().label().equals(LABEL)
                        || blocks.getFirst().label().equals(OLD_LABEL))) {
            throw malformed("is not one block -----BEGIN " + LABEL + "-----", null);
        }
        return decode(blocks.getFirst().content());
    }

    private static CertificateRequest decode(byte[] der) {
        PKCS10CertificationRequest request;
        ASN1ObjectIdentifier signature;
        SubjectPublicKeyInfo info;
        try {
            request = new PKCS10CertificationRequest(der);
            signature = request.getSignatureAlgorithm().getAlgorithm();
            info = request.getSubjectPublicKeyInfo();
        } catch (IOException | RuntimeException exception) {
            // BouncyCastle answers nonsense with many kinds of runtime exceptions.
            throw malformed("makes no sense", exception);
        }
        String algorithm = SIGNATURES.get(signature);
        if (algorithm == null || !isOfKind(algorithm, info)) {
            throw unacceptable("signature " + signature.getId() + " with such a key");
        }
        try {
            PublicKey key =
                    KeyFactory.getInstance(algorithm)
                            .generatePublic(new X509EncodedKeySpec(info.getEncoded()));
            requireStrength(key);
            if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
                throw malformed("is not signed by the key that it is for", null);
            }
            return new CertificateRequest(key);
        } catch (TlsException exception) {
            throw exception;
        } catch (GeneralSecurityException
                | IOException
                | OperatorCreationException
                | PKCSException
                | RuntimeException exception) {
            throw malformed("makes no sense", exception);
        }
    }

    /// Looked at before a key is made of it: curves given by their parameters cost much to check.
    private static boolean isOfKind(String algorithm, SubjectPublicKeyInfo info) {
        AlgorithmIdentifier identifier = info.getAlgorithm();
        return switch (algorithm) {
            case "EC" ->
                    identifier.getAlgorithm().equals(X9ObjectIdentifiers.id_ecPublicKey)
                            && (SECObjectIdentifiers.secp256r1.equals(identifier.getParameters())
                                    || SECObjectIdentifiers.secp384r1.equals(
                                            identifier.getParameters()));
            case "Ed25519" -> identifier.getAlgorithm().equals(EdECObjectIdentifiers.id_Ed25519);
            default -> identifier.getAlgorithm().equals(PKCSObjectIdentifiers.rsaEncryption);
        };
    }

    private static void requireStrength(PublicKey key) {
        if (key instanceof RSAPublicKey rsa) {
            int bits = rsa.getModulus().bitLength();
            BigInteger exponent = rsa.getPublicExponent();
            if (bits < LEAST_RSA_BITS
                    || bits > MOST_RSA_BITS
                    || exponent.bitLength() > MOST_EXPONENT_BITS
                    || exponent.bitLength() < 2) {
                throw unacceptable("RSA of " + bits + " bits");
            }
        }
    }

    private static TlsException malformed(
            String what, @org.jspecify.annotations.Nullable Exception cause) {
        String message = "the certificate request " + what;
        return cause == null
                ? new TlsException(TlsError.REQUEST_MALFORMED, message)
                : new TlsException(TlsError.REQUEST_MALFORMED, message, cause);
    }

    private static TlsException unacceptable(String what) {
        return new TlsException(
                TlsError.REQUEST_KEY_UNACCEPTABLE,
                "the certificate request's "
                        + what
                        + " is not accepted (expected: P-256, P-384, Ed25519, or RSA of 2048 to"
                        + " 4096 bits, signed with SHA-256 or longer)");
    }
}
