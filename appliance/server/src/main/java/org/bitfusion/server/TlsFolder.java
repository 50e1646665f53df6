package org.bitfusion.server;

import java.nio.file.Path;
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

/// An appliance's place in a pool, in the folder that `BF_TLS_FOLDER` names: its key and
/// certificate in `appliance.pem`, the pool's certificate in `ca.crt`.
final class TlsFolder {
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
            PoolTrust trust =
                    PoolTrust.ofAppliance(
                            Certificates.readFile(folder.resolve("ca.crt")),
                            () -> RevocationSnapshot.EMPTY,
                            Clock.systemUTC());
            return Optional.of(
                    TlsContext.server(
                            new CurrentIdentity(identity),
                            trust,
                            ClientCertificate.REQUIRED,
                            Set.of(PeerRole.CLIENT, PeerRole.APPLIANCE)));
        } catch (TlsException e) {
            throw new Settings.SettingsException(VARIABLE + ": " + e.getMessage());
        }
    }
}
