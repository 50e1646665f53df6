package org.bitfusion.gpu.soft.interpreter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.ptx.PtxException;
import org.junit.jupiter.api.Test;

class InterpretedKernelTest {
    private static final String VECTOR_ADD =
            """
            mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mad.lo.s32 %r3, %r1, %r2, %r0;
            setp.ge.s32 %p1, %r3, 100;
            @%p1 bra done;
            cvta.to.global.u64 %rd3, %rd0;
            mul.wide.s32 %rd4, %r3, 4;
            add.s64 %rd5, %rd3, %rd4; ld.global.f32 %f1, [%rd5];
            add.s64 %rd6, %rd1, %rd4; ld.global.nc.f32 %f2, [%rd6];
            add.f32 %f3, %f1, %f2;
            add.s64 %rd7, %rd2, %rd4; st.global.f32 [%rd7], %f3;
            done:
            """;

    @Test
    void addsVectorsOverSeveralBlocks() {
        float[] a = new float[100];
        float[] b = new float[100];
        float[] sum = new float[128];
        for (int index = 0; index < 100; index++) {
            a[index] = index * 0.5f;
            b[index] = 1000 - index;
            sum[index] = a[index] + b[index];
        }
        TestGpu gpu = new TestGpu(KernelText.kernel(VECTOR_ADD), 2);
        long result = gpu.floats(new float[128]);

        gpu.launch("k", 4, 32, gpu.floats(a), gpu.floats(b), result);

        assertThat(gpu.readFloats(result, 128)).isEqualTo(sum);
        assertThat(gpu.covered()).contains("mad.lo.s32", "ld.global.nc.f32", "st.global.f32");
    }

    @Test
    void reducesThroughSharedMemoryWithBarriers() {
        String code =
                """
                .shared .align 4 .b8 sums[1024];
                mov.u32 %r1, sums; shl.b32 %r2, %r0, 2; add.s32 %r3, %r1, %r2;
                st.shared.u32 [%r3], %r0;
                mov.u32 %r4, 128;
                loop: bar.sync 0;
                setp.ge.u32 %p1, %r0, %r4;
                @%p1 bra skip;
                shl.b32 %r5, %r4, 2; add.s32 %r6, %r3, %r5;
                ld.shared.u32 %r7, [%r6]; ld.shared.u32 %r8, [%r3];
                add.s32 %r8, %r8, %r7; st.shared.u32 [%r3], %r8;
                skip: shr.u32 %r4, %r4, 1; setp.ne.u32 %p1, %r4, 0; @%p1 bra loop;
                setp.ne.u32 %p1, %r0, 0; @%p1 bra done;
                ld.shared.u32 %r9, [sums]; st.global.u32 [%rd0], %r9;
                done:
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));
        long result = gpu.ints(0);

        gpu.launch("k", 1, 256, result);

        assertThat(gpu.readInts(result, 1)).containsExactly(255 * 256 / 2);
    }

    @Test
    void faultsNameInstructionLineAndThread() {
        TestGpu gpu = new TestGpu(KernelText.kernel("st.global.u32 [%rd0+1], %r0;"));
        long buffer = gpu.ints(0);

        assertThatExceptionOfType(KernelFault.class)
                .isThrownBy(() -> gpu.launch("k", 1, 1, buffer))
                .matches(fault -> fault.status() == KernelFault.MISALIGNED_ADDRESS)
                .withMessageContaining("st.global.u32")
                .withMessageContaining("thread (0,0,0)");
        assertThatExceptionOfType(KernelFault.class)
                .isThrownBy(() -> gpu.launch("k", 1, 1, 0x10001FF - 4))
                .matches(fault -> fault.status() == KernelFault.ILLEGAL_ADDRESS);
    }

    @Test
    void trapEndsTheLaunch() {
        TestGpu gpu = new TestGpu(KernelText.kernel("setp.eq.u32 %p1, %r0, 3; @%p1 trap;"));

        gpu.launch("k", 1, 3);
        assertThatExceptionOfType(KernelFault.class)
                .isThrownBy(() -> gpu.launch("k", 1, 4))
                .matches(fault -> fault.status() == KernelFault.LAUNCH_FAILED);
    }

    @Test
    void anUnsupportedInstructionFailsOnlyItsKernel() {
        String other = ".visible .entry bad() { tex.2d.v4.f32.f32 {%f1}, [t, {%f1}]; ret; }";
        TestGpu gpu = new TestGpu(KernelText.kernel("st.global.u32 [%rd0], 5;") + other);
        long result = gpu.ints(0);

        gpu.launch("k", 1, 1, result);

        assertThat(gpu.readInts(result, 1)).containsExactly(5);
        assertThatExceptionOfType(PtxException.class)
                .isThrownBy(() -> gpu.launch("bad", 1, 1))
                .withMessageContaining("tex.2d.v4.f32.f32")
                .withMessageContaining("line");
    }

    @Test
    void threeDimensionalPositionsCoverGridAndBlock() {
        String code =
                """
                mov.u32 %r1, %tid.y; mov.u32 %r2, %tid.z; mov.u32 %r3, %ctaid.x;
                mov.u32 %r4, %ctaid.y; mov.u32 %r5, %ctaid.z;
                mad.lo.u32 %r6, %r2, 3, %r1; mad.lo.u32 %r6, %r6, 4, %r0;
                mad.lo.u32 %r7, %r5, 2, %r4; mad.lo.u32 %r7, %r7, 3, %r3;
                mad.lo.u32 %r8, %r7, 24, %r6; mul.wide.u32 %rd3, %r8, 4;
                add.u64 %rd4, %rd0, %rd3; atom.global.add.u32 %r9, [%rd4], 1;
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(code));
        long counts = gpu.ints(new int[24 * 24]);

