package org.bitfusion.gpu.soft.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Preparation;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Kernels that are large in one way or another are compiled, not declined, and leave what the
/// interpreter leaves.
class LargeKernelsTest {
    private static final Dimensions ONE = new Dimensions(1, 1, 1);
    private static final Dimensions THREADS = new Dimensions(64, 1, 1);

    /// A body over %r0, the thread's number, and %r1, a launch constant, that leaves its result in
    /// %r2.
    enum Large {
        /// Each value follows from the one before, and all threads agree on them.
        CHAIN_OF_AGREED_VALUES(
                "mov.u32 %z0, %r1;\n"
                        + lines(
                                8000,
                                i ->
                                        "mad.lo.u32 %%z%d, %%z%d, %d, %d;"
                                                .formatted(i + 1, i, 2 * i + 3, i))
                        + "add.u32 %r2, %z8000, %r0;"),
        /// The threads use a thousand of them.
        MANY_AGREED_VALUES(
                "mov.u32 %z0, %r1; mov.u32 %r2, %r0;\n"
                        + lines(
                                1000,
                                i ->
                                        "mad.lo.u32 %%z%d, %%z%d, %d, %d; xor.b32 %%r2, %%r2, %%z%d;"
                                                .formatted(i + 1, i, 2 * i + 3, i, i + 1))),
        STRAIGHT_LINE(
                "mov.u32 %r2, %r0;\n"
                        + lines(20_000, i -> "mad.lo.u32 %%r2, %%r2, %d, %%r1;".formatted(i | 1))),
        MANY_CUTS(
                "mov.u32 %r2, %r0;\n"
                        + lines(
                                1500,
                                i ->
                                        "shfl.sync.bfly.b32 %%r3, %%r2, %d, 0x1f, 0xffffffff; mad.lo.u32 %%r2, %%r2, 3, %%r3;"
                                                .formatted(1 << i % 5))),
        MANY_BRANCHES(
                "mov.u32 %r2, %r0;\n"
                        + lines(
                                3000,
                                i ->
                                        "and.b32 %%r3, %%r2, %d; setp.ne.u32 %%p, %%r3, 0; @%%p bra L%d; mad.lo.u32 %%r2, %%r2, %d, %d; L%d:"
                                                .formatted(1 << i % 5, i, 2 * i + 3, i, i))
                        + "bar.sync 0;"),
        WIDE_SWITCH(
                "targets: .branchtargets "
                        + IntStream.range(0, 1024)
                                .mapToObj(i -> "L" + i)
                                .collect(Collectors.joining(", "))
                        + ";\nmul.lo.u32 %r3, %r0, 16; brx.idx %r3, targets;\n"
                        + lines(1024, i -> "L%d: mov.u32 %%r2, %d; bra end;".formatted(i, i * i))
                        + "end:");

        private final String body;

        Large(String body) {
            this.body = body;
        }

        private static String lines(int count, IntFunction<String> line) {
            return IntStream.range(0, count).mapToObj(line).collect(Collectors.joining("\n"))
                    + "\n";
        }

        String ptx() {
            return """
            .version 8.5
            .target sm_80
            .address_size 64
            .visible .entry k(.param .u64 out, .param .u32 n)
            {
            .reg .pred %%p; .reg .b32 %%r<4>; .reg .b32 %%z<8001>; .reg .b64 %%d<3>;
            ld.param.u32 %%r1, [n]; mov.u32 %%r0, %%tid.x;
            %s
            ld.param.u64 %%d0, [out]; mul.wide.u32 %%d1, %%r0, 4; add.u64 %%d2, %%d0, %%d1;
            st.global.u32 [%%d2], %%r2;
            ret;
            }
            """
                    .formatted(body);
        }
    }

    @ParameterizedTest
    @EnumSource
    void areCompiledAndAgree(Large large) {
        Machine compiled = new Machine(large.ptx(), 1);
        Machine interpreted = new Machine(large.ptx(), 1);
        assertThat(compiled.prepare(new PtxCompiler(SingleInstruction::of)))
                .isInstanceOf(Preparation.Ready.class);
        compiled.launch(new PtxCompiler(SingleInstruction::of), ONE, THREADS, 12345);
        interpreted.launch(new InterpreterFactory(), ONE, THREADS, 12345);
        for (int thread = 0; thread < 64; thread++) {
            assertThat(compiled.word(thread))
                    .as("thread %d", thread)
                    .isEqualTo(interpreted.word(thread));
        }
    }
}
