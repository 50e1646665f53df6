package org.bitfusion.tls.pem;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.PBEParameterSpec;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.file.PrivateFiles;

/// Private keys as PKCS#8 PEM, plain or under a passphrase (PBES2: PBKDF2 with HMAC-SHA-512,
/// AES-256 in CBC), and as files of mode 0600.
public final class PrivateKeys {
    private static final String PLAIN = "PRIVATE KEY";
    private static final String ENCRYPTED = "ENCRYPTED PRIVATE KEY";
    private static final String ENCRYPTION = "PBEWithHmacSHA512AndAES_256";

    /// OWASP, Password Storage Cheat Sheet: at least 210,000 for PBKDF2 with HMAC-SHA-512.
    private static final int ITERATIONS = 210_000;

    /// A file that asks for more is there to keep this machine busy.
    private static final int MOST_ITERATIONS = 10_000_000;

    private static final int FILE_LIMIT = 1 << 16;
    private static final List<String> ALGORITHMS = List.of("EC", "EdDSA", "RSA");

    private PrivateKeys() {}

    /// A new key on P-256, as all of the pool's are.
    public static KeyPair generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException exception) {
            throw new IllegalStateException("this JVM has no P-256", exception);
        }
    }

    public static String write(PrivateKey key) {
        return new PemBlock(PLAIN, key.getEncoded()).text();
    }

    public static String write(PrivateKey key, char[] passphrase) {
        byte[] salt = new byte[16];
        byte[] vector = new byte[16];
        SecureRandom random = new SecureRandom();
        random.nextBytes(salt);
        random.nextBytes(vector);
        try {
            Cipher cipher = Cipher.getInstance(ENCRYPTION);
            PBEParameterSpec parameters =
                    new PBEParameterSpec(salt, ITERATIONS, new IvParameterSpec(vector));
            cipher.init(Cipher.ENCRYPT_MODE, passphraseKey(ENCRYPTION, passphrase), parameters);
            byte[] sealed = cipher.doFinal(key.getEncoded());
            // The container knows the scheme by its family's name only.
            AlgorithmParameters family = AlgorithmParameters.getInstance("PBES2");
            family.init(cipher.getParameters().getEncoded());
            return new PemBlock(ENCRYPTED, new EncryptedPrivateKeyInfo(family, sealed).getEncoded())
                    .text();
        } catch (GeneralSecurityException | IOException exception) {
            throw new IllegalStateException("this JVM has no " + ENCRYPTION, exception);
        }
    }

    /// The one key of a text.
    ///
    /// @param passphrase for a key under one
    /// @throws TlsException PEM_MALFORMED, KEY_UNUSABLE, PASSPHRASE_WRONG
    public static PrivateKey read(String pem, Optional<char[]> passphrase) {
        List<PemBlock> keys =
                PemBlock.readAll(pem).stream()
                        .filter(block -> block.label().endsWith(PLAIN))
                        .toList();
        if (keys.size() != 1) {
            throw new TlsException(
                    TlsError.KEY_UNUSABLE,
                    "PEM text holds " + keys.size() + " private keys (expected: one)");
        }
        PemBlock block = keys.getFirst();
        return switch (block.label()) {
            case PLAIN -> decode(block.content());
            case ENCRYPTED -> decode(decrypt(block.content(), passphrase));
            default ->
                    throw new TlsException(
                            TlsError.KEY_UNUSABLE,
                            "a private key in the form \""
                                    + block.label()
                                    + "\" (expected: PKCS#8); convert it: openssl pkcs8 -topk8"
                                    + " -nocrypt -in OLD -out NEW");
        };
    }

    /// @throws TlsException also FILE_READABLE_BY_OTHERS, FILE_UNREADABLE
    public static PrivateKey readFile(Path path, Optional<char[]> passphrase) {
        byte[] content = PrivateFiles.readPrivate(path, FILE_LIMIT);
        try {
            return read(new String(content, StandardCharsets.ISO_8859_1), passphrase);
        } catch (TlsException exception) {
            throw new TlsException(
                    exception.error(), path + ": " + exception.getMessage(), exception);
        } finally {
            Arrays.fill(content, (byte) 0);
        }
    }

    public static void writeFile(Path path, PrivateKey key) {
        PrivateFiles.writePrivate(path, write(key).getBytes(StandardCharsets.US_ASCII));
    }

    /// @param pkcs8 DER
    /// @throws TlsException KEY_UNUSABLE
    public static PrivateKey decode(byte[] pkcs8) {
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm)
                        .generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (GeneralSecurityException | IllegalArgumentException _) {
                // Of another algorithm, or of none.
            }
        }
        throw new TlsException(
                TlsError.KEY_UNUSABLE,
                "a private key makes no sense (expected: PKCS#8 of an EC, Ed25519 or RSA key)");
    }

    private static byte[] decrypt(byte[] content, Optional<char[]> passphrase) {
        if (passphrase.isEmpty()) {
            throw new TlsException(
                    TlsError.PASSPHRASE_WRONG, "the private key needs its passphrase");
        }
        EncryptedPrivateKeyInfo info;
        Cipher cipher;
        AlgorithmParameters parameters;
        SecretKey key;
        try {
            info = new EncryptedPrivateKeyInfo(content);
            parameters = info.getAlgParameters();
            if (parameters == null) {
                throw new GeneralSecurityException(info.getAlgName());
            }
            PBEParameterSpec spec = parameters.getParameterSpec(PBEParameterSpec.class);
            if (spec.getIterationCount() > MOST_ITERATIONS) {
                throw new GeneralSecurityException(spec.getIterationCount() + " iterations");
            }
            // "PBES2" alone names no cipher; its parameters print as the name that does.
            String algorithm = parameters.toString();
            cipher = Cipher.getInstance(algorithm);
            key = passphraseKey(algorithm, passphrase.get());
            cipher.init(Cipher.DECRYPT_MODE, key, parameters);
        } catch (GeneralSecurityException | IOException | IllegalArgumentException exception) {
            throw new TlsException(
                    TlsError.KEY_UNUSABLE,
                    "an encrypted private key in a form that is not known ("
                            + exception.getMessage()
                            + "; expected: PBES2 with PBKDF2); convert it: openssl pkcs8 -topk8 -v2"
                            + " aes-256-cbc -in OLD -out NEW",
                    exception);
        }
        try {
            return cipher.doFinal(info.getEncryptedData());
        } catch (GeneralSecurityException exception) {
            throw new TlsException(
                    TlsError.PASSPHRASE_WRONG, "the private key's passphrase is wrong", exception);
        }
    }

    private static SecretKey passphraseKey(String algorithm, char[] passphrase)
            throws GeneralSecurityException {
        PBEKeySpec spec = new PBEKeySpec(passphrase);
        try {
            return SecretKeyFactory.getInstance(algorithm).generateSecret(spec);
        } finally {
            spec.clearPassword();
        }
    }
}
