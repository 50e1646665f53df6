package org.bitfusion.tls.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.RecordPath;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PoolKeyTest {
    private static final byte[] SECRET = "a secret".getBytes(StandardCharsets.US_ASCII);
    private static final RecordPath PATH = new RecordPath("tokens", "a");

    private final PoolKey key = PoolKey.generate();

    @TempDir Path folder;

    @Test
    void whatWasSealedOpens() {
        assertThat(key.open("x", key.seal("x", SECRET))).isEqualTo(SECRET);
    }

    @Test
    void sealingTwiceLooksDifferent() {
        assertThat(key.seal("x", SECRET)).isNotEqualTo(key.seal("x", SECRET));
    }

    @Test
    void anotherKeyOrPurposeDoesNotOpen() {
        byte[] sealed = key.seal("x", SECRET);
        assertWrong(() -> PoolKey.generate().open("x", sealed));
        assertWrong(() -> key.open("y", sealed));
    }

    @Test
    void whatWasAlteredAnywhereOrCutDoesNotOpen() {
        byte[] sealed = key.seal("x", SECRET);
        for (int at = 0; at < sealed.length; at++) {
            byte[] altered = sealed.clone();
            altered[at] ^= 1;
            assertWrong(() -> key.open("x", altered));
        }
        Hostile.cutAtEveryLength(sealed, 0, bytes -> key.open("x", bytes));
    }

    @Test
    void aSignedRecordIsReadAtItsPlaceOnly() {
        byte[] content = key.encode(PATH, Fields.of("token").with("uses", 1));
        assertThat(key.decode(PATH, "token", content).number("uses")).isEqualTo(1);
        assertWrong(() -> key.decode(new RecordPath("tokens", "b"), "token", content));
        assertWrong(() -> PoolKey.generate().decode(PATH, "token", content));
    }

    @Test
    void anAlteredRecordIsRefused() {
        String content =
                new String(
                        key.encode(PATH, Fields.of("token").with("uses", 1)),
                        StandardCharsets.UTF_8);
        assertWrong(() ->
                key.decode(
                        PATH,
                        "token",
                        content.replace("uses=1", "uses=2").getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void theFileHoldsTheKeyForItsOwnerOnly() throws IOException {
        Path file = folder.resolve("pool.key");
        key.writeFile(file);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(PoolKey.readFile(file).open("x", key.seal("x", SECRET))).isEqualTo(SECRET);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> PoolKey.readFile(file))
                .isInstanceOf(TlsException.class)
                .hasMessageContaining("chmod 600 " + file);
    }

    @Test
    void aPoolKeyIsNeverWrittenOver() {
        Path file = folder.resolve("pool.key");
        key.writeFile(file);
        assertThatThrownBy(() -> PoolKey.generate().writeFile(file))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(TlsError.FILE_EXISTS.tag());
    }

    @Test
    void hostileTextEndsInTheDeclaredException() {
        byte[] text = key.text().getBytes(StandardCharsets.US_ASCII);
        Hostile.cutAtEveryLength(
                text, 1, bytes -> PoolKey.parse(new String(bytes, StandardCharsets.US_ASCII)));
        Hostile.randomBytes(
                text,
                2_000,
                bytes -> PoolKey.parse(new String(bytes, StandardCharsets.ISO_8859_1)));
    }

    private static void assertWrong(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(TlsException.class)
                .extracting(exception -> ((TlsException) exception).error())
                .isEqualTo(TlsError.POOL_KEY_WRONG);
    }
}
