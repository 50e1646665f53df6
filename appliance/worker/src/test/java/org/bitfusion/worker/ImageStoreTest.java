package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.bitfusion.protocol.ContentHash;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageStoreTest {
    private static final int SIZE = 100_000;

    private static final Duration LONG = Duration.ofSeconds(20);

    @TempDir Path folder;

    private final Secret secret = Secret.random(new SecureRandom());

    private ImageStore images(long mostBytes) {
        return new ImageStore(folder, secret, mostBytes);
    }

    private static void store(ImageStore images, ByteBuffer content) {
        images.store(content);
        images.finish(LONG);
    }

    private boolean isProved(ImageStore images, ByteBuffer content) {
        return images.isProved(ContentHash.of(content), Proof.ofImage(secret, content));
    }

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
        ImageStore store = images(3 * SIZE);
        ByteBuffer[] content = new ByteBuffer[4];
        for (int image = 0; image < 4; image++) {
            content[image] = image(image, SIZE);
        }
        for (int image = 0; image < 3; image++) {
            store(store, content[image]);
            lastUsed(ContentHash.of(content[image]), 3 - image);
        }
        assertThat(isProved(images(3 * SIZE), content[0])).isTrue();
        store(store, content[3]);
        ImageStore later = images(3 * SIZE);
        assertThat(isProved(later, content[0])).as("used again").isTrue();
        assertThat(isProved(later, content[1])).as("not used for longest").isFalse();
        assertThat(isProved(later, content[2])).isTrue();
        assertThat(isProved(later, content[3])).isTrue();
    }

    @Test
    void anImageLargerThanTheStoreLeavesItAsItIs() {
        ImageStore store = images(3 * SIZE);
        ByteBuffer small = image(1, SIZE);
        store(store, small);
        ByteBuffer large = image(2, 3 * SIZE + 1);
        store(store, large);
        assertThat(isProved(images(3 * SIZE), small)).isTrue();
        assertThat(isProved(images(3 * SIZE), large)).isFalse();
    }

    @Test
    void whatWasNeverFinishedGoesAndOtherFilesStay() throws IOException {
        Files.write(folder.resolve("image17.part"), new byte[SIZE]);
        Files.write(folder.resolve("image18.part"), new byte[SIZE]);
        Files.write(folder.resolve("notes.txt"), new byte[3 * SIZE]);
        lastUsed("image17.part", 2);
        lastUsed("notes.txt", 200);
        store(images(3 * SIZE), image(1, SIZE));
        assertThat(folder.resolve("image17.part")).doesNotExist();
        assertThat(folder.resolve("image18.part")).exists();
        assertThat(folder.resolve("notes.txt")).exists();
    }

    @Test
    void anImageInUseOutlivesItsFile() {
        ByteBuffer first = image(1, SIZE);
        ContentHash hash = ContentHash.of(first);
        ImageStore user = images(SIZE);
        store(user, first);
        assertThat(user.isKnown(hash)).isTrue();
        store(images(SIZE), image(2, SIZE));
        assertThat(folder.resolve(hash.hex())).doesNotExist();
        assertThat(user.find(hash)).contains(first);
    }

    @Test
    void whoKnowsAHashDoesNotGetTheImage() {
        ByteBuffer content = image(1, SIZE);
        ContentHash hash = ContentHash.of(content);
        store(images(SIZE), content);
        ImageStore other = images(SIZE);
        assertThat(other.isKnown(hash)).isFalse();
        ByteBuffer part = content.slice(0, SIZE - 1);
        Secret another = Secret.random(new SecureRandom());
        List<Proof> bad =
                List.of(Proof.NONE, Proof.ofImage(secret, part), Proof.ofImage(another, content));
        for (Proof proof : bad) {
            assertThat(other.isProved(hash, proof)).isFalse();
        }
        assertThat(other.find(hash)).isEmpty();
        assertThat(isProved(other, content)).isTrue();
        assertThat(other.find(hash)).contains(content);
    }

    @Test
    void whoHasSentAnImageIsKnownToHaveIt() {
        ByteBuffer content = image(1, SIZE);
        ImageStore images = images(SIZE);
        images.store(content);
        assertThat(images.isKnown(ContentHash.of(content))).isTrue();
        assertThat(images.find(ContentHash.of(content))).contains(content);
    }

    @Test
    void aDamagedImageIsNotGivenAndMakesWayForAGoodOne() throws IOException {
        ByteBuffer content = image(1, SIZE);
        ContentHash hash = ContentHash.of(content);
        Files.write(folder.resolve(hash.hex()), new byte[SIZE]);
        store(images(SIZE), content);
        assertThat(isProved(images(SIZE), content)).isTrue();
        Files.write(folder.resolve(hash.hex()), new byte[SIZE]);
        assertThat(isProved(images(SIZE), content)).isFalse();
        assertThat(folder.resolve(hash.hex())).doesNotExist();
    }
}
