package org.bitfusion.gpu.soft.interpreter;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Operations leave the bits that the PTX ISA says.
class OperationBitsTest {
    /// Runs `code`, which leaves results in %r1, %r2, …; answers the first `count`.
    static int[] results(int count, String code) {
        StringBuilder text = new StringBuilder(code);
        for (int index = 0; index < count; index++) {
            text.append("st.global.b32 [%%rd0+%d], %%r%d;\n".formatted(4 * index, index + 1));
        }
        TestGpu gpu = new TestGpu(KernelText.kernel(text.toString()));
        long result = gpu.ints(new int[count]);
        gpu.launch("k", 1, 1, result);
        return gpu.readInts(result, count);
    }

    @Test
    void integerExtremesWithReluAreNeverNegative() {
        assertThat(
                        results(
                                5,
                                """
                                mov.b32 %r11, -5; mov.b32 %r12, 3; mov.b32 %r13, -1;
                                min.relu.s32 %r1, %r11, %r12; max.relu.s32 %r2, %r11, %r13;
                                max.relu.s32 %r3, %r11, %r12; min.relu.s32 %r4, %r12, 7;
                                min.s32 %r5, %r11, %r12;
                                """))
                .containsExactly(0, 0, 3, 3, -5);
    }

    @Test
    void pairsOfHalvesAreComparedEach() {
        String code =
                """
                mov.b32 %r11, 0x3C00BC00; mov.b32 %r12, 0x40003800; mov.b32 %r13, 0x7FFF0001;
                setp.lt.f16x2 %p1|%p2, %r11, %r12; selp.b32 %r1, 1, 0, %p1; selp.b32 %r2, 1, 0, %p2;
                setp.gt.f16x2 %p1|%p2, %r12, %r13; selp.b32 %r3, 1, 0, %p1; selp.b32 %r4, 1, 0, %p2;
                setp.neu.or.f16x2 %p1|%p2, %r11, %r11, %p2; selp.b32 %r5, 1, 0, %p1;
                selp.b32 %r6, 1, 0, %p2;
                mov.b32 %r11, 0x3F80BF80; mov.b32 %r12, 0x3F000000; setp.eq.u32 %p3, %r0, 0;
                setp.ge.and.bf16x2 %p4|%p5, %r11, %r12, %p3; selp.b32 %r7, 1, 0, %p4;
                selp.b32 %r8, 1, 0, %p5;
                setp.eq.ftz.f16x2 %p4|%p5, %r13, 0; selp.b32 %r9, 1, 0, %p4;
                """;

        assertThat(results(9, code)).containsExactly(1, 1, 1, 0, 0, 0, 0, 1, 1);
    }

    @Test
    void constantsKeepTheBitsOfNaN() {
        String code =
                """
                mov.f32 %f1, 0f7FA00001; mov.b32 %r1, %f1;
                mov.f32 %f2, 0f7FFFFFFF; neg.f32 %f3, %f2; mov.b32 %r2, %f3;
                mov.f64 %d1, 0d7FF0000000000123; mov.b64 {%r3, %r4}, %d1;
                mov.f64 %d2, 0dFFF8000000000000; mov.b64 {%r5, %r6}, %d2;
                """;

        assertThat(results(6, code))
                .containsExactly(0x7FA0_0001, -1, 0x123, 0x7FF0_0000, 0, 0xFFF8_0000);
    }
}
