package org.bitfusion.bench.jvm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.bitfusion.gpu.soft.compiler.PtxCompiler;
import org.bitfusion.gpu.soft.execution.KernelProgram;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Preparation;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Source;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.bitfusion.ptx.FunctionBody;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParser;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// A kernel of 10,000 lines: from text to instructions, and from there to a loaded class. The JVM
/// is warm, so the figures are below those of a first launch (row `soft.first`).
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class LongKernel {
    private static final int LINES = 10_000;
    private static final int REGISTERS = 64;

    private static final Pattern WORD_END = Pattern.compile("\\s+");

    private final String text = text();
    private final PtxModule module = PtxParser.parse(text);
    private final MemorySegment memory = Arena.ofAuto().allocate(1 << 16, 4096);

    /// The mixture of statements is that of the kernel whose first launch is measured.
    private static String text() {
        StringBuilder text =
                new StringBuilder(".version 8.0\n.target sm_80\n.address_size 64\n")
                        .append(".visible .entry long_kernel(.param .u64 out)\n{\n")
                        .append(".reg .b32 %r<64>; .reg .f32 %f<64>; .reg .b64 %rd<2>;\n")
                        .append("ld.param.u64 %rd0, [out];\nmov.u32 %r0, %tid.x;\n");
        for (int i = 1; i < REGISTERS; i++) {
            text.append("add.s32 %%r%d, %%r0, %d;\n".formatted(i, i));
        }
        for (int i = 0; i < REGISTERS; i++) {
            text.append("cvt.rn.f32.s32 %%f%d, %%r%d;\n".formatted(i, i));
        }
        for (int i = 0; i < LINES; i++) {
            text.append(statement(i));
        }
        text.append("st.global.f32 [%rd0], %f1;\nst.global.u32 [%rd0+4], %r1;\nret;\n}\n");
        return text.toString();
    }

    private static String statement(int i) {
        int a = (i * 7 + 1) % REGISTERS;
        int b = (i * 13 + 5) % REGISTERS;
        int c = (i * 29 + 3) % REGISTERS;
        return switch (i % 5) {
            case 0 -> "fma.rn.f32 %%f%d, %%f%d, 0f3E800000, %%f%d;\n".formatted(a, b, c);
            case 1 -> "mad.lo.s32 %%r%d, %%r%d, 5, %%r%d;\n".formatted(a, b, c);
            case 2 -> "xor.b32 %%r%d, %%r%d, %%r%d;\n".formatted(a, b, c);
            case 3 -> "sub.f32 %%f%d, %%f%d, %%f%d;\n".formatted(a, b, c);
            default -> "shr.u32 %%r%d, %%r%d, 1;\n".formatted(a, b);
        };
    }

    @Benchmark
    @HeldAgainst(
            row = "jvm.parse",
            reference = "split",
            words = "cutting the same text into its words")
    public FunctionBody parse() {
        return PtxParser.parse(text).kernels().getFirst().body();
    }

    @Benchmark
    public long split() {
        return WORD_END.splitAsStream(text).count();
    }

    @Benchmark
    @HeldAgainst(row = "jvm.compile", reference = "parse", words = "parsing the same kernel")
    public KernelProgram compile() {
        PtxFunction kernel = module.kernels().getFirst();
        Preparation made =
                new PtxCompiler(SingleInstruction::of)
                        .prepare(new Source(module, kernel, memory, 1L << 40));
        if (made instanceof Preparation.Ready(KernelProgram program)) {
            return program;
        }
        throw new IllegalStateException(made.toString());
    }
}
