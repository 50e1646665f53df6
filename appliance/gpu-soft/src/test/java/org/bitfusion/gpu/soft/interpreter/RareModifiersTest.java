package org.bitfusion.gpu.soft.interpreter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.bitfusion.ptx.PtxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Modifiers that only the interpreter follows, and those that nobody does.
class RareModifiersTest {
    @Test
    void halvesTakeMagnitudesAndTheProductOfSigns() {
        String code =
                """
                mov.b16 %h1, 0xC000; mov.b16 %h2, 0x3C00;
                min.xorsign.abs.f16 %h3, %h1, %h2; cvt.u32.u16 %r1, %h3;
                max.xorsign.abs.f16 %h3, %h1, %h1; cvt.u32.u16 %r2, %h3;
                max.NaN.xorsign.abs.f16 %h3, %h1, %h2; cvt.u32.u16 %r3, %h3;
                """;

        assertThat(OperationBitsTest.results(3, code)).containsExactly(0xBC00, 0x4000, 0xC000);
    }

    @Test
    void comparisonsOfPairsCombineWithAPredicate() {
        String code =
                """
                mov.b32 %r11, 0x3C00BC00; setp.ne.u32 %p1, %r0, 0;
                set.eq.and.u32.f16x2 %r1, %r11, %r11, %p1;
                set.eq.or.u32.f16x2 %r2, %r11, 0x3C00, !%p1;
                set.eq.xor.f16x2.f16x2 %r3, %r11, 0x3C003C00, %p1;
                """;

        assertThat(OperationBitsTest.results(3, code)).containsExactly(0, -1, 0x3C00_0000);
    }

    @Test
    void conversionsFromIntegersSaturate() {
        String code =
                """
                mov.b32 %r11, 9; mov.b32 %r12, -9;
                cvt.rn.sat.f64.s32 %d1, %r11; mov.b64 {%r14, %r1}, %d1;
                cvt.rn.sat.f16.s32 %h1, %r11; cvt.u32.u16 %r2, %h1;
                cvt.rn.sat.f16.s32 %h1, %r12; cvt.u32.u16 %r3, %h1;
                """;

        assertThat(OperationBitsTest.results(3, code)).containsExactly(0x3FF0_0000, 0x3C00, 0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "add.relu.s32 %r1, %r2, %r3",
                "min.relu.u32 %r1, %r2, %r3",
                "add.sat.u32 %r1, %r2, %r3",
                "mad.lo.sat.s32 %r1, %r2, %r3, %r4",
                "cvt.rn.satfinite.f16.f32 %h1, %f1",
                "cvt.rn.satfinite.relu.tf32.f32 %r1, %f1",
                "mul.rz.f16 %h1, %h2, %h3",
            })
    void aModifierThatNobodyFollowsFailsTheKernelByName(String instruction) {
        TestGpu gpu = new TestGpu(KernelText.kernel(instruction + ";"));

        assertThatExceptionOfType(PtxException.class)
                .isThrownBy(() -> gpu.launch("k", 1, 1))
                .withMessageContaining(instruction.substring(0, instruction.indexOf(' ')))
                .withMessageContaining("line");
    }
}
