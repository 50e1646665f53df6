package org.bitfusion.protocol.generator;

import java.util.Comparator;
import java.util.List;
import org.bitfusion.protocol.generator.Specification.Variant;

/// Writes the table from which the shim answers cuGetProcAddress.
final class CProcTableWriter {
    private final List<Export> exports;

    CProcTableWriter(Specification specification) {
        exports = Export.of(specification);
    }

    Source header() {
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

    Source source() {
        Source out = new Source();
        out.line("/* Every exported function by name. Generated from protocol/spec. */");
        out.line("#include \"bf_proc_table.h\"").blank();
        out.line("#include <string.h>").blank();
        out.line("#include \"bf_entry.h\"").blank();
        out.open("const struct bf_proc bf_procs[] = {");
        List<Export> sorted =
                exports.stream()
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
}
