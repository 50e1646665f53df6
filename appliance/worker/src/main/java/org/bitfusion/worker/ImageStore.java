package org.bitfusion.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.bitfusion.protocol.ContentHash;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Large images by their hash, in a folder that outlives sessions. The hash is always this side's
/// own: of what is stored, and again of what is found. When the folder cannot be used, every image
/// is unknown.
final class ImageStore {
    private static final Logger LOG = LoggerFactory.getLogger(ImageStore.class);
    private static final int WORTH_STORING = 64 * 1024;

    private final Path folder;
    private final Map<ContentHash, ByteBuffer> confirmed = new HashMap<>();

    ImageStore(Path folder) {
        this.folder = folder;
    }

    /// Looks an image up, and keeps it at hand for this session.
    boolean isKnown(ContentHash hash) {
        if (confirmed.containsKey(hash)) {
            return true;
        }
        try (FileChannel file = FileChannel.open(path(hash))) {
            ByteBuffer content = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
            if (!ContentHash.of(content).equals(hash)) {
                LOG.warn("image={} is damaged, removed", hash.hex());
                Files.delete(path(hash));
                return false;
            }
            confirmed.put(hash, content);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            LOG.warn("image={} error=\"{}\"", hash.hex(), e.toString());
            return false;
        }
    }

    /// An image that [#isKnown] has confirmed.
    Optional<ByteBuffer> find(ContentHash hash) {
        return Optional.ofNullable(confirmed.get(hash)).map(ByteBuffer::duplicate);
    }

    /// Keeps an image if it is worth it.
    void store(ByteBuffer content) {
        if (content.remaining() < WORTH_STORING) {
            return;
        }
        ContentHash hash = ContentHash.of(content);
        Path path = path(hash);
        try {
            if (Files.exists(path)) {
                return;
            }
            Files.createDirectories(
                    folder,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            Path temporary = Files.createTempFile(folder, "image", ".part");
            try (FileChannel file = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                ByteBuffer rest = content.duplicate();
                while (rest.hasRemaining()) {
                    file.write(rest);
                }
            }
            Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOG.warn("image={} not stored, error=\"{}\"", hash.hex(), e.toString());
        }
    }

    private Path path(ContentHash hash) {
        return folder.resolve(hash.hex());
    }
}
