package org.bitfusion.ptx.image;

import java.util.Arrays;

/// Decodes zstd frames (RFC 8878) without dictionaries; checksums are skipped. The size of the
/// result is given, and nothing larger is ever allocated.
public final class Zstd {
    private static final int MAGIC = 0xFD2FB528;
    private static final int MAXIMUM_BLOCK = 128 << 10;

    private final byte[] input;
    private final int limit;
    private final byte[] output;
    private final ZstdSequences sequences;
    private int position;
    private int written;

    private Zstd(byte[] input, int start, int limit, byte[] output) {
        this.input = input;
        this.position = start;
        this.limit = limit;
        this.output = output;
        this.sequences = new ZstdSequences(input, output);
    }

    /// Decodes the frames in `input[start, end)` into exactly `byteCount` bytes.
    ///
    /// @throws ImageException when the input is malformed or gives another size
    public static byte[] decompress(byte[] input, int start, int end, int byteCount) {
        byte[] output = new byte[byteCount];
        try {
            int size = new Zstd(input, start, end, output).frames();
            if (size != byteCount) {
                throw new ImageException("zstd: " + size + " bytes instead of " + byteCount);
            }
        } catch (IndexOutOfBoundsException truncated) {
            throw new ImageException("zstd: malformed or truncated");
        }
        return output;
    }

    private int frames() {
        while (limit - position >= 4) {
            int magic = integer(4);
            if ((magic & 0xFFFF_FFF0) == 0x184D_2A50) {
                int skipped = integer(4);
                if (skipped < 0 || skipped > limit - position) {
                    throw new ImageException("zstd: a frame to skip is too long");
                }
                position += skipped;
            } else if (magic == MAGIC) {
                frame();
            } else if (written > 0) {
                return written;
            } else {
                throw new ImageException("zstd: no frame");
            }
        }
        return written;
    }

    private int integer(int byteCount) {
        int value = 0;
        for (int index = 0; index < byteCount; index++) {
            value |= next() << (8 * index);
        }
        return value;
    }

    private int next() {
        if (position >= limit) {
            throw new ImageException("zstd: truncated");
        }
        return input[position++] & 0xFF;
    }

    private void frame() {
        int descriptor = next();
        boolean single = (descriptor & 0x20) != 0;
        if (!single) {
            next();
        }
        int dictionary = integer(new int[] {0, 1, 2, 4}[descriptor & 3]);
        if (dictionary != 0) {
            throw new ImageException("zstd: a dictionary is needed");
        }
        int contentSize = new int[] {single ? 1 : 0, 2, 4, 8}[descriptor >> 6];
        for (int index = 0; index < contentSize; index++) {
            next();
        }
        sequences.newFrame(written);
        boolean last;
        do {
            int header = integer(3);
            last = (header & 1) != 0;
            block(header >> 1 & 3, header >> 3);
        } while (!last);
        if ((descriptor & 4) != 0) {
            integer(4);
        }
    }

    private void block(int type, int size) {
        boolean repeated = type == 1;
        int stored = repeated ? 1 : size;
        if (size > MAXIMUM_BLOCK || stored > limit - position) {
            throw new ImageException("zstd: a block is too long");
        }
        switch (type) {
            case 0 -> {
                System.arraycopy(input, position, output, written, size);
                written += size;
            }
            case 1 -> {
                Arrays.fill(output, written, written + size, input[position]);
                written += size;
            }
            case 2 -> written = sequences.block(position, position + size, written);
            default -> throw new ImageException("zstd: an unknown block");
        }
        position += stored;
    }
}
