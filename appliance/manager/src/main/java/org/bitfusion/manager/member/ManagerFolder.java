package org.bitfusion.manager.member;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// Where an appliance keeps what it is:
///
/// | file | what |
/// |---|---|
/// | `bitfusion-manager.yaml` | its settings, and its place in the pool once it has one |
/// | `tls/ca.crt` | the pool's root |
/// | `tls/appliance.pem` | its key and chain, mode 0600 |
/// | `tls/pool.key` | the pool key, mode 0600, where it votes |
/// | `tls/joining.pem` | its key while it joins, mode 0600 |
/// | `zookeeper` | its ZooKeeper's folder |
/// | `dispatcher` | its dispatcher's run folder |
/// | `former-…` | what it was before its `bitfusion-manager.yaml` was deleted |
///
/// The first two lie in `/etc/bitfusion`, the others in `/var/lib/bitfusion`; all of them below
/// `BF_MANAGER_FOLDER` where that is set.
public final class ManagerFolder {
    private static final String VARIABLE = "BF_MANAGER_FOLDER";

    private final Path configuration;
    private final Path state;

    private ManagerFolder(Path configuration, Path state) {
        this.configuration = configuration.toAbsolutePath();
        this.state = state.toAbsolutePath();
    }

    public static ManagerFolder of(Map<String, String> environment) {
        String text = environment.getOrDefault(VARIABLE, "").strip();
        return text.isEmpty()
                ? new ManagerFolder(Path.of("/etc/bitfusion"), Path.of("/var/lib/bitfusion"))
                : new ManagerFolder(Path.of(text), Path.of(text));
    }

    public Path yaml() {
        return configuration.resolve("bitfusion-manager.yaml");
    }

    public Path identity() {
        return tls().resolve("appliance.pem");
    }

    public Path roots() {
        return tls().resolve("ca.crt");
    }

    public Path poolKey() {
        return tls().resolve("pool.key");
    }

    /// While it joins; see [JoiningKey].
    Path joiningKey() {
        return tls().resolve("joining.pem");
    }

    /// It has become a member.
    void joined() {
        try {
            Files.deleteIfExists(joiningKey());
        } catch (IOException exception) {
            throw new UncheckedIOException(
                    joiningKey() + " cannot be removed: " + exception.getMessage(), exception);
        }
    }

    public Path zooKeeper() {
        return state.resolve("zookeeper");
    }

    public Path dispatcher() {
        return state.resolve("dispatcher");
    }

    private Path tls() {
        return configuration.resolve("tls");
    }

    /// Makes the folders that are not there.
    ///
    /// @throws UncheckedIOException if they cannot be made
    public void make() {
        try {
            Files.createDirectories(configuration);
            Files.createDirectories(state);
            if (!Files.exists(tls())) {
                Files.createDirectories(
                        tls(),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
            }
        } catch (IOException exception) {
            throw new UncheckedIOException(
                    state + " cannot be used: " + exception.getMessage(), exception);
        }
    }

    /// Puts aside what an earlier member left here, so that nothing of it is used, or lost.
    public void putAside(Instant now) {
        Path former = state.resolve("former-" + now.toString().replace(':', '.'));
        try {
            for (Path left : List.of(identity(), roots(), poolKey(), zooKeeper())) {
                if (Files.exists(left)) {
                    if (!Files.exists(former)) {
                        Files.createDirectories(
                                former,
                                PosixFilePermissions.asFileAttribute(
                                        PosixFilePermissions.fromString("rwx------")));
                    }
                    Files.move(left, former.resolve(left.getFileName()));
                }
            }
        } catch (IOException exception) {
            throw new UncheckedIOException(
                    former + " cannot be made: " + exception.getMessage(), exception);
        }
    }
}
