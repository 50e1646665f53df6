package org.bitfusion.protocol.generator;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.protocol.generator.Specification.Function;
import org.bitfusion.protocol.generator.Specification.Parameter;
import org.bitfusion.protocol.generator.Specification.Refused;
import org.bitfusion.protocol.generator.Specification.SameAs;
import org.bitfusion.protocol.generator.Specification.Variant;

/// An exported symbol with the variant whose implementation answers it.
record Export(Function function, Variant variant, Variant implementation) {
    /// @return every exported symbol, in the specification's order
    static List<Export> of(Specification specification) {
        List<Export> exports = new ArrayList<>();
        for (Function function : specification.functions()) {
            for (Variant variant : function.variants()) {
                Variant implementation =
                        variant.body() instanceof SameAs same
                                ? Validation.find(function, same.symbol()).orElseThrow()
                                : variant;
                exports.add(new Export(function, variant, implementation));
            }
        }
        return exports;
    }

    boolean refused() {
        return variant.body() instanceof Refused;
    }

    List<Parameter> parameters() {
        return implementation.parameters().orElse(List.of());
    }
}
