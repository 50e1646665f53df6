package org.bitfusion.protocol.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bitfusion.protocol.generator.Specification.CType;
import org.bitfusion.protocol.generator.Specification.Direction;
import org.bitfusion.protocol.generator.Specification.Own;
import org.bitfusion.protocol.generator.Specification.Parameter;
import org.bitfusion.protocol.generator.Specification.SameAs;

/// Writes what libcuda exports: prototypes of the implementations, entries that forward to them,
/// the table for cuGetProcAddress and the version script.
final class CFunctionsWriter {
    private static final String STREAM = "CUstream";

    private final List<Export> exports;

    CFunctionsWriter(Specification specification) {
        exports = Export.of(specification);
    }

    Source functions() {
        Source out = new Source();
        out.block(
                """
                /*
                 * The implementations behind libcuda's exported functions, written by hand. Generated from protocol/spec.
                 *
                 * One bf_SYMBOL for each distinct function. A _ptds or _ptsz symbol calls the implementation of its plain form:
                 *  - where the function takes a CUstream, the entry puts CU_STREAM_PER_THREAD in place of stream 0;
                 *  - where it takes none (cuMemcpyHtoD, cuLaunchKernelEx ...), the implementation has one more, last parameter
                 *    "default_stream": CU_STREAM_LEGACY from the plain symbol, CU_STREAM_PER_THREAD from the other.
                 * So an implementation treats 0 and CU_STREAM_LEGACY alike, and knows the calling thread's stream by
                 * CU_STREAM_PER_THREAD.
                 */
                """);
        out.line("#ifndef BF_FUNCTIONS_H").line("#define BF_FUNCTIONS_H").blank();
        out.line("#include \"bf_cuda_types.h\"").blank();
        out.line("/* Called by an exported function that is not carried, once per function. */");
        out.line("void bf_unsupported(const char *symbol);").blank();
        for (Export export : exports) {
            if (export.variant().body() instanceof Own) {
                out.line("CUresult bf_%s(%s);", export.variant().symbol(), implemented(export));
            }
        }
        out.blank().line("#endif");
        return out;
    }

    private String implemented(Export export) {
        List<Parameter> parameters = new ArrayList<>(export.parameters());
        if (takesDefaultStream(export)) {
            parameters.add(
                    new Parameter(
                            export.variant().position(),
                            Direction.VALUE,
                            new CType(STREAM, 0),
                            "default_stream",
                            Optional.empty()));
        }
        return CTypesWriter.parameters(parameters);
    }

    /// @return whether the implementation has the additional parameter: it serves a per-thread
    ///   symbol and takes no stream
    private static boolean takesDefaultStream(Export export) {
        boolean perThread =
                export.function().variants().stream()
                        .anyMatch(v ->
                                v.perThread()
                                        && v.body() instanceof SameAs same
                                        && same.symbol().equals(export.implementation().symbol()));
        return perThread && export.parameters().stream().noneMatch(CFunctionsWriter::isStream);
    }

    private static boolean isStream(Parameter parameter) {
        return parameter.type().equals(new CType(STREAM, 0));
    }

    Source entryHeader() {
        Source out = new Source();
        out.line("/* libcuda's exported functions. Generated from protocol/spec. */");
        out.line("#ifndef BF_ENTRY_H").line("#define BF_ENTRY_H").blank();
        out.line("#include \"bf_cuda_types.h\"").blank();
        out.line("#define BF_EXPORT __attribute__((visibility(\"default\")))").blank();
        for (Export export : exports) {
            out.line(
                    "BF_EXPORT CUresult %s(%s);",
                    export.variant().symbol(),
                    export.refused() ? "void" : CTypesWriter.parameters(export.parameters()));
        }
        out.blank().line("#endif");
        return out;
    }

    Source entry() {
        Source out = new Source();
        out.line("/* libcuda's exported functions. Generated from protocol/spec. */");
        out.line("#include \"bf_entry.h\"").blank();
        out.line("#include <stdatomic.h>").blank();
        out.line("#include \"bf_functions.h\"").blank();
        out.block(
                """
                /* Not carried: says so once, whatever it is called with. */
                #define BF_REFUSED(symbol) \\
                    CUresult symbol(void) \\
                    { \\
                        static atomic_flag said = ATOMIC_FLAG_INIT; \\
                        if (!atomic_flag_test_and_set_explicit(&said, memory_order_relaxed)) \\
                            bf_unsupported(#symbol); \\
                        return CUDA_ERROR_NOT_SUPPORTED; \\
                    }
                """);
        out.blank();
        for (Export export : exports) {
            if (export.refused()) {
                out.line("BF_REFUSED(%s)", export.variant().symbol());
            }
        }
        for (Export export : exports) {
            if (!export.refused()) {
                forward(out, export);
            }
        }
        return out;
    }

    private static void forward(Source out, Export export) {
        boolean perThread = export.variant().perThread();
        List<String> arguments = new ArrayList<>();
        for (Parameter parameter : export.parameters()) {
            arguments.add(
                    perThread && isStream(parameter)
                            ? "%s ? %s : CU_STREAM_PER_THREAD"
                                    .formatted(parameter.name(), parameter.name())
                            : parameter.name());
        }
        if (takesDefaultStream(export)) {
            arguments.add(perThread ? "CU_STREAM_PER_THREAD" : "CU_STREAM_LEGACY");
        }
        out.blank();
        out.line(
                "CUresult %s(%s)",
                export.variant().symbol(), CTypesWriter.parameters(export.parameters()));
        out.open("{");
        out.line(
                "return bf_%s(%s);",
                export.implementation().symbol(), String.join(", ", arguments));
        out.close("}");
    }

    /// Weak answers for implementations that nobody wrote yet, so that the library always links and
    /// never pretends.
    Source missing() {
        Source out = new Source();
        out.line(
                "/* Weak stand-ins for implementations that are not there. Generated from protocol/spec. */");
        out.line("#include <stdatomic.h>").blank();
        out.line("#include \"bf_cuda_types.h\"").blank();
        out.line("void bf_unsupported(const char *symbol);").blank();
        out.block(
                """
                #define BF_MISSING(symbol) \\
                    __attribute__((weak)) CUresult bf_##symbol(void); \\
                    __attribute__((weak)) CUresult bf_##symbol(void) \\
                    { \\
                        static atomic_flag said = ATOMIC_FLAG_INIT; \\
                        if (!atomic_flag_test_and_set_explicit(&said, memory_order_relaxed)) \\
                            bf_unsupported(#symbol); \\
                        return CUDA_ERROR_NOT_SUPPORTED; \\
                    }
                """);
        out.blank();
        for (Export export : exports) {
            if (export.variant().body() instanceof Own) {
                out.line("BF_MISSING(%s)", export.variant().symbol());
            }
        }
        return out;
    }

    /// @param others that the library exports
    Source versionScript(List<String> others) {
        Source out = new Source();
        out.line("# Exactly the functions of protocol/spec. Generated.");
        out.open("{");
        out.open("global:");
        exports.stream()
                .map(export -> export.variant().symbol())
                .sorted()
                .forEach(symbol -> out.line("%s;", symbol));
        others.forEach(symbol -> out.line("%s;", symbol));
        out.close("local:");
        out.line("    *;");
        out.close("};");
        return out;
    }
}
