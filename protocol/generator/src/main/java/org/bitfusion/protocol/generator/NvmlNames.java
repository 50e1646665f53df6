package org.bitfusion.protocol.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/// The names of the management library, from `nvml.names`: no more than names, for what is carried
/// of it is answered in the client.
record NvmlNames(List<String> names) {
    private static final Pattern NAME = Pattern.compile("nvml[A-Z]\\w*");

    /// @throws IllegalArgumentException if a line is no name, or the names are not sorted
    static NvmlNames read(Path specification) throws IOException {
        Path file = specification.resolve("nvml.names");
        List<String> names =
                Files.readAllLines(file).stream().filter(line -> !line.startsWith("#")).toList();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            boolean isSorted = i == 0 || names.get(i - 1).compareTo(name) < 0;
            if (!isSorted || !NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "%s: '%s' (expected: a name of NVML, after the one before in the alphabet)"
                                .formatted(file, name));
            }
        }
        return new NvmlNames(names);
    }

    /// Weak answers for all; a function of that name takes the place of its.
    Source missing() {
        Source out = new Source();
        out.line("/* What is not carried of NVML. Generated from protocol/spec/nvml.names. */");
        out.block(
                """
                #define MISSING(symbol) \\
                    __attribute__((weak, visibility("default"))) int symbol(void); \\
                    __attribute__((weak, visibility("default"))) int symbol(void) \\
                    { \\
                        return 3; /* NVML_ERROR_NOT_SUPPORTED */ \\
                    }
                """);
        out.blank();
        names.forEach(name -> out.line("MISSING(%s)", name));
        return out;
    }
}
