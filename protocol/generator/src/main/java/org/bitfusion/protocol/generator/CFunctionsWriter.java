package org.bitfusion.protocol.generator;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.bitfusion.protocol.generator.Specification.CType;
import org.bitfusion.protocol.generator.Specification.Direction;
import org.bitfusion.protocol.generator.Specification.Function;
import org.bitfusion.protocol.generator.Specification.Own;
import org.bitfusion.protocol.generator.Specification.Parameter;
import org.bitfusion.protocol.generator.Specification.Refused;
import org.bitfusion.protocol.generator.Specification.SameAs;
import org.bitfusion.protocol.generator.Specification.Variant;

/// Writes what libcuda exports: prototypes of the implementations, entries that forward to them,
/// the table for cuGetProcAddress and the version script.
final class CFunctionsWriter {
    private static final String STREAM = "CUstream";

    private final Specification specification;

    CFunctionsWriter(Specification specification) {
        this.specification = specification;
    }

    /// An exported symbol with the implementation that answers it.
    private record Export(Function function, Variant variant, Variant implementation) {
        boolean refused() {
            return variant.body() instanceof Refused;
        }

        List<Parameter> parameters() {
            return implementation.parameters().orElse(List.of());
        }
    }

    private List<Export> exports() {
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
        for (Export export : exports()) {
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
                            java.util.Optional.empty()));
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
        for (Export export : exports()) {
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
        for (Export export : exports()) {
            if (export.refused()) {
                out.line("BF_REFUSED(%s)", export.variant().symbol());
            }
        }
        for (Export export : exports()) {
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
        for (Export export : exports()) {
            if (export.variant().body() instanceof Own) {
                out.line("BF_MISSING(%s)", export.variant().symbol());
            }
        }
        return out;
    }

    Source procHeader() {
        Source out = new Source();
        out.block(
                """
                /* Every exported function by name, for cuGetProcAddress. Generated from protocol/spec. */
                #ifndef BF_PROC_TABLE_H
                #define BF_PROC_TABLE_H

                #include <stdbool.h>
                #include <stddef.h>

                struct bf_proc {
                    const char *name;   /* as cuGetProcAddress takes it, without suffix */
                    const char *symbol; /* as exported */
                    int version;        /* of CUDA that introduced it */
                    bool per_thread;    /* a _ptds or _ptsz form */
                    bool carried;       /* false: answers CUDA_ERROR_NOT_SUPPORTED */
                    void (*entry)(void);
                };

                /* Sorted by name, then plain forms before per-thread forms, then by version. */
                extern const struct bf_proc bf_procs[];
                extern const size_t bf_proc_count;

                /*
                 * The newest variant of "name" introduced at or before cuda_version: a per-thread form if per_thread is set and
                 * there is one, else the plain form. NULL if there is none; *known says whether any version has the name.
                 */
                const struct bf_proc *bf_proc_find(const char *name, int cuda_version, bool per_thread, bool *known);

                /* The function exported under exactly this symbol, or NULL. */
                const struct bf_proc *bf_proc_find_symbol(const char *symbol);

                #endif
                """);
        return out;
    }

    Source procTable() {
        Source out = new Source();
        out.line("/* Every exported function by name. Generated from protocol/spec. */");
        out.line("#include \"bf_proc_table.h\"").blank();
        out.line("#include <string.h>").blank();
        out.line("#include \"bf_entry.h\"").blank();
        out.open("const struct bf_proc bf_procs[] = {");
        List<Export> sorted =
                exports().stream()
                        .sorted(
                                Comparator.comparing((Export e) -> e.function().name())
                                        .thenComparing(e -> e.variant().perThread())
                                        .thenComparingInt(e -> e.variant().version()))
                        .toList();
        for (Export export : sorted) {
            Variant variant = export.variant();
            out.line(
                    "{\"%s\", \"%s\", %d, %b, %b, (void (*)(void))%s},",
                    export.function().name(),
                    variant.symbol(),
                    variant.version(),
                    variant.perThread(),
                    !export.refused(),
                    variant.symbol());
        }
        out.close("};").blank();
        out.line("const size_t bf_proc_count = sizeof(bf_procs) / sizeof(bf_procs[0]);").blank();
        out.block(
                """
                /* The index of the first entry with the name, or bf_proc_count. */
                static size_t first_of(const char *name)
                {
                    size_t low = 0;
                    size_t high = bf_proc_count;
                    while (low < high) {
                        size_t middle = low + (high - low) / 2;
                        if (strcmp(bf_procs[middle].name, name) < 0)
                            low = middle + 1;
                        else
                            high = middle;
                    }
                    return low;
                }

                const struct bf_proc *bf_proc_find(const char *name, int cuda_version, bool per_thread, bool *known)
                {
                    const struct bf_proc *plain = NULL;
                    const struct bf_proc *threaded = NULL;
                    *known = false;
                    for (size_t i = first_of(name); i < bf_proc_count && strcmp(bf_procs[i].name, name) == 0; i++) {
                        *known = true;
                        if (bf_procs[i].version > cuda_version)
                            continue;
                        if (bf_procs[i].per_thread)
                            threaded = &bf_procs[i];
                        else
                            plain = &bf_procs[i];
                    }
                    return per_thread && threaded ? threaded : plain;
                }

                const struct bf_proc *bf_proc_find_symbol(const char *symbol)
                {
                    const struct bf_proc *found = NULL;
                    for (size_t i = 0; i < bf_proc_count && !found; i++) {
                        if (strcmp(bf_procs[i].symbol, symbol) == 0)
                            found = &bf_procs[i];
                    }
                    return found;
                }
                """);
        return out;
    }

    Source versionScript() {
        Source out = new Source();
        out.line("# Exactly the functions of protocol/spec. Generated.");
        out.open("{");
        out.open("global:");
        exports().stream()
                .map(export -> export.variant().symbol())
                .sorted()
                .forEach(symbol -> out.line("%s;", symbol));
        out.close("local:");
        out.line("    *;");
        out.close("};");
        return out;
    }

    /// @return for each function its class, the messages it sends and the symbols, as a Markdown
    ///   table
    Source coverage() {
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
