package org.bitfusion.gpu.soft.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.junit.jupiter.api.Test;

/// Random kernels leave the same memory in the compiler as in the interpreter, also when regions
/// are cut small.
class RandomKernelsAgreeTest {
    private static final int SEEDS = Integer.getInteger("bitfusion.random.kernels", 60);
    private static final int FIRST = Integer.getInteger("bitfusion.random.first", 1);
    private static final Dimensions GRID = new Dimensions(3, 1, 1);
    private static final List<Dimensions> BLOCKS =
            List.of(new Dimensions(64, 1, 1), new Dimensions(128, 1, 1), new Dimensions(32, 2, 1));

    @Test
    void randomKernelsLeaveTheSameMemory() {
        assertThat(disagreements(new PtxCompiler(SingleInstruction::of))).isEmpty();
    }

    @Test
    void smallRegionsChangeNothing() {
        assertThat(disagreements(new PtxCompiler(SingleInstruction::of, 400))).isEmpty();
    }

    private static List<String> disagreements(PtxCompiler compiler) {
        List<String> problems = new ArrayList<>();
        for (int seed = FIRST; seed < FIRST + SEEDS; seed++) {
            String text = RandomKernel.text(seed);
            Dimensions block = BLOCKS.get(seed % BLOCKS.size());
            Machine compiled = new Machine(text, 2);
            Machine interpreted = new Machine(text, 2);
            try {
                compiled.fill(seed);
                compiled.launch(compiler, GRID, block, seed % 10);
                interpreted.fill(seed);
                interpreted.launch(new InterpreterFactory(), GRID, block, seed % 10);
            } catch (RuntimeException | AssertionError | LinkageError e) {
                problems.add("seed " + seed + ": " + e);
                continue;
            }
            int word = firstDifference(compiled.data(), interpreted.data());
            if (word >= 0) {
                problems.add(
                        "seed %d: thread %d word %d: %08x instead of %08x"
                                .formatted(
                                        seed,
                                        word / 16,
                                        word % 16,
                                        compiled.word(word),
                                        interpreted.word(word)));
            }
        }
        return problems;
    }

    private static int firstDifference(byte[] left, byte[] right) {
        ByteBuffer a = ByteBuffer.wrap(left).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer b = ByteBuffer.wrap(right).order(ByteOrder.LITTLE_ENDIAN);
        for (int word = 0; word < left.length / 4; word++) {
            boolean nan = Float.isNaN(a.getFloat(4 * word)) && Float.isNaN(b.getFloat(4 * word));
            if (a.getInt(4 * word) != b.getInt(4 * word) && !nan) {
                return word;
            }
        }
        return -1;
    }
}
