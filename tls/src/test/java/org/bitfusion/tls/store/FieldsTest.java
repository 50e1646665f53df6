package org.bitfusion.tls.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.TlsException;
import org.junit.jupiter.api.Test;

class FieldsTest {
    private static final Fields FIELDS =
            Fields.of("token")
                    .with("description", "two\nlines, a \\ and ümlauts\r")
                    .with("uses", 3)
                    .with("enabled", true)
                    .with("expires", Instant.parse("2026-01-31T00:00:00Z"))
                    .with("hash", new byte[] {1, 2, 3});

    @Test
    void whatWasEncodedIsDecoded() {
        Fields decoded = Fields.decode("token", FIELDS.encode());
        assertThat(decoded.text("description")).isEqualTo("two\nlines, a \\ and ümlauts\r");
        assertThat(decoded.number("uses")).isEqualTo(3);
        assertThat(decoded.flag("enabled")).isTrue();
        assertThat(decoded.instant("expires")).isEqualTo("2026-01-31T00:00:00Z");
        assertThat(decoded.bytes("hash")).containsExactly(1, 2, 3);
        assertThat(decoded.encode()).isEqualTo(FIELDS.encode());
    }

    @Test
    void aRecordCutAnywhereIsDamaged() {
        Hostile.cutAtEveryLength(FIELDS.encode(), 0, bytes -> Fields.decode("token", bytes));
    }

    @Test
    void randomBytesEndInTheDeclaredException() {
        Hostile.randomBytes(
                FIELDS.encode(),
                5_000,
                bytes -> {
                    Fields fields = Fields.decode("token", bytes);
                    fields.instant("expires");
                    fields.number("uses");
                    fields.flag("enabled");
                    fields.bytes("hash");
                });
    }

    @Test
    void anotherKindIsDamaged() {
        assertDamaged("bitfusion user 1\nend\n");
    }

    @Test
    void aNewerFormatIsDamaged() {
        assertDamaged("bitfusion token 2\nend\n");
    }

    @Test
    void aFieldTwiceIsDamaged() {
        assertDamaged("bitfusion token 1\nuses=1\nuses=2\nend\n");
    }

    @Test
    void valuesAreNotPrinted() {
        assertThat(FIELDS.with("secret", "hunter2").toString())
                .contains("secret")
                .doesNotContain("hunter2");
    }

    private static void assertDamaged(String text) {
        assertThatThrownBy(() -> Fields.decode("token", text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith("[BF-7107]");
    }
}
