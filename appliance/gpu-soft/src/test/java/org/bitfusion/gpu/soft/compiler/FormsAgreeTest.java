package org.bitfusion.gpu.soft.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Preparation;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Every form that public programs use gives the same bits in the compiler as in the interpreter.
class FormsAgreeTest {
    private static final Path FORMS = Path.of("..", "..", "samples", "coverage", "forms.tsv");
    private static final Dimensions ONE = new Dimensions(1, 1, 1);
    private static final Dimensions BLOCK = new Dimensions(256, 1, 1);

    @Test
    void everyFormGivesTheBitsOfTheInterpreter() throws IOException {
        List<String> problems = new ArrayList<>();
        int asked = 0;
        for (String line : Files.readAllLines(FORMS)) {
            String form = line.substring(line.lastIndexOf('\t') + 1);
            if (line.startsWith("#") || line.isBlank() || form.startsWith("%")) {
                continue;
            }
            asked++;
            String problem = compare(form);
            if (problem != null) {
                problems.add(form + ": " + problem);
            }
        }
        assertThat(problems).isEmpty();
        assertThat(asked).isGreaterThan(500);
    }

    /// Null when the kernel of a form is compiled and leaves the bits of the interpreter.
    static @Nullable String compare(String form) {
        if (form.equals("trap") || form.startsWith("st.param")) {
            return null;
        }
        String text = FormKernel.text(form);
        Machine compiled = new Machine(text, 1);
        Preparation preparation = compiled.prepare(new PtxCompiler(SingleInstruction::of));
        if (!(preparation instanceof Preparation.Ready)) {
            return preparation.toString();
        }
        Machine interpreted = new Machine(text, 1);
        try {
            compiled.fill(form.hashCode());
            compiled.launch(new PtxCompiler(SingleInstruction::of), ONE, BLOCK);
            interpreted.fill(form.hashCode());
            interpreted.launch(new InterpreterFactory(), ONE, BLOCK);
        } catch (RuntimeException | AssertionError | LinkageError e) {
            return e.toString();
        }
        return difference(compiled.data(), interpreted.data());
    }

    /// The first word in which two results differ, NaNs being equal to each other.
    private static @Nullable String difference(byte[] left, byte[] right) {
        ByteBuffer a = ByteBuffer.wrap(left).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer b = ByteBuffer.wrap(right).order(ByteOrder.LITTLE_ENDIAN);
        for (int offset = 0; offset < left.length; offset += 4) {
            boolean floats = Float.isNaN(a.getFloat(offset)) && Float.isNaN(b.getFloat(offset));
            boolean doubles =
                    Double.isNaN(a.getDouble(offset & -8))
                            && Double.isNaN(b.getDouble(offset & -8));
            boolean nan = floats || doubles;
            if (a.getInt(offset) != b.getInt(offset) && !nan) {
                return "thread %d offset %d: %08x instead of %08x"
                        .formatted(
                                offset / FormKernel.BYTES_PER_THREAD,
                                offset % FormKernel.BYTES_PER_THREAD,
                                a.getInt(offset),
                                b.getInt(offset));
            }
        }
        return null;
    }
}
