package org.bitfusion.ptx.image;

/// A decoding table of finite-state entropy coding (RFC 8878, 4.1).
final class FiniteStateTable {
    private final int accuracy;
    private final byte[] symbols;
    private final byte[] bits;
    private final int[] bases;

    private FiniteStateTable(int accuracy) {
        this.accuracy = accuracy;
        this.symbols = new byte[1 << accuracy];
        this.bits = new byte[1 << accuracy];
        this.bases = new int[1 << accuracy];
    }

    /// A table that always gives `symbol`.
    static FiniteStateTable constant(int symbol) {
        FiniteStateTable table = new FiniteStateTable(0);
        table.symbols[0] = (byte) symbol;
        return table;
    }

    /// A table from probabilities that add up to 2^accuracy, -1 meaning "less than one".
    static FiniteStateTable of(int[] probabilities, int accuracy) {
        FiniteStateTable table = new FiniteStateTable(accuracy);
        int size = 1 << accuracy;
        int[] next = new int[probabilities.length];
        int high = size;
        for (int symbol = 0; symbol < probabilities.length; symbol++) {
            next[symbol] = Math.max(1, probabilities[symbol]);
            if (probabilities[symbol] == -1) {
                table.symbols[--high] = (byte) symbol;
            }
        }
        table.spread(probabilities, high);
        for (int state = 0; state < size; state++) {
            int symbol = table.symbols[state] & 0xFF;
            int value = next[symbol]++;
            int count = accuracy - (31 - Integer.numberOfLeadingZeros(value));
            table.bits[state] = (byte) count;
            table.bases[state] = (value << count) - size;
        }
        return table;
    }

    private void spread(int[] probabilities, int high) {
        int size = 1 << accuracy;
        int step = (size >> 1) + (size >> 3) + 3;
        int position = 0;
        for (int symbol = 0; symbol < probabilities.length; symbol++) {
            for (int count = 0; count < probabilities[symbol]; count++) {
                symbols[position] = (byte) symbol;
                do {
                    position = (position + step) & (size - 1);
                } while (position >= high);
            }
        }
        if (position != 0) {
            throw new ImageException("zstd: a table does not add up");
        }
    }

    int accuracy() {
        return accuracy;
    }

    int start(BackwardBits stream) {
        return (int) stream.read(accuracy);
    }

    int symbol(int state) {
        return symbols[state] & 0xFF;
    }

    int next(int state, BackwardBits stream) {
        return bases[state] + (int) stream.read(bits[state]);
    }

    /// Bits that [#next] reads from `state`.
    int nextBits(int state) {
        return bits[state];
    }

    /// A table read from its description, and where it ended.
    record Read(FiniteStateTable table, int end) {}

    /// Reads a description that starts at `start` and may use bytes before `limit`.
    static Read read(byte[] bytes, int start, int limit, int maximumAccuracy, int maximumSymbol) {
        ForwardBits stream = new ForwardBits(bytes, start, limit);
        int accuracy = stream.read(4) + 5;
        if (accuracy > maximumAccuracy) {
            throw new ImageException("zstd: a table is too fine");
        }
        int[] probabilities = new int[maximumSymbol + 1];
        int remaining = 1 << accuracy;
        int symbol = 0;
        while (remaining > 0) {
            if (symbol > maximumSymbol) {
                throw new ImageException("zstd: a table has too many symbols");
            }
            int probability = probability(stream, remaining);
            remaining -= Math.abs(probability);
            probabilities[symbol++] = probability;
            if (probability == 0) {
                int repeat;
                do {
                    repeat = stream.read(2);
                    symbol += repeat;
                } while (repeat == 3);
            }
        }
        if (remaining < 0) {
            throw new ImageException("zstd: a table does not add up");
        }
        return new Read(of(probabilities, accuracy), stream.nextByte());
    }

    private static int probability(ForwardBits stream, int remaining) {
        int bits = 32 - Integer.numberOfLeadingZeros(remaining + 1);
        int value = stream.read(bits);
        int lower = (1 << (bits - 1)) - 1;
        int threshold = (1 << bits) - 1 - (remaining + 1);
        if ((value & lower) < threshold) {
            stream.unread();
            value &= lower;
        } else if (value > lower) {
            value -= threshold;
        }
        return value - 1;
    }

    /// Bits from the beginning, least significant first.
    private static final class ForwardBits {
        private final byte[] bytes;
        private final int limit;
        private long position;

        ForwardBits(byte[] bytes, int start, int limit) {
            this.bytes = bytes;
            this.limit = limit;
            this.position = start * 8L;
        }

        int read(int count) {
            int value = 0;
            for (int index = 0; index < count; index++, position++) {
                int at = (int) (position >> 3);
                if (at >= limit) {
                    throw new ImageException("zstd: a table ends early");
                }
                value |= (bytes[at] >> (position & 7) & 1) << index;
            }
            return value;
        }

        void unread() {
            position--;
        }

        int nextByte() {
            return (int) ((position + 7) >> 3);
        }
    }
}
