package org.bitfusion.gpu.soft.forms;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bitfusion.gpu.soft.compiler.PtxCompiler;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.gpu.soft.interpreter.InterpreterFactory;
import org.bitfusion.gpu.soft.interpreter.SingleInstruction;
import org.bitfusion.ptx.PtxParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs the kernels of `samples/forms` on an executor; the C program that wrote them also judges
/// the results.
class FormsTest {
    @TempDir Path folder;

    @Test
    void interpreterDoesWhatCExpects() throws Exception {
        assertThat(failures(new InterpreterFactory())).isEmpty();
    }

    @Test
    void compilerDoesWhatCExpects() throws Exception {
        assertThat(failures(new PtxCompiler(SingleInstruction::of))).isEmpty();
    }

    private List<String> failures(ProgramFactory executor) throws Exception {
        Path samples = samples();
        output(List.of("make", "-s", "-C", samples.toString(), "forms"));
        String program = samples.resolve("target/forms/forms").toString();
        output(List.of(program, "--dump", folder.toString()));
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(file -> file.toString().endsWith(".launch"))
                    .sorted()
                    .forEach(launch -> run(executor, launch));
        }
        List<String> lines =
                output(List.of(program, "--check", folder.toString())).lines().toList();
        assertThat(lines).hasSizeGreaterThan(500);
        return lines.stream().filter(line -> line.startsWith("FAILED")).toList();
    }

    private static void run(ProgramFactory executor, Path launchFile) {
        try {
            String path = launchFile.toString().replaceFirst("\\.launch$", "");
            String[] launch = Files.readString(launchFile).strip().split(" ", -1);
            FlatLaunch grid =
                    new FlatLaunch(Integer.parseInt(launch[1]), Integer.parseInt(launch[2]));
            try {
                byte[] result =
                        grid.run(
                                executor,
                                PtxParser.parse(Files.readString(Path.of(path + ".ptx"))),
                                Files.readAllBytes(Path.of(path + ".in")),
                                Integer.parseInt(launch[3]));
                Files.write(Path.of(path + ".out"), result);
            } catch (KernelFault fault) {
                Files.writeString(Path.of(path + ".status"), fault.status() + "\n");
            } catch (RuntimeException unexpected) {
                Files.writeString(Path.of(path + ".status"), "1\n");
                System.err.println(launch[0] + ": " + unexpected);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path samples() {
        Path folder = Path.of("").toAbsolutePath();
        while (folder != null) {
            if (Files.exists(folder.resolve("samples/Makefile"))) {
                return folder.resolve("samples");
            }
            folder = folder.getParent();
        }
        throw new IllegalStateException("no samples above " + Path.of("").toAbsolutePath());
    }

    private static String output(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return text;
    }
}
