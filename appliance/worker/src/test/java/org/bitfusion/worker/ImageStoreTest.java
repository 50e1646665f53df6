package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.bitfusion.protocol.ContentHash;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageStoreTest {
    private static final int SIZE = 100_000;

    @TempDir Path folder;

    private static ByteBuffer image(int seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private void lastUsed(ContentHash hash, int hoursAgo) throws IOException {
        lastUsed(hash.hex(), hoursAgo);
    }

    private void lastUsed(String name, int hoursAgo) throws IOException {
        Instant time = Instant.now().minus(Duration.ofHours(hoursAgo));
        Files.setLastModifiedTime(folder.resolve(name), FileTime.from(time));
    }

    @Test
    void theImagesNotUsedForLongestMakeRoom() throws IOException {
        ImageStore store = new ImageStore(folder, 3 * SIZE);
        ContentHash[] hashes = new ContentHash[5];
        for (int image = 0; image < 3; image++) {
            ByteBuffer content = image(image, SIZE);
            hashes[image] = ContentHash.of(content);
            store.store(content);
            lastUsed(hashes[image], 3 - image);
        }
        assertThat(new ImageStore(folder).isKnown(hashes[0])).isTrue();
        ByteBuffer newest = image(3, SIZE);
        store.store(newest);
        ImageStore later = new ImageStore(folder, 3 * SIZE);
        assertThat(later.isKnown(hashes[0])).as("used again").isTrue();
        assertThat(later.isKnown(hashes[1])).as("not used for longest").isFalse();
        assertThat(later.isKnown(hashes[2])).isTrue();
        assertThat(later.isKnown(ContentHash.of(newest))).isTrue();
    }

    @Test
    void anImageLargerThanTheStoreLeavesItAsItIs() {
        ImageStore store = new ImageStore(folder, 3 * SIZE);
        ByteBuffer small = image(1, SIZE);
        store.store(small);
        ByteBuffer large = image(2, 3 * SIZE + 1);
        store.store(large);
        assertThat(store.isKnown(ContentHash.of(small))).isTrue();
        assertThat(store.isKnown(ContentHash.of(large))).isFalse();
    }

    @Test
    void whatWasNeverFinishedGoesAndOtherFilesStay() throws IOException {
        Files.write(folder.resolve("image17.part"), new byte[SIZE]);
        Files.write(folder.resolve("image18.part"), new byte[SIZE]);
        Files.write(folder.resolve("notes.txt"), new byte[3 * SIZE]);
        lastUsed("image17.part", 2);
        lastUsed("notes.txt", 200);
        new ImageStore(folder, 3 * SIZE).store(image(1, SIZE));
        assertThat(folder.resolve("image17.part")).doesNotExist();
        assertThat(folder.resolve("image18.part")).exists();
        assertThat(folder.resolve("notes.txt")).exists();
    }

    @Test
    void anImageInUseOutlivesItsFile() {
        ByteBuffer first = image(1, SIZE);
        ContentHash hash = ContentHash.of(first);
        ImageStore user = new ImageStore(folder, SIZE);
        user.store(first);
        assertThat(user.isKnown(hash)).isTrue();
        new ImageStore(folder, SIZE).store(image(2, SIZE));
        assertThat(folder.resolve(hash.hex())).doesNotExist();
        assertThat(user.find(hash)).contains(first);
    }
}
