package org.bitfusion.tls.pem;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.file.PrivateFiles;

/// Certificates as PEM text and files.
public final class Certificates {
    private static final String LABEL = "CERTIFICATE";
    private static final int FILE_LIMIT = 1 << 20;

    /// No chain and no bundle of roots of a pool is as long.
    private static final int MOST = 64;

    private Certificates() {}

    /// The certificates of a text in its order, at least one; blocks of other kinds are passed
    /// over.
    ///
    /// @throws TlsException PEM_MALFORMED
    public static List<X509Certificate> read(String pem) {
        List<X509Certificate> certificates = new ArrayList<>();
        for (PemBlock block : PemBlock.readAll(pem)) {
            if (block.label().equals(LABEL)) {
                certificates.add(decode(block.content()));
            }
            if (certificates.size() > MOST) {
                throw malformed("holds more than " + MOST + " certificates");
            }
        }
        if (certificates.isEmpty()) {
            throw malformed("holds no certificate (expected: -----BEGIN CERTIFICATE-----)");
        }
        return List.copyOf(certificates);
    }

    /// @throws TlsException PEM_MALFORMED or FILE_UNREADABLE, naming the file
    public static List<X509Certificate> readFile(Path path) {
        byte[] content = PrivateFiles.read(path, FILE_LIMIT);
        try {
            return read(new String(content, StandardCharsets.ISO_8859_1));
        } catch (TlsException exception) {
            throw new TlsException(
                    exception.error(), path + ": " + exception.getMessage(), exception);
        }
    }

    public static String write(List<X509Certificate> certificates) {
        StringBuilder text = new StringBuilder();
        for (X509Certificate certificate : certificates) {
            text.append(new PemBlock(LABEL, encode(certificate)).text());
        }
        return text.toString();
    }

    public static void writeFile(Path path, List<X509Certificate> certificates) {
        PrivateFiles.writePublic(path, write(certificates).getBytes(StandardCharsets.US_ASCII));
    }

    /// @throws TlsException PEM_MALFORMED
    public static X509Certificate decode(byte[] der) {
        try {
            X509Certificate certificate =
                    (X509Certificate)
                            CertificateFactory.getInstance("X.509")
                                    .generateCertificate(new ByteArrayInputStream(der));
            if (!Arrays.equals(certificate.getEncoded(), der)) {
                throw malformed("holds a certificate with something behind it");
            }
            return certificate;
        } catch (CertificateException | ClassCastException exception) {
            throw new TlsException(
                    TlsError.PEM_MALFORMED,
                    "a certificate makes no sense: " + exception.getMessage(),
                    exception);
        }
    }

    public static byte[] encode(X509Certificate certificate) {
        try {
            return certificate.getEncoded();
        } catch (CertificateEncodingException exception) {
            throw new IllegalArgumentException(
                    "certificate: (expected: one that has an encoding)", exception);
        }
    }

    private static TlsException malformed(String what) {
        return new TlsException(TlsError.PEM_MALFORMED, "PEM text " + what);
    }
}