        gpu.launch("k", new Dimensions(3, 2, 4), new Dimensions(4, 3, 2), 0, counts);

        assertThat(gpu.readInts(counts, 24 * 24)).containsOnly(1);
    }

    private static final String FUNCTIONS =
            """
            .extern .func (.param .b32 func_retval0) vprintf(.param .b64 a, .param .b64 b);
            .extern .func (.param .b64 func_retval0) malloc(.param .b64 a);
            .extern .func free(.param .b64 a);
            .global .align 1 .b8 text[6] = {104, 105, 32, 37, 100};
            .global .align 8 .u64 table[2] = {twice, generic(text)};
            .func (.param .b32 result) twice(.param .b32 value) {
              .reg .b32 %r<3>;
              ld.param.u32 %r1, [value]; shl.b32 %r2, %r1, 1; st.param.b32 [result+0], %r2; ret;
            }
            .func (.param .b32 result) factorial(.param .b32 value) {
              .reg .b32 %r<5>; .reg .pred %p<2>;
              ld.param.u32 %r1, [value]; setp.lt.u32 %p1, %r1, 2;
              @%p1 bra base;
              sub.s32 %r2, %r1, 1;
              { .param .b32 param0; st.param.b32 [param0+0], %r2; .param .b32 retval0;
                call.uni (retval0), factorial, (param0); ld.param.b32 %r3, [retval0+0]; }
              mul.lo.s32 %r1, %r1, %r3;
              base: st.param.b32 [result+0], %r1; ret;
            }
            .func (.param .align 8 .b8 result[16]) swap(.param .align 8 .b8 pair[16]) {
              .reg .b64 %rd<3>;
              ld.param.v2.u64 {%rd1, %rd2}, [pair];
              st.param.v2.b64 [result+0], {%rd2, %rd1};
              ret;
            }
            """;

    @Test
    void callsDirectIndirectRecursiveAndWithStructures() {
        String code =
                """
                { .param .b32 param0; st.param.b32 [param0+0], 7; .param .b32 retval0;
                  call.uni (retval0), factorial, (param0); ld.param.b32 %r1, [retval0+0]; }
                ld.global.u64 %rd3, [table];
                { .param .b32 param0; st.param.b32 [param0+0], %r1; .param .b32 retval0;
                  prototype_1 : .callprototype (.param .b32 _) _ (.param .b32 _);
                  call (retval0), %rd3, (param0), prototype_1; ld.param.b32 %r2, [retval0+0]; }
                st.global.u32 [%rd0], %r1; st.global.u32 [%rd0+4], %r2;
                { .param .align 8 .b8 param0[16]; st.param.b64 [param0+0], 11;
                  st.param.b64 [param0+8], 22; .param .align 8 .b8 retval0[16];
                  call.uni (retval0), swap, (param0); ld.param.b64 %rd4, [retval0+0]; }
                st.global.u32 [%rd0+8], %rd4;
                """;
        TestGpu gpu = new TestGpu(KernelText.HEADER + FUNCTIONS + KernelText.entry(code));
        long result = gpu.ints(0, 0, 0);

        gpu.launch("k", 1, 1, result);

        assertThat(gpu.readInts(result, 3)).containsExactly(5040, 10080, 22);
    }

    @Test
    void printsAndAllocatesThroughTheDevice() {
        String code =
                """
                .local .align 8 .b8 arguments[8];
                mov.u64 %rd3, arguments; cvta.local.u64 %rd4, %rd3;
                st.local.u32 [%rd3], 42;
                ld.global.u64 %rd5, [table+8];
                { .param .b64 param0; st.param.b64 [param0+0], %rd5; .param .b64 param1;
                  st.param.b64 [param1+0], %rd4; .param .b32 retval0;
                  call.uni (retval0), vprintf, (param0, param1); ld.param.b32 %r1, [retval0+0]; }
                { .param .b64 param0; st.param.b64 [param0+0], 64; .param .b64 retval0;
                  call.uni (retval0), malloc, (param0); ld.param.b64 %rd6, [retval0+0]; }
                st.u32 [%rd6], 9; ld.global.u32 %r2, [%rd6]; st.global.u32 [%rd0], %r2;
                """;
        TestGpu gpu = new TestGpu(KernelText.HEADER + FUNCTIONS + KernelText.entry(code));
        long result = gpu.ints(0);

        gpu.launch("k", 1, 1, result);

        assertThat(gpu.printed()).containsExactly("hi %d|42");
        assertThat(gpu.readInts(result, 1)).containsExactly(9);
    }
}
