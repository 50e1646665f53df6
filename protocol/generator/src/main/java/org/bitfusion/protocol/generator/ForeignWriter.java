package org.bitfusion.protocol.generator;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.bitfusion.protocol.generator.Specification.AliasType;
import org.bitfusion.protocol.generator.Specification.CType;
import org.bitfusion.protocol.generator.Specification.CallbackType;
import org.bitfusion.protocol.generator.Specification.CudaType;
import org.bitfusion.protocol.generator.Specification.EnumType;
import org.bitfusion.protocol.generator.Specification.Function;
import org.bitfusion.protocol.generator.Specification.HandleType;
import org.bitfusion.protocol.generator.Specification.OpaqueType;
import org.bitfusion.protocol.generator.Specification.Parameter;
import org.bitfusion.protocol.generator.Specification.SameAs;
import org.bitfusion.protocol.generator.Specification.StructType;
import org.bitfusion.protocol.generator.Specification.Variant;

/// Writes `CudaLibrary`: a static method for every function of the real driver that the appliance
/// calls.
///
/// Numbers and handles are passed as `int` and `long`, pointers as `MemorySegment`. A function that
/// the loaded driver does not have answers CUDA_ERROR_NOT_SUPPORTED.
final class ForeignWriter {
    private static final String PACKAGE = "org.bitfusion.gpu.cuda";

    /// The kinds of value that a downcall passes.
    private enum Carrier {
        BYTE("JAVA_BYTE", "byte"),
        SHORT("JAVA_SHORT", "short"),
        INT("JAVA_INT", "int"),
        LONG("JAVA_LONG", "long"),
        FLOAT("JAVA_FLOAT", "float"),
        DOUBLE("JAVA_DOUBLE", "double"),
        ADDRESS("ADDRESS", "MemorySegment");

        private final String layout;
        private final String javaType;

        Carrier(String layout, String javaType) {
            this.layout = layout;
            this.javaType = javaType;
        }
    }

    private static final Map<String, Carrier> BASIC =
            Map.ofEntries(
                    Map.entry("char", Carrier.BYTE),
                    Map.entry("unsigned char", Carrier.BYTE),
                    Map.entry("short", Carrier.SHORT),
                    Map.entry("unsigned short", Carrier.SHORT),
                    Map.entry("int", Carrier.INT),
                    Map.entry("unsigned int", Carrier.INT),
                    Map.entry("uint32_t", Carrier.INT),
                    Map.entry("long", Carrier.LONG),
                    Map.entry("unsigned long", Carrier.LONG),
                    Map.entry("unsigned long long", Carrier.LONG),
                    Map.entry("uint64_t", Carrier.LONG),
                    Map.entry("size_t", Carrier.LONG),
                    Map.entry("float", Carrier.FLOAT),
                    Map.entry("double", Carrier.DOUBLE));

    private final Specification specification;

    ForeignWriter(Specification specification) {
        this.specification = specification;
    }

    void write(Path directory) throws IOException {
        Path folder = directory.resolve(PACKAGE.replace('.', '/'));
        source().write(folder.resolve("CudaLibrary.java"));
        layouts().write(folder.resolve("CudaLayouts.java"));
    }

    private record Call(Variant variant, List<Parameter> parameters) {}

    private List<Call> calls() {
        List<Call> calls = new ArrayList<>();
        for (Function function : specification.functions()) {
            for (Variant variant : function.variants()) {
                if (variant.foreign()) {
                    Variant signature =
                            variant.body() instanceof SameAs same
                                    ? Validation.find(function, same.symbol()).orElseThrow()
                                    : variant;
                    calls.add(new Call(variant, signature.parameters().orElseThrow()));
                }
            }
        }
        return calls;
    }

