package org.bitfusion.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Expressions and values as ptxas of CUDA 13.0 takes them.
class ConstantExpressionTest {
    private static final String HEADER = ".version 8.5\n.target sm_80\n.address_size 64\n";

    private static FunctionBody body(String declarations, String code) {
        return PtxParser.parse(
                        HEADER
                                + declarations
                                + ".visible .entry k(.param .u64 k_0) { .reg .b32 %r<9>;"
                                + " .reg .b64 %d<9>; .reg .pred %p<4>; .reg .f64 %g<3>;\n"
                                + code
                                + "\n}\n")
                .kernel("k")
                .orElseThrow()
                .body();
    }

    private static Operand operand(String code, int index) {
        return body("", code).instructions().getFirst().operand(index);
    }

    private static long value(String expression) {
        return ((Operand.Immediate) operand("mov.u64 %d1, " + expression + ";", 1)).bits();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "7/2; 3",
                "-7/2; -3",
                "(-7)/2; -3",
                "5+3; 8",
                "7 % 4; 3",
                "-7 % 4; -3",
                "(1<<4)|3; 19",
                "1<<4; 16",
                "!5; 0",
                "!0; 1",
                "!!7; 1",
                "!(3-3); 1",
                "-7+2; -5",
                "~0; -1",
                "(5>3)?11:22; 11",
                "5>3?11:22; 11",
                "0 ? 1 : 0 ? 2 : 3; 3",
                "2+3*4; 14",
                "(2+3)*4; 20",
                "100-1-1; 98",
                "64/4/2; 8",
                "-8 >> 1; -4",
                "0x80000000 >> 31; 1",
                "(.s64)5; 5",
                "(.u64)-1 >> 60; 15",
                "-1 < 0U; 0",
                "-1 < 0; 1",
                "1 == 1; 1",
                "1 != 1; 0",
                "3 && 0; 0",
                "3 || 0; 1",
                "6^3; 5",
                "6&3; 2",
                "6|1^1&3; 6",
                "WARP_SZ; 32",
                "WARP_SZ*2-1; 63",
                "1 << 64; 0",
                "-1 >> 64; -1",
                "1.5 < 2; 1",
                "0xFFFFFFFFFFFFFFFF/2; 9223372036854775807"
            })
    void theyAreEvaluatedAsInC(String expression, long expected) {
        assertThat(value(expression)).isEqualTo(expected);
    }

    @Test
    void fractionsAreDoubles() {
        assertThat(operand("mov.f64 %g1, 1.5*2+0.25;", 1))
                .isEqualTo(
                        new Operand.Immediate(
                                Operand.Immediate.Kind.FLOAT64, Double.doubleToRawLongBits(3.25)));
    }

    @Test
    void theyStandInAddressesInArrayBoundsAndAmongInitialValues() {
        assertThat(((Operand.Address) operand("ld.u32 %r1, [%d1+4096+4*2];", 1)).offset())
                .isEqualTo(4104);
        assertThat(((Operand.Address) operand("ld.u32 %r1, [%d1+4104+-4];", 1)).offset())
                .isEqualTo(4100);
        PtxModule module = PtxParser.parse(HEADER + ".global .u32 a[1+2] = {2*3, 1<<4, -4/2};\n");
        assertThat(module.variables().getFirst().byteCount()).isEqualTo(12);
        assertThat(module.variables().getFirst().initializer().bytes())
                .containsExactly(6, 0, 0, 0, 16, 0, 0, 0, -2, -1, -1, -1);
    }

    @Test
    void aNegatedPredicateIsStillOne() {
        assertThat(operand("setp.eq.and.u32 %p1, %r1, 1, !%p2;", 3))
                .isInstanceOf(Operand.Negated.class);
    }

    @Test
    void aRangeOfRegistersEndsAtItsBracket() {
        assertThat(body("", ".reg .b32 %x<3>, %y; mov.u32 %x2, %y;").instructions()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1/0", "1%0", "1.5&1", "~1.5", "!1.5", "(1", "1?2", "(.f64)1", "1+", "(.u64"
            })
    void whatMeansNothingIsRefused(String expression) {
        assertThatThrownBy(() -> value(expression)).isInstanceOf(PtxException.class);
    }

    @Test
    void nestingIsBounded() {
        assertThatThrownBy(() -> value("(".repeat(100_000) + "1" + ")".repeat(100_000)))
                .isInstanceOf(PtxException.class);
        assertThatThrownBy(() -> value("-".repeat(100_000) + "1")).isInstanceOf(PtxException.class);
        assertThatThrownBy(() -> value("1?".repeat(100_000) + "1"))
                .isInstanceOf(PtxException.class);
    }
}
