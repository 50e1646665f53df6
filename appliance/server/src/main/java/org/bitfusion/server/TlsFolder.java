package org.bitfusion.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.context.ClientCertificate;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.CurrentIdentity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An appliance's place in a pool, in the folder that `BF_TLS_FOLDER` names: its key and
/// certificate in `appliance.pem`, the pool's certificate in `ca.crt`.
final class TlsFolder {
    private static final Logger LOG = LoggerFactory.getLogger(TlsFolder.class);
    private static final String VARIABLE = "BF_TLS_FOLDER";

    private TlsFolder() {}

    /// What clients must speak; empty if no folder is named.
    ///
    /// @throws Settings.SettingsException if the files cannot be used
    static Optional<TlsContext> read(Map<String, String> environment)
            throws Settings.SettingsException {
        String text = environment.getOrDefault(VARIABLE, "").strip();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Path folder = Path.of(text);
        try {
            Identity identity = Identity.readFile(folder.resolve("appliance.pem"));
            Path root = folder.resolve("ca.crt");
            if (Files.getPosixFilePermissions(root).contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new Settings.SettingsException(
                        root
                                + " can be written by anybody, who could let in whom he likes;"
                                + " run: chmod 644 "
                                + root);
            }
            PoolTrust trust =
                    PoolTrust.ofAppliance(
                            Certificates.readFile(root),
                            () -> RevocationSnapshot.EMPTY,
                            Clock.systemUTC());
            checkOwn(identity, trust);
            return Optional.of(
                    TlsContext.server(
                            new CurrentIdentity(identity),
                            trust,
                            ClientCertificate.REQUIRED,
                            Set.of(PeerRole.CLIENT, PeerRole.APPLIANCE)));
        } catch (TlsException | IOException e) {
            throw new Settings.SettingsException(VARIABLE + ": " + e.getMessage());
        }
    }

    /// What no client would believe is said here, and not only there. The time is looked at by each
    /// client: clocks are set, and certificates replaced, while this runs.
    private static void checkOwn(Identity identity, PoolTrust trust)
            throws Settings.SettingsException {
        try {
            identity.certificate().checkValidity();
            var _ = trust.check(identity.chain(), Set.of(PeerRole.APPLIANCE));
        } catch (CertificateExpiredException | CertificateNotYetValidException e) {
            LOG.error(
                    "appliance.pem is of no use now: it counts from {} to {}",
                    identity.certificate().getNotBefore().toInstant(),
                    identity.certificate().getNotAfter().toInstant());
        } catch (CertificateException e) {
            throw new Settings.SettingsException(
                    VARIABLE + ": appliance.pem is no appliance's of this pool: " + e.getMessage());
        }
    }
}
