package org.bitfusion.gpu.soft.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The texts are those of the C library's printf.
class PrintFormatTest {
    private static String print(String format, Object... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(512, 16);
            long next = 16;
            for (Object argument : arguments) {
                if (argument instanceof Integer value) {
                    memory.set(ValueLayout.JAVA_INT, next, value);
                    next += 4;
                } else {
                    next = (next + 7) & -8;
                    long bits =
                            argument instanceof Double value
                                    ? Double.doubleToRawLongBits(value)
                                    : (Long) argument;
                    memory.set(ValueLayout.JAVA_LONG, next, bits);
                    next += 8;
                }
            }
            byte[] text =
                    new PrintFormat(
                                    format.getBytes(StandardCharsets.UTF_8),
                                    memory,
                                    16,
                                    address -> ("at" + address).getBytes(StandardCharsets.UTF_8))
                            .format();
            return new String(text, StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "%d, 42, 42",
                "%5d|, -42, \"  -42|\"",
                "%-5d|, 42, \"42   |\"",
                "%05d, -42, -0042",
                "%+d, 42, +42",
                "%.3d, 7, 007",
                "%x, -1, ffffffff",
                "%#X, 255, 0XFF",
                "%o, 8, 10",
                "%u, -1, 4294967295",
                "%c, 65, A",
                "%hd, 5, 5",
                "100%%, 0, 100%",
                "%y, 0, %y",
            })
    void integers(String format, int value, String expected) {
        assertThat(print(format, value)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "%f, 1.5, 1.500000",
        "%.2f, 2.675, 2.67",
        "%.0f, 2.5, 2",
        "%.0f, 0.5, 0",
        "%10.3f, -3.14159, '    -3.142'",
        "%e, 12345.678, 1.234568e+04",
        "%.3e, 0.00012, 1.200e-04",
        "%E, 0, 0.000000E+00",
        "%g, 100000, 100000",
        "%g, 1000000, 1e+06",
        "%g, 0.0001, 0.0001",
        "%g, 0.00001, 1e-05",
        "%g, 3.14159265, 3.14159",
        "%g, 0, 0",
        "%#g, 1, 1.00000",
        "%f, NaN, nan",
        "%F, -Infinity, -INF",
        "%010.2f, -1.5, -000001.50",
        "%a, 1.5, 0x1.8p+0",
        "%a, 1, 0x1p+0",
        "%g, 1e308, 1e+308",
    })
    void floats(String format, double value, String expected) {
        assertThat(print(format, value)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "%ld, -5000000000, -5000000000",
        "%llu, -1, 18446744073709551615",
        "%lx, 81985529216486895, 123456789abcdef",
        "%p, 4096, 0x1000",
        "%s, 77, at77",
        "%6.3s|, 77, '   at7|'",
        "%s, 0, (null)",
        "%zu, 12, 12",
    })
    void longs(String format, long value, String expected) {
        assertThat(print(format, value)).isEqualTo(expected);
    }

    @org.junit.jupiter.api.Test
    void argumentsAreAlignedAndWidthsAreArguments() {
        assertThat(print("%d %f %d %s %*d %.*f", 1, 2.0, 3, 9L, 4, 5, 1, 2.25))
                .isEqualTo("1 2.000000 3 at9    5 2.2");
    }
}
