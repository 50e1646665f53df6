package org.bitfusion.cluster.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.InstantSource;
import java.util.Set;
import java.util.function.Supplier;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.revocation.RevocationList;
import org.jspecify.annotations.Nullable;

/// Whom this process believes, and as whom it speaks. ZooKeeper makes what asks for it by name,
/// without arguments, so [ZooKeeperMain] leaves it here first.
///
/// @param open of those that were believed
record ProcessTrust(Supplier<Identity> identity, PoolTrust trust, OpenConnections open) {
    /// Appliances and nobody else, on every port.
    static final Set<PeerRole> ACCEPTED = Set.of(PeerRole.APPLIANCE);

    private static volatile @Nullable ProcessTrust present;

    static void of(ZooKeeperFolder folder, InstantSource clock) {
        RevocationList revocations = new RevocationList(folder.revocations());
        PoolTrust trust =
                PoolTrust.ofAppliance(
                        Certificates.readFile(folder.rootsFile()), revocations::refresh, clock);
        present =
                new ProcessTrust(
                        new IdentityFile(folder.identityFile()), trust, new OpenConnections(trust));
    }

    static ProcessTrust present() {
        ProcessTrust trust = present;
        if (trust == null) {
            throw new IllegalStateException("ZooKeeper was started otherwise than by its main");
        }
        return trust;
    }

    /// Reads the file again when it was replaced.
    private static final class IdentityFile implements Supplier<Identity> {
        private final Path file;
        private FileTime changed;
        private Identity identity;

        IdentityFile(Path file) {
            this.file = file;
            this.changed = changed(file);
            this.identity = Identity.readFile(file);
        }

        @Override
        public synchronized Identity get() {
            FileTime now = changed(file);
            if (!now.equals(changed)) {
                identity = Identity.readFile(file);
                changed = now;
            }
            return identity;
        }

        private static FileTime changed(Path file) {
            try {
                return Files.getLastModifiedTime(file);
            } catch (IOException exception) {
                throw new ClusterException(
                        ClusterError.FOLDER_UNUSABLE, file + ": " + exception, exception);
            }
        }
    }
}
