package org.bitfusion.ptx.image;

import org.jspecify.annotations.Nullable;

/// Compressed blocks: literals, and the sequences that copy them and earlier output (RFC 8878,
/// 3.1.1.3).
final class ZstdSequences {
    private static final int[] LITERAL_BASES = {
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48,
        64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536
    };
    private static final int[] LITERAL_BITS = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10,
        11, 12, 13, 14, 15, 16
    };
    private static final int[] MATCH_BASES = {
        3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
        28, 29, 30, 31, 32, 33, 34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027,
        2051, 4099, 8195, 16387, 32771, 65539
    };
    private static final int[] MATCH_BITS = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
    };
    private static final FiniteStateTable LITERAL_DEFAULT =
            FiniteStateTable.of(
                    new int[] {
                        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2,
                        3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1
                    },
                    6);
    private static final FiniteStateTable MATCH_DEFAULT =
            FiniteStateTable.of(
                    new int[] {
                        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1,
                        -1, -1, -1, -1
                    },
                    6);
    private static final FiniteStateTable OFFSET_DEFAULT =
            FiniteStateTable.of(
                    new int[] {
                        1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1,
                        -1, -1, -1, -1
                    },
                    5);

    private final byte[] input;
    private final byte[] output;
    private final ZstdLiterals literals;
    private final int[] offsets = new int[3];
    private final @Nullable FiniteStateTable[] tables = new FiniteStateTable[3];
    private int frameStart;
    private int cursor;

    ZstdSequences(byte[] input, byte[] output) {
        this.input = input;
        this.output = output;
        this.literals = new ZstdLiterals(input);
    }

    void newFrame(int written) {
        frameStart = written;
        offsets[0] = 1;
        offsets[1] = 4;
        offsets[2] = 8;
        java.util.Arrays.fill(tables, null);
        literals.newFrame();
    }

    /// Decodes the block in `[start, end)`; answers how much is written then.
    int block(int start, int end, int written) {
        cursor = literals.read(start, end);
        int count = input[cursor++] & 0xFF;
        if (count >= 128) {
            int more = input[cursor++] & 0xFF;
            count = count < 255 ? ((count - 128) << 8) + more : more + (next() << 8) + 0x7F00;
        }
        if (count == 0) {
            return appendLiterals(0, literals.size(), written);
        }
        int modes = next();
        FiniteStateTable literalCodes = table(0, modes >> 6, LITERAL_DEFAULT, 9, 35, end);
        FiniteStateTable offsetCodes = table(1, modes >> 4 & 3, OFFSET_DEFAULT, 8, 31, end);
        FiniteStateTable matchCodes = table(2, modes >> 2 & 3, MATCH_DEFAULT, 9, 52, end);
        BackwardBits stream = new BackwardBits(input, cursor, end);
        return execute(count, literalCodes, offsetCodes, matchCodes, stream, written);
    }

    private int next() {
        return input[cursor++] & 0xFF;
    }

    private FiniteStateTable table(
            int kind, int mode, FiniteStateTable predefined, int accuracy, int symbols, int end) {
        FiniteStateTable table =
                switch (mode) {
                    case 0 -> predefined;
                    case 1 -> FiniteStateTable.constant(next());
                    case 2 -> {
                        FiniteStateTable.Read read =
                                FiniteStateTable.read(input, cursor, end, accuracy, symbols);
                        cursor = read.end();
                        yield read.table();
                    }
                    default -> tables[kind];
                };
        if (table == null) {
            throw new ImageException("zstd: a repeated table that was never given");
        }
        tables[kind] = table;
        return table;
    }

    private int execute(
            int count,
            FiniteStateTable literalCodes,
            FiniteStateTable offsetCodes,
            FiniteStateTable matchCodes,
            BackwardBits stream,
            int start) {
        int written = start;
        int used = 0;
        int literalState = literalCodes.start(stream);
        int offsetState = offsetCodes.start(stream);
        int matchState = matchCodes.start(stream);
        for (int index = 0; index < count; index++) {
            int offsetCode = offsetCodes.symbol(offsetState);
            int matchCode = matchCodes.symbol(matchState);
            int literalCode = literalCodes.symbol(literalState);
            if (offsetCode > 31) {
                throw new ImageException("zstd: an offset is too large");
            }
            long offsetValue = (1L << offsetCode) + stream.read(offsetCode);
            int match = MATCH_BASES[matchCode] + (int) stream.read(MATCH_BITS[matchCode]);
            int literal = LITERAL_BASES[literalCode] + (int) stream.read(LITERAL_BITS[literalCode]);
            written = appendLiterals(used, literal, written);
            used += literal;
            written = appendMatch(offset(offsetValue, literal == 0), match, written);
            if (index + 1 < count) {
                literalState = literalCodes.next(literalState, stream);
                matchState = matchCodes.next(matchState, stream);
                offsetState = offsetCodes.next(offsetState, stream);
            }
        }
        if (stream.left() != 0) {
            throw new ImageException("zstd: sequences have the wrong length");
        }
        return appendLiterals(used, literals.size() - used, written);
    }

    private int offset(long value, boolean noLiterals) {
        if (value > 3) {
            int offset = (int) Math.min(Integer.MAX_VALUE, value - 3);
            offsets[2] = offsets[1];
            offsets[1] = offsets[0];
            offsets[0] = offset;
            return offset;
        }
        int index = (int) value - 1 + (noLiterals ? 1 : 0);
        int offset = index == 3 ? offsets[0] - 1 : offsets[index];
        if (index > 1) {
            offsets[2] = offsets[1];
        }
        if (index > 0) {
            offsets[1] = offsets[0];
            offsets[0] = offset;
        }
        return offset;
    }

    private int appendLiterals(int from, int count, int written) {
        if (count < 0 || from + count > literals.size()) {
            throw new ImageException("zstd: more literals are used than there are");
        }
        System.arraycopy(literals.bytes(), from, output, written, count);
        return written + count;
    }

    private int appendMatch(int offset, int count, int written) {
        if (offset <= 0 || offset > written - frameStart || count > output.length - written) {
            throw new ImageException("zstd: a match lies outside of the output");
        }
        if (offset >= count) {
            System.arraycopy(output, written - offset, output, written, count);
        } else {
            for (int index = 0; index < count; index++) {
                output[written + index] = output[written + index - offset];
            }
        }
        return written + count;
    }
}
