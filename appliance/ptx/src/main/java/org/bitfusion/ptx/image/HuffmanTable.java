package org.bitfusion.ptx.image;

/// Prefix codes of literals (RFC 8878, 4.2).
final class HuffmanTable {
    private static final int MAXIMUM_BITS = 11;

    private final int maximumBits;
    private final byte[] symbols;
    private final byte[] lengths;

    private HuffmanTable(int maximumBits) {
        this.maximumBits = maximumBits;
        this.symbols = new byte[1 << maximumBits];
        this.lengths = new byte[1 << maximumBits];
    }

    record Read(HuffmanTable table, int end) {}

    static Read read(byte[] bytes, int start, int limit) {
        int header = bytes[start] & 0xFF;
        int[] weights = new int[256];
        int count;
        int end;
        if (header >= 128) {
            count = header - 127;
            end = start + 1 + (count + 1) / 2;
            requireWithin(end, limit);
            for (int index = 0; index < count; index++) {
                int pair = bytes[start + 1 + index / 2] & 0xFF;
                weights[index] = index % 2 == 0 ? pair >> 4 : pair & 15;
            }
        } else {
            end = start + 1 + header;
            requireWithin(end, limit);
            count = compressedWeights(bytes, start + 1, end, weights);
        }
        return new Read(of(weights, count), end);
    }

    private static void requireWithin(int end, int limit) {
        if (end > limit) {
            throw new ImageException("zstd: a code table ends early");
        }
    }

    /// Two interleaved states, until the stream is used up.
    private static int compressedWeights(byte[] bytes, int start, int end, int[] weights) {
        FiniteStateTable.Read read = FiniteStateTable.read(bytes, start, end, 6, 12);
        FiniteStateTable table = read.table();
        BackwardBits stream = new BackwardBits(bytes, read.end(), end);
        int first = table.start(stream);
        int second = table.start(stream);
        int count = 0;
        while (count < 254) {
            weights[count++] = table.symbol(first);
            if (stream.left() < table.nextBits(first)) {
                weights[count++] = table.symbol(second);
                return count;
            }
            first = table.next(first, stream);
            weights[count++] = table.symbol(second);
            if (stream.left() < table.nextBits(second)) {
                weights[count++] = table.symbol(first);
                return count;
            }
            second = table.next(second, stream);
        }
        throw new ImageException("zstd: too many code weights");
    }

    private static HuffmanTable of(int[] weights, int given) {
        int sum = 0;
        for (int index = 0; index < given; index++) {
            sum += weights[index] > 0 ? 1 << (weights[index] - 1) : 0;
        }
        if (sum == 0 || given > 255) {
            throw new ImageException("zstd: a code table is empty");
        }
        int bits = 32 - Integer.numberOfLeadingZeros(sum);
        int left = (1 << bits) - sum;
        if (bits > MAXIMUM_BITS || Integer.bitCount(left) != 1) {
            throw new ImageException("zstd: a code table does not add up");
        }
        weights[given] = Integer.numberOfTrailingZeros(left) + 1;
        HuffmanTable table = new HuffmanTable(bits);
        table.fill(weights, given + 1);
        return table;
    }

    private void fill(int[] weights, int count) {
        int position = 0;
        for (int weight = 1; weight <= maximumBits; weight++) {
            for (int symbol = 0; symbol < count; symbol++) {
                if (weights[symbol] == weight) {
                    int places = 1 << (weight - 1);
                    for (int place = 0; place < places; place++) {
                        symbols[position] = (byte) symbol;
                        lengths[position++] = (byte) (maximumBits + 1 - weight);
                    }
                }
            }
        }
    }

    /// Decodes one stream of exactly `count` literals.
    void decode(byte[] bytes, int start, int end, byte[] output, int at, int count) {
        BackwardBits stream = new BackwardBits(bytes, start, end);
        for (int index = 0; index < count; index++) {
            int code = (int) stream.peek(maximumBits);
            output[at + index] = symbols[code];
            stream.skip(lengths[code]);
        }
        if (stream.left() != 0) {
            throw new ImageException("zstd: a literal stream has the wrong length");
        }
    }
}
