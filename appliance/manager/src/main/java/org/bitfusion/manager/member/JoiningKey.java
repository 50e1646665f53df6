package org.bitfusion.manager.member;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.util.Optional;
import org.bitfusion.tls.file.PrivateFiles;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;

/// The key with which an appliance asks to join, kept until it has: a start that is cut off goes on
/// as the same appliance, and uses the token once. The pool knows a key again for ten minutes.
///
/// @param request to certify it, PEM
record JoiningKey(PrivateKey key, String request) {
    private static final int MOST_BYTES = 1 << 16;
    private static final String REQUEST = "-----BEGIN CERTIFICATE REQUEST-----";

    /// The one of the start before, or a new one, which is in the file when this returns.
    static JoiningKey readOrCreate(Path file, String name) {
        if (Files.exists(file)) {
            String text =
                    new String(
                            PrivateFiles.readPrivate(file, MOST_BYTES), StandardCharsets.US_ASCII);
            int begin = text.indexOf(REQUEST);
            if (begin > 0) {
                return new JoiningKey(
                        PrivateKeys.read(text, Optional.empty()), text.substring(begin));
            }
        }
        KeyPair pair = PrivateKeys.generate();
        JoiningKey fresh = new JoiningKey(pair.getPrivate(), CertificateRequest.write(pair, name));
        PrivateFiles.writePrivate(
                file,
                (PrivateKeys.write(fresh.key) + fresh.request).getBytes(StandardCharsets.US_ASCII));
        return fresh;
    }

    @Override
    public String toString() {
        return "JoiningKey[...]";
    }
}
