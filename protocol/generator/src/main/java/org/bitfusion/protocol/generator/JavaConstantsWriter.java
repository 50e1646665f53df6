package org.bitfusion.protocol.generator;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.bitfusion.protocol.generator.Specification.Constant;
import org.bitfusion.protocol.generator.Specification.CudaType;
import org.bitfusion.protocol.generator.Specification.EnumType;
import org.bitfusion.protocol.generator.Specification.Enumerator;
import org.bitfusion.protocol.generator.Specification.JavaClass;

/// Writes the limits of the wire and the numbers of the CUDA driver API as Java constants.
final class JavaConstantsWriter {
    static final String CUDA_PACKAGE = "org.bitfusion.protocol.cuda";

    private final Specification specification;

    JavaConstantsWriter(Specification specification) {
        this.specification = specification;
    }

    void write(Path directory) throws IOException {
        Path cuda = directory.resolve(CUDA_PACKAGE.replace('.', '/'));
        Source info = new Source();
        info.line("/// Numbers of the CUDA driver API by name; generated from protocol/spec.");
        info.line("@org.jspecify.annotations.NullMarked").line("package %s;", CUDA_PACKAGE);
        info.write(cuda.resolve("package-info.java"));
        for (CudaType type : specification.types()) {
            if (type instanceof EnumType enumeration && enumeration.javaClass().isPresent()) {
                JavaClass javaClass = enumeration.javaClass().get();
                constants(enumeration, javaClass).write(cuda.resolve(javaClass.name() + ".java"));
            }
        }
        limits().write(
                        directory.resolve(
                                JavaMessagesWriter.PACKAGE.replace('.', '/')
                                        + "/WireConstants.java"));
    }

    private Source limits() {
        Source out = new Source();
        out.line("package %s;", JavaMessagesWriter.PACKAGE).blank();
        out.line("/// Limits and sizes of the wire; generated from protocol/spec.");
        out.open("public final class WireConstants {");
        for (Constant constant : specification.constants().values()) {
            if (!constant.ofDriver()) {
                out.line("public static final int %s = %d;", constant.name(), constant.value());
            }
        }
        out.blank().line("private WireConstants() {}");
        out.close("}");
        return out;
    }

    private static Source constants(EnumType enumeration, JavaClass javaClass) {
        Source out = new Source();
        out.line("package %s;", CUDA_PACKAGE).blank();
        out.line("/// The numbers of %s; generated from protocol/spec.", enumeration.name());
        out.open("public final class %s {", javaClass.name());
        for (Enumerator value : enumeration.values()) {
            String name = value.name();
            if (name.startsWith(javaClass.prefix())) {
                name = name.substring(javaClass.prefix().length());
            }
            out.line("public static final int %s = %d;", name, (int) value.value());
        }
        out.blank().line("private %s() {}", javaClass.name());
        if (enumeration.values().stream().anyMatch(value -> value.text().isPresent())) {
            lookup(out, enumeration, "name", false);
            lookup(out, enumeration, "text", true);
        }
        out.close("}");
        return out;
    }

    private static void lookup(Source out, EnumType enumeration, String method, boolean text) {
        out.blank();
        out.line(
                "/// @return the %s of a number of %s; the number itself for one that it does not have",
                text ? "description" : "C name", enumeration.name());
        out.open("public static String %s(int number) {", method);
        out.open("return switch (number) {");
        Set<Long> seen = new HashSet<>();
        for (Enumerator value : enumeration.values()) {
            if (seen.add(value.value())) {
                out.line(
                        "case %d -> \"%s\";",
                        (int) value.value(), text ? value.text().orElse("") : value.name());
            }
        }
        out.line("default -> Integer.toString(number);");
        out.close("};").close("}");
    }
}
