package org.bitfusion.gpu.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.bitfusion.gpu.ModuleImage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a module's variables take, whatever a client writes.
class VariableBytesTest {
    private static long of(String ptx) {
        ByteBuffer text = ByteBuffer.wrap(ptx.getBytes(StandardCharsets.UTF_8));
        return VariableBytes.of(new ModuleImage(ModuleImage.Kind.PTX, text, "test"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                ".visible .global .align 4 .b8 big[16777216];|16777216",
                "  .global .u64 pointers[3] = {a, b, c};|24",
                ".weak .global .attribute(.managed) .align 4 .f32 one;|4",
                ".const .align 16 .b8 table[ 64 ] = {1, 2};|64",
                ".global .f64 di = 0d3ff0000000000000;|8",
                ".common .global .u32 cm;|4",
                ".shared .align 4 .b8 ms[64];|0",
                ".extern .func f;|0",
                ".global .texref image;|0",
                ".global;|0",
                ".version 8.0|0"
            })
    void aDeclarationTakesItsTypeTimesItsElements(String line, long bytes) {
        assertThat(of(line + "\n")).isEqualTo(bytes);
    }

    @Test
    void whatStandsInFunctionsTakesNothing() {
        assertThat(
                        of(
                                """
                                .global .u32 outside;
                                .visible .entry k() {
                                .global .u32 inside[100];
                                }
                                .global .u32 behind;
                                """))
                .isEqualTo(8);
    }

    @Test
    void whatNoNumberHoldsIsTheMost() {
        String line = ".global .b128 x[999999999999999999];\n";
        assertThat(of(line)).isEqualTo(Long.MAX_VALUE);
        assertThat(of(line + line)).isEqualTo(Long.MAX_VALUE);
        assertThat(of(".global .b8 x[" + "9".repeat(400) + "];\n")).isEqualTo(Long.MAX_VALUE);
        assertThat(of((".global .b8 x[999999999999999999];\n").repeat(20)))
                .isEqualTo(Long.MAX_VALUE);
    }
}
