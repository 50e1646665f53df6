package org.bitfusion.protocol.generator;

import java.util.List;
import java.util.stream.Collectors;
import org.bitfusion.protocol.generator.Specification.AliasType;
import org.bitfusion.protocol.generator.Specification.CallbackType;
import org.bitfusion.protocol.generator.Specification.Constant;
import org.bitfusion.protocol.generator.Specification.CudaType;
import org.bitfusion.protocol.generator.Specification.EnumType;
import org.bitfusion.protocol.generator.Specification.Enumerator;
import org.bitfusion.protocol.generator.Specification.HandleType;
import org.bitfusion.protocol.generator.Specification.Member;
import org.bitfusion.protocol.generator.Specification.OpaqueType;
import org.bitfusion.protocol.generator.Specification.Parameter;
import org.bitfusion.protocol.generator.Specification.StructType;

/// Writes `bf_cuda_types.h`: the CUDA driver API's types.
final class CTypesWriter {
    private final Specification specification;

    CTypesWriter(Specification specification) {
        this.specification = specification;
    }

    Source source() {
        Source out = new Source();
        out.line("/* The CUDA driver API's types. Generated from protocol/spec. */");
        out.line("#ifndef BF_CUDA_TYPES_H").line("#define BF_CUDA_TYPES_H").blank();
        out.line("#include <stdbool.h>").line("#include <stddef.h>").line("#include <stdint.h>");
        out.blank();
        for (CudaType type : ordered()) {
            declare(out, type);
        }
        out.blank();
        for (Constant constant : specification.constants().values()) {
            if (constant.ofDriver()) {
                define(out, constant);
            }
        }
        out.blank();
        resultTable(out);
        out.blank().line("#endif");
        return out;
    }

    /// Enumerations first: everything else may name them; callbacks name handles and results.
    private List<CudaType> ordered() {
        return specification.types().stream()
                .sorted((a, b) -> Integer.compare(rank(a), rank(b)))
                .toList();
    }

    private static int rank(CudaType type) {
        return switch (type) {
            case EnumType enumeration -> 0;
            case HandleType handle -> 1;
            case OpaqueType opaque -> 1;
            case AliasType alias -> alias.target().startsWith("CU") ? 5 : 2;
            case CallbackType callback -> 3;
            case StructType struct -> 4;
        };
    }

    private static void declare(Source out, CudaType type) {
        switch (type) {
            case EnumType enumeration -> enumeration(out, enumeration);
            case HandleType handle ->
                    out.line("typedef struct bf_%s *%s;", handle.name(), handle.name());
            case OpaqueType opaque ->
                    out.line("typedef struct %s %s;", opaque.name(), opaque.name());
            case AliasType alias -> out.line("typedef %s %s;", alias.target(), alias.name());
            case CallbackType callback ->
                    out.line(
                            "typedef %s (*%s)(%s);",
                            callback.result().text().strip(),
                            callback.name(),
                            parameters(callback.parameters()));
            case StructType struct -> struct(out, struct);
        }
    }

    private static void enumeration(Source out, EnumType enumeration) {
        out.open("typedef enum {");
        for (Enumerator value : enumeration.values()) {
            out.line("%s = %d,", value.name(), value.value());
        }
        out.close("} %s;", enumeration.name()).blank();
    }

    private static void struct(Source out, StructType struct) {
        out.blank().open("typedef %s {", struct.union() ? "union" : "struct");
        for (Member member : struct.members()) {
            out.line(
                    "%s%s;",
                    member.type().declare(member.name()),
                    member.array() ? "[" + member.count() + "]" : "");
        }
        out.close("} %s;", struct.name());
        out.line(
                "_Static_assert(sizeof(%s) == %d, \"layout of %s\");",
                struct.name(), struct.bytes(), struct.name());
    }

    private static void define(Source out, Constant constant) {
        if (constant.cast().isPresent()) {
            out.line(
                    "#define %s ((%s)%d)",
                    constant.name(), constant.cast().get().text(), constant.value());
        } else {
            out.line("#define %s %du", constant.name(), constant.value());
        }
    }

    /// The names and texts of every enumeration whose enumerators have texts, for cuGetErrorName
    /// and cuGetErrorString.
    private void resultTable(Source out) {
        for (CudaType type : specification.types()) {
            if (type instanceof EnumType enumeration
                    && enumeration.values().stream().anyMatch(v -> v.text().isPresent())) {
                out.line("/* X(name, number, text) for every %s. */", enumeration.name());
                out.line("#define BF_%s_TABLE(X) \\", enumeration.name());
                out.line(
                        "%s",
                        enumeration.values().stream()
                                .map(value ->
                                        "    X(%s, %d, \"%s\")"
                                                .formatted(
                                                        value.name(),
                                                        value.value(),
                                                        value.text().orElse("")))
                                .collect(Collectors.joining(" \\\n")));
            }
        }
    }

    /// @return the parameter list as C writes it
    static String parameters(List<Parameter> parameters) {
        return parameters.isEmpty()
                ? "void"
                : parameters.stream()
                        .map(parameter -> parameter.type().declare(parameter.name()))
                        .collect(Collectors.joining(", "));
    }
}
