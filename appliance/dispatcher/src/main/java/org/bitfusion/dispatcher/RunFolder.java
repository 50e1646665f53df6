package org.bitfusion.dispatcher;

import java.io.IOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.UUID;
import org.bitfusion.ledger.HostPlace;
import org.bitfusion.ledger.ShareLedger;
import org.bitfusion.protocol.Secret;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What an appliance keeps on disk while it runs, for its workers and for the dispatcher that takes
/// over when this one has ended: the socket, the ledgers, a file for each lease and each session.
/// Only its own user may look in; one dispatcher at a time uses it.
///
/// ```
/// lock   control   open.ledger   devices   member   host
/// lease-UUID   lease-UUID.ledger   session-UUID
/// ```
///
/// Used by one thread only, after it was opened.
final class RunFolder implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunFolder.class);
    private static final String LOCK = "lock";
    private static final String SOCKET = "control";
    private static final String MEMBER = "member";
    private static final String LEASE = "lease-";
    private static final String SESSION = "session-";
    private static final String LEDGER = ".ledger";
    private static final Set<String> STAYING = Set.of(LOCK, SOCKET, MEMBER, HostPlace.FILE);

    /// A Unix socket's address has room for 107 bytes.
    private static final int LONGEST_SOCKET_PATH = 107;

    private static final FileAttribute<Set<PosixFilePermission>> OWNERS_FILE =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final Set<PosixFilePermission> OWNERS_FOLDER =
            PosixFilePermissions.fromString("rwx------");

    /// Others may come to what they know the name of, and have the right to.
    private static final Set<PosixFilePermission> PASSABLE_FOLDER =
            PosixFilePermissions.fromString("rwx--x--x");

    /// A share as it is kept: of the device with that identity.
    record LeasedPart(UUID device, long bytes) {}

    /// A lease as it is kept.
    ///
    /// @param ended it is over, but workers of it may still be there
    /// @param pool what the pool that granted it said; empty if this appliance granted it alone
    record LeaseRecord(
            UUID id,
            Secret secret,
            boolean ended,
            String client,
            List<LeasedPart> parts,
            Optional<PoolTerms> pool) {
        LeaseRecord(UUID id, Secret secret, boolean ended, String client, List<LeasedPart> parts) {
            this(id, secret, ended, client, parts, Optional.empty());
        }
    }

    /// `pool:MILLISECONDS:stays|ends:PARENT|-`
    record PoolTerms(PoolPart.Life life, Optional<UUID> parent) {
        String word() {
            return "pool:%d:%s:%s"
                    .formatted(
                            life.renewal().toMillis(),
                            life.outlivesConnection() ? "stays" : "ends",
                            parent.map(UUID::toString).orElse("-"));
        }

        static PoolTerms parse(String word) {
            String[] parts = word.split(":", -1);
            if (parts.length != 4 || !parts[0].equals("pool")) {
                throw new IllegalArgumentException("a lease's terms make no sense");
            }
            return new PoolTerms(
                    new PoolPart.Life(
                            Duration.ofMillis(Long.parseLong(parts[1])), parts[2].equals("stays")),
                    parts[3].equals("-")
                            ? Optional.empty()
                            : Optional.of(UUID.fromString(parts[3])));
        }
    }

    /// A session as it is kept.
    ///
    /// @param worker what the dispatcher called the worker
    /// @param process the worker's
    /// @param program whom it serves
    record SessionRecord(
            UUID id, UUID lease, UUID worker, ProcessLife process, ClientProgram program) {}

    private final Path folder;
    private final FileChannel lock;
    private final WorkerUsers users;

    private RunFolder(Path folder, FileChannel lock, WorkerUsers users) {
        this.folder = folder;
        this.users = users;
        this.lock = lock;
    }

    /// Makes the folder if it is missing, and takes it.
    ///
    /// @throws IOException if another dispatcher uses it, or it cannot be used
    static RunFolder open(Path folder) throws IOException {
        return open(folder, new WorkerUsers(Optional.empty()));
    }

    /// @param users as whom workers run
    static RunFolder open(Path folder, WorkerUsers users) throws IOException {
        Set<PosixFilePermission> permissions = users.areUsed() ? PASSABLE_FOLDER : OWNERS_FOLDER;
        Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(permissions));
        Files.setPosixFilePermissions(folder, permissions);
        FileChannel lock =
                FileChannel.open(
                        folder.resolve(LOCK),
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        OWNERS_FILE);
        try {
            if (lock.tryLock() == null) {
                throw new IOException("another appliance uses " + folder);
            }
        } catch (OverlappingFileLockException e) {
            lock.close();
            throw new IOException("another appliance of this process uses " + folder, e);
        } catch (IOException e) {
            lock.close();
            throw e;
        }
        RunFolder taken = new RunFolder(folder, lock, users);
        if (taken.socket().toString().getBytes(StandardCharsets.UTF_8).length
                > LONGEST_SOCKET_PATH) {
            lock.close();
            throw new IOException(
                    "%s is longer than a socket's name may be; BF_RUN_FOLDER names another folder"
                            .formatted(taken.socket()));
        }
        return taken;
    }

    /// Where workers come to.
    Path socket() {
        return folder.resolve(SOCKET);
    }

    /// Where the sessions without a lease reserve.
    Path openLedger() {
        return folder.resolve("open" + LEDGER);
    }

    /// Where the sessions of a lease reserve.
    Path ledger(UUID lease) {
        return folder.resolve(LEASE + lease + LEDGER);
    }

    /// Which devices the leases and sessions are of, in their order.
    Optional<String> devices() throws IOException {
        Path file = folder.resolve("devices");
        return Files.exists(file) ? Optional.of(Files.readString(file)) : Optional.empty();
    }

    void writeDevices(String devices) throws IOException {
        write("devices", devices);
    }

    /// What its dispatchers are called in the ledger of the machine.
    UUID member() throws IOException {
        Path file = folder.resolve(MEMBER);
        if (Files.exists(file)) {
            try {
                return UUID.fromString(Files.readString(file).strip());
            } catch (IllegalArgumentException e) {
                LOG.error("error=\"{} makes no sense and is made anew\"", file);
            }
        }
        UUID made = UUID.randomUUID();
        write(MEMBER, made.toString());
        return made;
    }

    /// Where workers find the ledger of the machine.
    void write(HostPlace host) throws IOException {
        write(HostPlace.FILE, host.text());
    }

    void write(LeaseRecord lease) throws IOException {
        StringBuilder text =
                new StringBuilder()
                        .append(lease.secret().hex())
                        .append(lease.ended() ? " ended " : " held ")
                        .append(URLEncoder.encode("=" + lease.client(), StandardCharsets.UTF_8));
        for (LeasedPart part : lease.parts()) {
            text.append(' ').append(part.device()).append(' ').append(part.bytes());
        }
        lease.pool().ifPresent(terms -> text.append(' ').append(terms.word()));
        write(LEASE + lease.id(), text.toString());
    }

    /// A lease was used so long ago: its file's time says so.
    void keepUse(UUID lease, Duration ago) {
        try {
            Files.setLastModifiedTime(
                    folder.resolve(LEASE + lease),
                    FileTime.fromMillis(System.currentTimeMillis() - ago.toMillis()));
        } catch (IOException e) {
            LOG.debug("lease={} its use is not kept: {}", lease, e.toString());
        }
    }

    /// Since a lease was last used, as far as that was kept; none where nobody can say.
    Duration sinceUse(UUID lease) {
        try {
            long then = Files.getLastModifiedTime(folder.resolve(LEASE + lease)).toMillis();
            return Duration.ofMillis(Math.max(0, System.currentTimeMillis() - then));
        } catch (IOException e) {
            LOG.debug("lease={} its use was not kept: {}", lease, e.toString());
            return Duration.ZERO;
        }
    }

    void write(SessionRecord session) throws IOException {
        write(
                SESSION + session.id(),
                "%s %s %d %d %d %s"
                        .formatted(
                                session.lease(),
                                session.worker(),
                                session.process().pid(),
                                session.process().start(),
                                session.program().process(),
                                URLEncoder.encode(
                                        "=" + session.program().name(), StandardCharsets.UTF_8)));
    }

    /// At once or not at all.
    private void write(String name, String text) throws IOException {
        Path aside = folder.resolve(name + ".new");
        Files.deleteIfExists(aside);
        try (FileChannel out =
                FileChannel.open(
                        aside,
                        Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                        OWNERS_FILE)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text + "\n");
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            out.force(true); // else a power cut may leave an empty file of that name
        }
        Files.move(aside, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    void removeLease(UUID lease) {
        remove(folder.resolve(LEASE + lease));
        try {
            users.giveBack(ledger(lease));
        } catch (IOException e) {
            LOG.warn("lease={} error=\"its user stays taken: {}\"", lease, e.toString());
        }
        removeFolder(images(ledger(lease)));
        remove(ledger(lease));
    }

    /// Makes a ledger that belongs to the user as whom its workers run, and where these keep
    /// images.
    void createLedger(Path ledger, long[] limits) throws IOException {
        ShareLedger.create(ledger, limits);
        users.giveToNext(ledger);
        OptionalInt user = users.of(ledger);
        if (user.isPresent()) {
            Path images = images(ledger);
            Files.createDirectories(images, PosixFilePermissions.asFileAttribute(OWNERS_FOLDER));
            WorkerUsers.give(images, user.getAsInt());
        }
    }

    /// An earlier dispatcher made it.
    void keepLedger(Path ledger) throws IOException {
        users.claim(ledger);
    }

    /// As whom the ledger's workers run; empty: as this process.
    OptionalInt user(Path ledger) throws IOException {
        return users.of(ledger);
    }

    /// Where workers of another user keep images; nobody else may look in.
    static Path images(Path ledger) {
        return ledger.resolveSibling(ledger.getFileName() + ".images");
    }

    private static void removeFolder(Path path) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
            for (Path file : files) {
                remove(file);
            }
            Files.delete(path);
        } catch (NoSuchFileException | NotDirectoryException e) {
            LOG.trace("nothing to remove", e);
        } catch (IOException e) {
            LOG.warn("error=\"{} stays: {}\"", path, e.toString());
        }
    }

    void removeSession(UUID session) {
        remove(folder.resolve(SESSION + session));
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("error=\"{} stays: {}\"", file, e.toString());
        }
    }

    List<LeaseRecord> leases() throws IOException {
        List<LeaseRecord> leases = new ArrayList<>();
        for (Path file : files(LEASE)) {
            String[] words = Files.readString(file).strip().split(" ", -1);
            if (words.length < 3) {
                throw new IllegalArgumentException(file + " is cut off");
            }
            List<LeasedPart> parts = new ArrayList<>();
            for (int i = 3; i + 1 < words.length; i += 2) {
                parts.add(new LeasedPart(UUID.fromString(words[i]), Long.parseLong(words[i + 1])));
            }
            leases.add(
                    new LeaseRecord(
                            id(file, LEASE),
                            Secret.parse(words[0]),
                            words[1].equals("ended"),
                            URLDecoder.decode(words[2], StandardCharsets.UTF_8).substring(1),
                            parts,
                            words.length % 2 == 0
                                    ? Optional.of(PoolTerms.parse(words[words.length - 1]))
                                    : Optional.empty()));
        }
        return leases;
    }

    /// A record that makes no sense is removed: its worker is told to end when it comes.
    List<SessionRecord> sessions() throws IOException {
        List<SessionRecord> sessions = new ArrayList<>();
        for (Path file : files(SESSION)) {
            try {
                sessions.add(session(file));
            } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
                LOG.error("error=\"{} makes no sense and is removed: {}\"", file, e.toString());
                remove(file);
            }
        }
        return sessions;
    }

    private static SessionRecord session(Path file) throws IOException {
        String[] words = Files.readString(file).strip().split(" ", -1);
        return new SessionRecord(
                id(file, SESSION),
                UUID.fromString(words[0]),
                UUID.fromString(words[1]),
                new ProcessLife(Long.parseLong(words[2]), Long.parseLong(words[3])),
                words.length < 6 // of a dispatcher that did not note it
                        ? ClientProgram.UNKNOWN
                        : new ClientProgram(
                                Integer.parseInt(words[4]),
                                URLDecoder.decode(words[5], StandardCharsets.UTF_8).substring(1)));
    }

    private static UUID id(Path file, String prefix) {
        return UUID.fromString(file.getFileName().toString().substring(prefix.length()));
    }

    private List<Path> files(String prefix) throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, prefix + "*")) {
            for (Path file : all) {
                String name = file.getFileName().toString();
                if (!name.contains(LEDGER) && !name.endsWith(".new")) {
                    files.add(file);
                }
            }
        }
        return files;
    }

    /// Removes whatever was kept: all but lock, socket, and what the machine's ledger is about.
    void clear() throws IOException {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
            for (Path file : all) {
                String name = file.getFileName().toString();
                if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                    removeFolder(file);
                } else if (!STAYING.contains(name)) {
                    Files.delete(file);
                }
            }
        }
    }

    /// Whether neither a lease nor a session is kept.
    boolean isUnused() {
        try {
            return files(LEASE).isEmpty() && files(SESSION).isEmpty();
        } catch (IOException e) {
            LOG.warn("error=\"the run folder stays: {}\"", e.toString());
            return false;
        }
    }

    /// Lets another dispatcher have it.
    ///
    /// @param remove whether nothing in it is of use to one
    void close(boolean remove) {
        try {
            if (remove) {
                clear();
                for (String name : STAYING) {
                    Files.deleteIfExists(folder.resolve(name));
                }
                Files.delete(folder);
            }
            lock.close();
        } catch (IOException e) {
            LOG.warn("error=\"the run folder stays: {}\"", e.toString());
        }
    }

    @Override
    public void close() {
        close(false);
    }
}