    Source source() {
        Source out = new Source();
        out.line("package %s;", PACKAGE).blank();
        out.line("import static java.lang.foreign.ValueLayout.*;").blank();
        out.line("import java.lang.foreign.FunctionDescriptor;");
        out.line("import java.lang.foreign.MemorySegment;");
        out.line("import java.lang.invoke.MethodHandle;").blank();
        out.line(
                "/// The functions of the real libcuda that the appliance calls; generated from protocol/spec.");
        out.line("///");
        out.line(
                "/// Every method answers a CUresult. The library is found by `CudaLibraryLoader.function`, written by hand.");
        out.open("final class CudaLibrary {");
        List<Call> calls = calls();
        for (Call call : calls) {
            out.line("private static final MethodHandle %s =", constant(call));
            out.line(
                    "        CudaLibraryLoader.function(\"%s\", FunctionDescriptor.of(%s));",
                    call.variant().symbol(),
                    java.util.stream.Stream.concat(
                                    java.util.stream.Stream.of("JAVA_INT"),
                                    call.parameters().stream().map(p -> carrier(p).layout))
                            .collect(Collectors.joining(", ")));
        }
        out.blank().line("private CudaLibrary() {}");
        for (Call call : calls) {
            method(out, call);
        }
        out.close("}");
        return out;
    }

    /// Sizes of the driver API's structures and offsets of their members.
    private Source layouts() {
        Layouts layouts = new Layouts(specification);
        Source out = new Source();
        out.line("package %s;", PACKAGE).blank();
        out.line(
                "/// Sizes and members' offsets, in bytes, of the driver API's structures; generated from protocol/spec.");
        out.open("final class CudaLayouts {");
        out.line("private CudaLayouts() {}");
        for (CudaType type : specification.types()) {
            if (type instanceof StructType struct) {
                out.blank();
                out.open("static final class %s {", javaName(struct.name()));
                out.line("static final long STRUCT_BYTES = %d;", struct.bytes());
                List<Long> offsets = layouts.offsets(struct);
                for (int i = 0; i < offsets.size(); i++) {
                    out.line(
                            "static final long %s = %d;",
                            constant(struct.members().get(i).name()), offsets.get(i));
                }
                out.blank().line("private %s() {}", javaName(struct.name()));
                out.close("}");
            }
        }
        out.close("}");
        return out;
    }

    /// `CUDA_MEMCPY2D` → `CudaMemcpy2d`, `CUmemLocation` → `CuMemLocation`
    private static String javaName(String name) {
        if (name.startsWith("CUDA_") || name.startsWith("bf_")) {
            return Names.pascal(name.toLowerCase(Locale.ROOT));
        }
        return "Cu" + Names.pascal(name.substring(2));
    }

    private void method(Source out, Call call) {
        String parameters =
                call.parameters().stream()
                        .map(p -> carrier(p).javaType + " " + Names.camel(p.name()))
                        .collect(Collectors.joining(", "));
        String arguments =
                call.parameters().stream()
                        .map(p -> Names.camel(p.name()))
                        .collect(Collectors.joining(", "));
        out.blank();
        out.open("static int %s(%s) {", call.variant().symbol(), parameters);
        out.open("try {");
        out.line("return (int) %s.invokeExact(%s);", constant(call), arguments);
        out.close("} catch (Throwable e) {");
        out.line("    throw new IllegalStateException(\"%s\", e);", call.variant().symbol());
        out.line("}").close("}");
    }

    private static String constant(Call call) {
        return constant(call.variant().symbol());
    }

    private static String constant(String name) {
        return name.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toUpperCase(Locale.ROOT);
    }

    private Carrier carrier(Parameter parameter) {
        CType type = parameter.type();
        return type.stars() > 0 ? Carrier.ADDRESS : carrier(type.name(), parameter.position());
    }

    private Carrier carrier(String name, Position position) {
        Carrier basic = BASIC.get(name);
        if (basic != null) {
            return basic;
        }
        CudaType type =
                specification.types().stream()
                        .filter(candidate -> candidate.name().equals(name))
                        .findFirst()
                        .orElseThrow();
        return switch (type) {
            case HandleType handle -> Carrier.LONG;
            case AliasType alias -> carrier(alias.target(), position);
            case EnumType enumeration -> Carrier.INT;
            case CallbackType callback -> Carrier.ADDRESS;
            case StructType struct -> throw byValue(name, position);
            case OpaqueType opaque -> throw byValue(name, position);
        };
    }

    private static SpecificationException byValue(String name, Position position) {
        return new SpecificationException(position, name + " cannot be passed by value with ffm");
    }
}
