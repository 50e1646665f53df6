package org.bitfusion.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.bitfusion.protocol.ContentHash;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Large images by their hash, in a folder that outlives sessions. The hash is always this side's
/// own, of what is stored. To know a hash is not enough: an image is known only to a session that
/// has sent it or has proved that it has it. When the folder cannot be used, every image is
/// unknown.
///
/// The folder holds a limited number of bytes: the images that were not used for longest make room.
/// Several processes use it at once; an image that goes while another one has it mapped stays there
/// until that one ends.
final class ImageStore {
    private static final Logger LOG = LoggerFactory.getLogger(ImageStore.class);
    private static final int WORTH_STORING = 64 * 1024;
    private static final long MOST_BYTES = 2L << 30;
    private static final String UNFINISHED = ".part";

    /// What is not finished by then was left by a process that is gone.
    private static final Duration TIME_TO_FINISH = Duration.ofHours(1);

    private final Path folder;
    private final long mostBytes;
    private final Secret secret;
    private final Map<ContentHash, ByteBuffer> confirmed = new ConcurrentHashMap<>();

    /// Ends when the last image given to [#store] is stored.
    private volatile CompletableFuture<Void> storing = CompletableFuture.completedFuture(null);

    /// @param secret of the session
    ImageStore(Path folder, Secret secret) {
        this(folder, secret, MOST_BYTES);
    }

    /// @param mostBytes of all images together
    ImageStore(Path folder, Secret secret, long mostBytes) {
        this.folder = folder;
        this.secret = secret;
        this.mostBytes = mostBytes;
    }

    /// Whether this session has sent the image, or has proved that it has it.
    boolean isKnown(ContentHash hash) {
        storing.join();
        return confirmed.containsKey(hash);
    }

    /// Looks an image up, and keeps it at hand for this session if the proof is that of the image.
    /// That also shows that the file is what its name says.
    ///
    /// @param proof see [Proof#ofImage]
    boolean isProved(ContentHash hash, Proof proof) {
        if (isKnown(hash)) {
            return true;
        }
        try {
            ByteBuffer content = map(path(hash));
            if (Proof.ofImage(secret, content).equals(proof)) {
                Files.setLastModifiedTime(path(hash), FileTime.from(Instant.now()));
                confirmed.put(hash, content);
                return true;
            }
            if (ContentHash.of(content).equals(hash)) {
                LOG.warn("image={} asked for without having it", hash.hex());
            } else {
                LOG.warn("image={} is damaged, removed", hash.hex());
                Files.delete(path(hash));
            }
        } catch (NoSuchFileException e) {
            LOG.debug("image={} is not here", hash.hex());
        } catch (IOException e) {
            LOG.warn("image={} error=\"{}\"", hash.hex(), e.toString());
        }
        return false;
    }

    private static ByteBuffer map(Path path) throws IOException {
        try (FileChannel file = FileChannel.open(path)) {
            return file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
        }
    }

    /// An image that is known to this session.
    Optional<ByteBuffer> find(ContentHash hash) {
        return Optional.ofNullable(confirmed.get(hash)).map(ByteBuffer::duplicate);
    }

    /// Keeps an image that this session has sent if it is worth it, in a thread of its own.
    ///
    /// @param content nobody changes it any more
    void store(ByteBuffer content) {
        if (content.remaining() >= WORTH_STORING && content.remaining() <= mostBytes) {
            ByteBuffer own = content.duplicate();
            storing =
                    storing.thenRunAsync(
                            () -> write(own),
                            task -> Thread.ofPlatform().daemon().name("images").start(task));
        }
    }

    /// Waits for what is being stored.
    void finish(Duration atMost) {
        try {
            storing.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("an image was not stored, error=\"{}\"", e.toString());
        }
    }

    private void write(ByteBuffer content) {
        ContentHash hash = ContentHash.of(content);
        Path path = path(hash);
        try {
            if (Files.exists(path) && ContentHash.of(map(path)).equals(hash)) {
                confirmed.put(hash, map(path));
                return;
            }
            Files.createDirectories(
                    folder,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            makeRoom(content.remaining());
            Path temporary = Files.createTempFile(folder, "image", UNFINISHED);
            try (FileChannel file = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer rest = content.duplicate();
                while (rest.hasRemaining()) {
                    file.write(rest);
                }
            }
            confirmed.put(hash, map(temporary));
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | DirectoryIteratorException e) {
            LOG.warn("image={} not stored, error=\"{}\"", hash.hex(), e.toString());
        }
    }

    /// Removes images, those not used for longest first, until so many bytes fit.
    private void makeRoom(long needed) throws IOException {
        List<Stored> images = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, ImageStore::isOwn)) {
            for (Path file : files) {
                Stored stored = Stored.of(file);
                if (stored != null) {
                    images.add(stored);
                }
            }
        }
        images.sort(Comparator.comparing(Stored::used));
        long bytes = images.stream().mapToLong(Stored::bytes).sum();
        Instant old = Instant.now().minus(TIME_TO_FINISH);
        for (Stored image : images) {
            boolean unfinished = image.path().toString().endsWith(UNFINISHED);
            boolean goes = unfinished ? image.used().isBefore(old) : bytes > mostBytes - needed;
            if (goes) {
                Files.deleteIfExists(image.path());
                bytes -= image.bytes();
            }
        }
    }

    /// Whether this class gives files such a name: nothing else is removed.
    private static boolean isOwn(Path file) {
        String name = file.getFileName().toString();
        return name.matches("[0-9a-f]{64}|image[0-9]+\\.part");
    }

    /// A file of the folder.
    private record Stored(Path path, long bytes, Instant used) {
        /// Null when another process has just removed it.
        static @Nullable Stored of(Path file) throws IOException {
            try {
                BasicFileAttributes attributes =
                        Files.readAttributes(
                                file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
                return new Stored(
                        file, attributes.size(), attributes.lastModifiedTime().toInstant());
            } catch (NoSuchFileException e) {
                return null;
            }
        }
    }

    private Path path(ContentHash hash) {
        return folder.resolve(hash.hex());
    }
}
