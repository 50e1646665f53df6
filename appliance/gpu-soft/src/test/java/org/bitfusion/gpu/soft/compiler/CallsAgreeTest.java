package org.bitfusion.gpu.soft.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Preparation;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.junit.jupiter.api.Test;

/// Calls are compiled and leave what the interpreter leaves.
class CallsAgreeTest {
    private static final Dimensions ONE = new Dimensions(1, 1, 1);
    private static final Dimensions THREADS = new Dimensions(64, 1, 1);

    /// Registers of every kind are passed and returned, in a loop, under a predicate, and through a
    /// second function.
    private static final String REGISTERS =
            """
            .version 8.5
            .target sm_80
            .address_size 64
            .func (.reg .f32 %half) halve(.reg .f32 %x) { mul.f32 %half, %x, 0f3F000000; ret; }
            .func (.reg .b32 %sum) sum(.reg .b32 %a, .reg .b64 %wide, .reg .b16 %narrow,
                    .reg .f64 %d, .reg .pred %p) {
                .reg .b32 %r<9>; .reg .f32 %f<9>;
                cvt.u32.u64 %r1, %wide;
                cvt.u32.u16 %r2, %narrow;
                cvt.rn.f32.f64 %f1, %d;
                call (%f2), halve, (%f1);
                cvt.rzi.s32.f32 %r3, %f2;
                mad.lo.u32 %sum, %a, 3, %r1;
                xor.b32 %sum, %sum, %r2;
                @%p add.u32 %sum, %sum, %r3;
                ret;
            }
            .visible .entry k(.param .u64 p0) {
                .reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<9>; .reg .b64 %rd<9>; .reg .f64 %d<9>;
                ld.param.u64 %rd1, [p0];
                mov.u32 %r0, %tid.x;
                mul.wide.u32 %rd2, %r0, 4;
                add.u64 %rd1, %rd1, %rd2;
                mov.u32 %r1, %r0;
                mov.u32 %r2, 0;
            L:
                cvt.u16.u32 %h1, %r1;
                cvt.rn.f64.u32 %d1, %r1;
                and.b32 %r3, %r1, 4;
                setp.ne.u32 %p1, %r3, 0;
                @%p1 call (%r1), sum, (%r1, %rd2, %h1, %d1, %p1);
                call (%r1), sum, (%r1, 77, %h1, 0d4024000000000000, %p1);
                add.u32 %r2, %r2, 1;
                setp.lt.u32 %p2, %r2, 10;
                @%p2 bra L;
                st.global.u32 [%rd1], %r1;
                ret;
            }
            """;

    @Test
    void registersArePassedAndReturned() {
        assertThat(new Machine(REGISTERS, 1).prepare(new PtxCompiler(SingleInstruction::of)))
                .isInstanceOf(Preparation.Ready.class);
        byte[] compiled = run(new PtxCompiler(SingleInstruction::of));
        assertThat(compiled).isEqualTo(run(new InterpreterFactory()));
        assertThat(compiled).isNotEqualTo(new Machine(REGISTERS, 1).data());
    }

    private static byte[] run(ProgramFactory factory) {
        Machine machine = new Machine(REGISTERS, 1);
        machine.launch(factory, ONE, THREADS);
        return machine.data();
    }
}
