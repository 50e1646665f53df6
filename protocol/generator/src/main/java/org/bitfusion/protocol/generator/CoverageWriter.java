package org.bitfusion.protocol.generator;

import java.util.stream.Collectors;
import org.bitfusion.protocol.generator.Specification.Function;
import org.bitfusion.protocol.generator.Specification.Refused;
import org.bitfusion.protocol.generator.Specification.Variant;

/// Writes the table of libcuda's functions and of what becomes of their calls.
final class CoverageWriter {
    private final Specification specification;

    CoverageWriter(Specification specification) {
        this.specification = specification;
    }

    /// @return for each function its class, the messages it sends and the symbols, as a Markdown
    ///   table
    Source source() {
        Source out = new Source();
        out.line("| function | class | messages | exported symbols |");
        out.line("|---|---|---|---|");
        for (Function function : specification.functions()) {
            out.line(
                    "| %s | %s | %s | %s |",
                    function.name(),
                    function.functionClass().name(),
                    String.join(", ", function.messages()),
                    function.variants().stream()
                            .map(v -> v.symbol() + (refusedAlone(function, v) ? " (refused)" : ""))
                            .collect(Collectors.joining(", ")));
        }
        return out;
    }

    private static boolean refusedAlone(Function function, Variant variant) {
        return variant.body() instanceof Refused
                && function.functionClass() != Specification.FunctionClass.UNSUPPORTED;
    }
}
