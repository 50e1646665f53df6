package org.bitfusion.tls.identity;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.file.PrivateFiles;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;

/// A private key and the chain of its certificate, the holder's own first. Immutable.
public final class Identity {
    private final PrivateKey key;
    private final List<X509Certificate> chain;

    /// @throws TlsException KEY_UNUSABLE if key and certificate do not belong together
    public Identity(PrivateKey key, List<X509Certificate> chain) {
        this(chain, key);
        if (!belongTogether(key, chain.getFirst().getPublicKey())) {
            throw new TlsException(
                    TlsError.KEY_UNUSABLE,
                    "the private key does not belong to the certificate of "
                            + chain.getFirst().getSubjectX500Principal().getName()
                            + "; both come from the same request");
        }
    }

    /// Unchecked: a signature made only to be looked at is a third of a cold client's start.
    private Identity(List<X509Certificate> chain, PrivateKey key) {
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("chain: empty (expected: a certificate)");
        }
        this.key = key;
        this.chain = List.copyOf(chain);
    }

    /// Reads both files; the key's must be readable by its owner only.
    ///
    /// @throws TlsException naming the file
    public static Identity readFiles(Path keyFile, Path chainFile, Optional<char[]> passphrase) {
        PrivateKey key = PrivateKeys.readFile(keyFile, passphrase);
        List<X509Certificate> chain = Certificates.readFile(chainFile);
        try {
            return new Identity(key, chain);
        } catch (TlsException exception) {
            throw new TlsException(
                    exception.error(),
                    keyFile + " and " + chainFile + ": " + exception.getMessage(),
                    exception);
        }
    }

    /// Key and chain in one file of mode 0600, so that a power cut never leaves a key with the
    /// certificate of another.
    public void writeFile(Path path) {
        String text = PrivateKeys.write(key) + Certificates.write(chain);
        PrivateFiles.writePrivate(path, text.getBytes(StandardCharsets.US_ASCII));
    }

    /// What [#writeFile] wrote: key and certificate were checked then.
    public static Identity readFile(Path path) {
        return new Identity(
                Certificates.readFile(path), PrivateKeys.readFile(path, Optional.empty()));
    }

    public X509Certificate certificate() {
        return chain.getFirst();
    }

    public List<X509Certificate> chain() {
        return chain;
    }

    public PrivateKey key() {
        return key;
    }

    /// SHA-256 of a certificate, in 64 hexadecimal digits.
    public static String fingerprint(X509Certificate certificate) {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256")
                                    .digest(Certificates.encode(certificate)));
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no SHA-256", exception);
        }
    }

    /// Whether what one signs the other accepts.
    public static boolean belongTogether(PrivateKey key, PublicKey publicKey) {
        String algorithm =
                switch (key.getAlgorithm()) {
                    case "EC" -> "SHA256withECDSA";
                    case "RSA" -> "SHA256withRSA";
                    default -> key.getAlgorithm();
                };
        byte[] question = new byte[32];
        new SecureRandom().nextBytes(question);
        try {
            Signature signer = Signature.getInstance(algorithm);
            signer.initSign(key);
            signer.update(question);
            byte[] signature = signer.sign();
            Signature verifier = Signature.getInstance(algorithm);
            verifier.initVerify(publicKey);
            verifier.update(question);
            return verifier.verify(signature);
        } catch (GeneralSecurityException _) {
            return false;
        }
    }

    @Override
    public String toString() {
        return "Identity[" + certificate().getSubjectX500Principal().getName() + "]";
    }
}
