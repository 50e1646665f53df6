package org.bitfusion.ptx.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FatBinaryTest {
    private static final int PTX = 1;
    private static final int ELF = 2;

    private static byte[] entry(int kind, int architecture, long flags, byte[] stored, int size) {
        int padded = (stored.length + 7) / 8 * 8;
        ByteBuffer entry = ByteBuffer.allocate(64 + padded).order(ByteOrder.LITTLE_ENDIAN);
        entry.putShort((short) kind).putShort((short) 0x0101).putInt(64).putLong(padded);
        entry.putInt(flags == 0 ? 0 : stored.length).putInt(0).putInt(0).putInt(architecture);
        entry.putLong(0).putLong(flags).putLong(0).putLong(size).put(stored);
        return entry.array();
    }

    private static ByteBuffer container(byte[]... entries) {
        int size = 0;
        for (byte[] entry : entries) {
            size += entry.length;
        }
        ByteBuffer image = ByteBuffer.allocate(16 + size).order(ByteOrder.LITTLE_ENDIAN);
        image.putInt(0xBA55ED50).putShort((short) 1).putShort((short) 16).putLong(size);
        for (byte[] entry : entries) {
            image.put(entry);
        }
        return image.flip();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void theHighestArchitectureThatFitsIsChosen() {
        ByteBuffer image =
                container(
                        entry(ELF, 80, 0, text("machine code"), 0),
                        entry(PTX, 75, 0, text("old\0"), 0),
                        entry(PTX, 80, 0, text("right\0"), 0),
                        entry(PTX, 90, 0, text("new\0"), 0));

        assertThat(FatBinary.ptxFor(image, 80)).contains("right");
        assertThat(FatBinary.ptxFor(image, 100)).contains("new");
        assertThat(FatBinary.ptxFor(image, 70)).isEmpty();
        assertThat(FatBinary.entries(image)).hasSize(4);
    }

    @Test
    void compressedEntriesAreDecompressed() {
        byte[] plain = Resources.bytes("text.ptx");
        String expected = new String(plain, StandardCharsets.US_ASCII);
        byte[] zstd = Resources.bytes("text.zst");
        byte[] lz4 = Resources.bytes("text.lz4");

        assertThat(FatBinary.ptxFor(container(entry(PTX, 80, 0x8011, zstd, plain.length)), 80))
                .contains(expected);
        assertThat(FatBinary.ptxFor(container(entry(PTX, 80, 0x2011, lz4, plain.length)), 80))
                .contains(expected);
    }

    @Test
    void containersMayFollowEachOther() {
        ByteBuffer first = container(entry(PTX, 75, 0, text("first"), 0));
        ByteBuffer second = container(entry(PTX, 80, 0, text("second"), 0));
        ByteBuffer both = ByteBuffer.allocate(first.remaining() + second.remaining());
        both.put(first.duplicate()).put(second.duplicate()).flip();

        assertThat(FatBinary.ptxFor(both, 80)).contains("second");
    }

    @Test
    void machineCodeGivesNothingAndTextItself() {
        ByteBuffer elf = ByteBuffer.wrap(new byte[] {0x7F, 'E', 'L', 'F', 2, 1});

        assertThat(FatBinary.ptxFor(elf, 80)).isEmpty();
        assertThat(FatBinary.ptxFor(container(entry(ELF, 80, 0, text("x"), 0)), 80)).isEmpty();
        assertThat(FatBinary.ptxFor(ByteBuffer.wrap(text(".version 8.0\0junk")), 80))
                .contains(".version 8.0");
    }

    @Test
    void impossibleSizesAreRefusedBeforeAnythingIsAllocated() {
        ByteBuffer huge = container(entry(PTX, 80, 0x8011, new byte[8], Integer.MAX_VALUE));
        assertThatExceptionOfType(ImageException.class)
                .isThrownBy(() -> FatBinary.ptxFor(huge, 80));

        ByteBuffer whole = container(entry(PTX, 80, 0, text("abcdefgh"), 0));
        for (int cut = 16; cut < whole.limit(); cut++) {
            ByteBuffer truncated = whole.duplicate().limit(cut);
            assertThatExceptionOfType(ImageException.class)
                    .isThrownBy(() -> FatBinary.entries(truncated));
        }
    }

    @Test
    void randomDamageGivesOnlyTheDeclaredException() {
        byte[] plain = Resources.bytes("text.ptx");
        ByteBuffer whole =
                container(
                        entry(PTX, 75, 0, plain, 0),
                        entry(PTX, 80, 0x8011, Resources.bytes("text.zst"), plain.length));
        SplittableRandom random = new SplittableRandom(11);
        int survived = 0;
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = new byte[whole.remaining()];
            whole.duplicate().get(bytes);
            bytes[random.nextInt(round % 2 == 0 ? 96 : bytes.length)] = (byte) random.nextInt();
            try {
                FatBinary.ptxFor(ByteBuffer.wrap(bytes), 80);
                survived++;
            } catch (ImageException expected) {
                assertThat(expected).hasMessageNotContaining("null");
            }
        }
        assertThat(survived).isBetween(1, 1999);
    }
}
