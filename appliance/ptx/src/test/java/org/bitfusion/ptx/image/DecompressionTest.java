package org.bitfusion.ptx.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Streams made by the zstd and lz4 programs; see resources.
class DecompressionTest {

    /// The text that lines-*.zst and lines.lz4 hold.
    static byte[] lines() {
        StringBuilder text = new StringBuilder();
        long state = 12345;
        for (int index = 0; index < 6000; index++) {
            state = (state * 1103515245 + 12345) & 0x7FFF_FFFF;
            text.append("\tadd.s32 \t%r")
                    .append(index % 97)
                    .append(", %r")
                    .append((state >> 8) % 1000)
                    .append(", ")
                    .append(state % 7919)
                    .append(";\n");
        }
        return text.toString().getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] zstd(byte[] input, int size) {
        return Zstd.decompress(input, 0, input.length, size);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lines-1.zst", "lines-3.zst", "lines-19.zst"})
    void zstdOfEveryLevel(String name) {
        byte[] expected = lines();

        assertThat(zstd(Resources.bytes(name), expected.length)).isEqualTo(expected);
    }

    @Test
    void zstdOfSmallAndOfRepeatedInput() {
        byte[] text = Resources.bytes("text.ptx");
        byte[] repeated = new byte[5000];
        Arrays.fill(repeated, (byte) 'x');

        assertThat(zstd(Resources.bytes("text.zst"), text.length)).isEqualTo(text);
        assertThat(zstd(Resources.bytes("repeated.zst"), 5000)).isEqualTo(repeated);
    }

    @Test
    void lz4Blocks() {
        byte[] text = Resources.bytes("text.ptx");
        byte[] small = Resources.bytes("text.lz4");
        byte[] large = Resources.bytes("lines.lz4");

        assertThat(Lz4.decompress(small, 0, small.length, text.length)).isEqualTo(text);
        assertThat(Lz4.decompress(large, 0, large.length, lines().length)).isEqualTo(lines());
    }

    @Test
    void anotherSizeThanDeclaredIsRefused() {
        byte[] text = Resources.bytes("text.ptx");
        byte[] stream = Resources.bytes("text.zst");

        assertThatExceptionOfType(ImageException.class)
                .isThrownBy(() -> zstd(stream, text.length - 1));
        assertThatExceptionOfType(ImageException.class)
                .isThrownBy(() -> zstd(stream, text.length + 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"text.zst", "text.lz4", "lines-19.zst"})
    void brokenStreamsGiveTheRightBytesOrTheDeclaredException(String name) {
        byte[] whole = Resources.bytes(name);
        int size = name.startsWith("text") ? Resources.bytes("text.ptx").length : lines().length;
        SplittableRandom random = new SplittableRandom(3);
        int refused = 0;
        for (int round = 0; round < 600; round++) {
            byte[] broken =
                    round % 3 == 0
                            ? Arrays.copyOf(whole, random.nextInt(whole.length))
                            : whole.clone();
            for (int flip = 0; flip < round % 3 && broken.length > 0; flip++) {
                broken[random.nextInt(broken.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                byte[] result =
                        name.endsWith("zst")
                                ? zstd(broken, size)
                                : Lz4.decompress(broken, 0, broken.length, size);
                assertThat(result).hasSize(size);
            } catch (ImageException expected) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(200);
    }
}
