package org.bitfusion.ptx.image;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The literals section of a compressed block.
final class ZstdLiterals {
    private static final int MAXIMUM = 128 << 10;

    private final byte[] input;
    private final byte[] literals = new byte[MAXIMUM];
    private @Nullable HuffmanTable table;
    private int size;

    ZstdLiterals(byte[] input) {
        this.input = input;
    }

    void newFrame() {
        table = null;
    }

    byte[] bytes() {
        return literals;
    }

    int size() {
        return size;
    }

    /// Reads the section at `start` and answers where it ends.
    int read(int start, int end) {
        int type = input[start] & 3;
        int format = input[start] >> 2 & 3;
        return type < 2 ? plain(start, type, format, end) : coded(start, type, format, end);
    }

    private long header(int start, int byteCount) {
        long value = 0;
        for (int index = 0; index < byteCount; index++) {
            value |= (input[start + index] & 0xFFL) << (8 * index);
        }
        return value;
    }

    private int plain(int start, int type, int format, int end) {
        int headerBytes =
                switch (format) {
                    case 1 -> 2;
                    case 3 -> 3;
                    default -> 1;
                };
        int shift = headerBytes == 1 ? 3 : 4;
        size = limited((int) (header(start, headerBytes) >> shift));
        int data = start + headerBytes;
        if (type == 1) {
            Arrays.fill(literals, 0, size, input[data]);
            return data + 1;
        }
        if (data + size > end) {
            throw new ImageException("zstd: literals end early");
        }
        System.arraycopy(input, data, literals, 0, size);
        return data + size;
    }

    private int limited(int count) {
        if (count > MAXIMUM) {
            throw new ImageException("zstd: too many literals");
        }
        return count;
    }

    private int coded(int start, int type, int format, int end) {
        int headerBytes = format < 2 ? 3 : format + 2;
        int width =
                switch (format) {
                    case 2 -> 14;
                    case 3 -> 18;
                    default -> 10;
                };
        long header = header(start, headerBytes) >> 4;
        size = limited((int) (header & ((1 << width) - 1)));
        int stored = (int) (header >> width & ((1 << width) - 1));
        int data = start + headerBytes;
        int stop = data + stored;
        if (stop > end) {
            throw new ImageException("zstd: literals end early");
        }
        if (type == 2) {
            HuffmanTable.Read read = HuffmanTable.read(input, data, stop);
            table = read.table();
            data = read.end();
        }
        HuffmanTable codes = table;
        if (codes == null) {
            throw new ImageException("zstd: literals without a code table");
        }
        if (format == 0) {
            codes.decode(input, data, stop, literals, 0, size);
        } else {
            four(codes, data, stop);
        }
        return stop;
    }

    private void four(HuffmanTable codes, int data, int stop) {
        int part = (size + 3) / 4;
        int from = data + 6;
        for (int stream = 0; stream < 4; stream++) {
            int to = stream < 3 ? from + (int) header(data + 2 * stream, 2) : stop;
            int count = stream < 3 ? part : size - 3 * part;
            if (to > stop || count < 0) {
                throw new ImageException("zstd: a literal stream ends early");
            }
            codes.decode(input, from, to, literals, part * stream, count);
            from = to;
        }
    }
}
