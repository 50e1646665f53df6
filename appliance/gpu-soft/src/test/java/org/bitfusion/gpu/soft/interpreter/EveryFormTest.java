package org.bitfusion.gpu.soft.interpreter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Preparation;
import org.bitfusion.gpu.soft.execution.ProgramFactory.Source;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParser;
import org.junit.jupiter.api.Test;

/// Every form that public programs use is decoded: a kernel is made around each.
class EveryFormTest {
    private static final Path FORMS = Path.of("..", "..", "samples", "coverage", "forms.tsv");

    @Test
    void everyFormOfTheTableIsDecoded() throws IOException {
        List<String> refused = new ArrayList<>();
        int asked = 0;
        for (String line : Files.readAllLines(FORMS)) {
            String form = line.substring(line.lastIndexOf('\t') + 1);
            if (line.startsWith("#") || line.isBlank() || form.startsWith("%")) {
                continue;
            }
            asked++;
            PtxModule module = PtxParser.parse(FormText.kernel(form));
            Source source =
                    new Source(
                            module,
                            module.kernels().getFirst(),
                            java.lang.foreign.MemorySegment.NULL,
                            0);
            if (new InterpreterFactory().prepare(source) instanceof Preparation.Invalid invalid) {
                refused.add(form + ": " + invalid.reason());
            }
        }
        assertThat(refused).isEmpty();
        assertThat(asked).isGreaterThan(500);
    }
}
