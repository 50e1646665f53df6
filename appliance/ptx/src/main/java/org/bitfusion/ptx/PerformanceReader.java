package org.bitfusion.ptx;

/// Reads the directives between a function's parameters and its body.
final class PerformanceReader {
    private final Lexer lexer;

    PerformanceReader(Lexer lexer) {
        this.lexer = lexer;
    }

    PtxFunction.Performance read() {
        long maximumThreads = 0;
        long[] required = new long[3];
        long minimumBlocks = 0;
        long maximumRegisters = 0;
        while (lexer.peek() == '.') {
            String word = lexer.dotted();
            switch (word) {
                case "maxntid" -> {
                    long[] sizes = numbers(1);
                    maximumThreads = Math.min(1 << 20, sizes[0] * sizes[1] * sizes[2]);
                }
                case "reqntid" -> required = numbers(1);
                case "minnctapersm", "maxnctapersm" -> minimumBlocks = numbers(0)[0];
                case "maxnreg" -> maximumRegisters = numbers(0)[0];
                case "pragma" -> lexer.skipStatement();
                case "reqnctapercluster",
                        "maxclusterrank",
                        "blocksareclusters",
                        "explicitcluster",
                        "noreturn",
                        "abi_preserve",
                        "abi_preserve_control",
                        "unique" -> {
                    if (NumberReader.startsNumber(lexer.peek())) {
                        numbers(0);
                    }
                }
                default -> throw lexer.error("unknown directive ." + word);
            }
        }
        return new PtxFunction.Performance(
                (int) maximumThreads,
                (int) required[0],
                (int) required[1],
                (int) required[2],
                (int) minimumBlocks,
                (int) maximumRegisters);
    }

    private long[] numbers(long missing) {
        long[] values = {missing, missing, missing};
        int count = 0;
        do {
            long value = new ConstantReader(lexer).integer();
            if (count >= 3 || value < 0 || value > 1 << 20) {
                throw lexer.error("a directive's number " + value + " is out of range");
            }
            values[count++] = value;
        } while (lexer.accept(','));
        return values;
    }
}
