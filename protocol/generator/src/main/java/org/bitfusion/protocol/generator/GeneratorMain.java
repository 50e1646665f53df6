package org.bitfusion.protocol.generator;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Writes what was asked for from a directory of specification files.
///
/// `--spec DIR` is read; `--c DIR` gets the headers and sources of the shim, `--java DIR` the
/// messages and constants of the codec, `--ffm DIR` the appliance's calls into the real driver,
/// `--table FILE` the table of functions, `--echo FILE` a C program for tests that reads frames,
/// shows their fields and writes them again.
public final class GeneratorMain {
    private static final List<String> OPTIONS =
            List.of("--spec", "--c", "--java", "--ffm", "--table", "--echo");

    private GeneratorMain() {}

    /// Exits with 1 and one line on stderr if the specification or the command line is wrong.
    public static void main(String[] arguments) {
        try {
            run(arguments);
        } catch (SpecificationException | IllegalArgumentException | IOException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    static void run(String... arguments) throws IOException {
        Map<String, Path> options = options(arguments);
        Path spec = options.get("--spec");
        if (spec == null) {
            throw new IllegalArgumentException("--spec is missing (expected: a directory)");
        }
        Specification specification = SpecificationParser.parse(spec);
        Path c = options.get("--c");
        if (c != null) {
            writeC(specification, NvmlNames.read(spec), c);
        }
        Path java = options.get("--java");
        if (java != null) {
            new JavaMessagesWriter(specification).write(java);
            new JavaConstantsWriter(specification).write(java);
        }
        Path ffm = options.get("--ffm");
        if (ffm != null) {
            new ForeignWriter(specification).write(ffm);
        }
        Path table = options.get("--table");
        if (table != null) {
            new CoverageWriter(specification).source().write(table);
        }
        Path echo = options.get("--echo");
        if (echo != null) {
            new CEchoWriter(specification).source().write(echo);
        }
    }

    private static void writeC(Specification specification, NvmlNames nvml, Path directory)
            throws IOException {
        CFunctionsWriter functions = new CFunctionsWriter(specification);
        new CTypesWriter(specification).source().write(directory.resolve("bf_cuda_types.h"));
        new CMessagesWriter(specification).source().write(directory.resolve("bf_messages.h"));
        new CRequestsWriter(specification).source().write(directory.resolve("bf_requests.h"));
        functions.functions().write(directory.resolve("bf_functions.h"));
        functions.entryHeader().write(directory.resolve("bf_entry.h"));
        functions.entry().write(directory.resolve("bf_entry.c"));
        functions.missing().write(directory.resolve("bf_missing.c"));
        CProcTableWriter table = new CProcTableWriter(specification);
        table.header().write(directory.resolve("bf_proc_table.h"));
        table.source().write(directory.resolve("bf_proc_table.c"));
        nvml.missing().write(directory.resolve("bf_nvml_missing.c"));
        functions.versionScript(nvml.names()).write(directory.resolve("libcuda.map"));
    }

    private static Map<String, Path> options(String[] arguments) {
        Map<String, Path> options = new HashMap<>();
        for (int i = 0; i < arguments.length; i += 2) {
            if (!OPTIONS.contains(arguments[i]) || i + 1 == arguments.length) {
                throw new IllegalArgumentException(
                        arguments[i] + " (expected: " + String.join(" PATH, ", OPTIONS) + " PATH)");
            }
            options.put(arguments[i], Path.of(arguments[i + 1]));
        }
        return options;
    }
}
