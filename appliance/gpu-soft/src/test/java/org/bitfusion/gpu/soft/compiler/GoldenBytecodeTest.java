package org.bitfusion.gpu.soft.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.bitfusion.gpu.soft.compiler.analysis.FlatBody;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.analysis.MethodBudget;
import org.bitfusion.gpu.soft.compiler.emission.KernelEmitter;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParser;
import org.bitfusion.ptx.SharedLayout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the compiler writes for small kernels, for people to read and to see it change:
/// `src/test/resources/golden/NAME.ptx` and `NAME.bytecode`.
class GoldenBytecodeTest {
    private static final Path FOLDER = Path.of("src/test/resources/golden");
    private static final boolean UPDATE = Boolean.getBoolean("golden.update");
    private static final long SEGMENT_BYTES = 4L << 20;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vector_add",
                "shared_reduction",
                "divergent_loop",
                "half_scale",
                "atomic_histogram",
                "warp_sum"
            })
    void theGeneratedClassIsTheGoldenOne(String name) throws IOException {
        String written = bytecode(Files.readString(FOLDER.resolve(name + ".ptx")));
        Path golden = FOLDER.resolve(name + ".bytecode");
        if (UPDATE) {
            Files.writeString(golden, written);
        }
        assertThat(written)
                .as(
                        "generated code of %s; if the change is meant, write all golden files anew"
                                + " with build-tools/golden and look at git diff",
                        name)
                .isEqualTo(Files.readString(golden));
    }

    /// A golden file of a wrong program would be of no use.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "vector_add",
                "shared_reduction",
                "divergent_loop",
                "half_scale",
                "atomic_histogram",
                "warp_sum"
            })
    void theGoldenKernelLeavesTheInterpretersMemory(String name) throws IOException {
        String text = Files.readString(FOLDER.resolve(name + ".ptx"));
        Machine compiled = new Machine(text, 1);
        Machine interpreted = new Machine(text, 1);
        Dimensions grid = new Dimensions(2, 1, 1);
        Dimensions block = new Dimensions(128, 1, 1);
        compiled.fill(name.length());
        int[] before = words(compiled);
        compiled.launch(new PtxCompiler(SingleInstruction::of), grid, block, 200);
        interpreted.fill(name.length());
        interpreted.launch(new InterpreterFactory(), grid, block, 200);
        assertThat(words(compiled)).isEqualTo(words(interpreted)).isNotEqualTo(before);
    }

    /// The data area; all NaNs are one.
    private static int[] words(Machine machine) {
        return IntStream.range(0, Machine.DATA_BYTES / 4)
                .map(index -> Float.floatToIntBits(Float.intBitsToFloat(machine.word(index))))
                .toArray();
    }

    private static String bytecode(String ptx) {
        PtxModule module = PtxParser.parse(ptx);
        PtxFunction kernel = module.kernels().getFirst();
        Kernel analysed =
                Kernel.of(
                        module,
                        FlatBody.of(kernel),
                        SharedLayout.of(module, kernel),
                        SEGMENT_BYTES,
                        MethodBudget.BYTES,
                        SingleInstruction::of);
        return BytecodeText.of(KernelEmitter.write(analysed).bytes());
    }
}
