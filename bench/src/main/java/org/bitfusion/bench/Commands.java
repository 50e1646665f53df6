package org.bitfusion.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// Whole commands as probes.
final class Commands {
    private Commands() {}

    /// Seconds from start to exit.
    static Probe seconds(List<String> command, Map<String, String> environment, double scale) {
        return () -> {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(environment);
            builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
            long begin = System.nanoTime();
            int code = builder.start().waitFor();
            double seconds = (System.nanoTime() - begin) * 1e-9;
            if (code != 0) {
                throw new IOException(String.join(" ", command) + " ended with " + code);
            }
            return seconds * scale;
        };
    }

    /// Seconds from its start to the moment that a command prints: seconds since the epoch.
    static double secondsUntil(List<String> command, Map<String, String> environment)
            throws IOException, InterruptedException {
        Instant begin = Instant.now();
        double end = printed(command, environment, 1).measure();
        return end - begin.getEpochSecond() - begin.getNano() * 1e-9;
    }

    /// The number that a command prints.
    static Probe printed(List<String> command, Map<String, String> environment, double scale) {
        return () -> {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment().putAll(environment);
            Process process = builder.start();
            String text =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + text);
            }
            return Double.parseDouble(text.strip()) * scale;
        };
    }

    /// A C function of as many lines as the kernel whose first launch is measured, with the same
    /// mixture of statements.
    static Path longFunction(Path folder, int lines) throws IOException {
        StringBuilder text =
                new StringBuilder("void f(float *out, int t) {\nint r[64]; float f[64];\n");
        text.append("for (int i = 0; i < 64; i++) { r[i] = t + i; f[i] = (float)r[i]; }\n");
        for (int i = 0; i < lines; i++) {
            int a = (i * 7 + 1) % 64;
            int b = (i * 13 + 5) % 64;
            int c = (i * 29 + 3) % 64;
            text.append(
                    switch (i % 5) {
                        case 0 -> "f[%d] = f[%d] * 0.25f + f[%d];\n".formatted(a, b, c);
                        case 1 -> "r[%d] = r[%d] * 5 + r[%d];\n".formatted(a, b, c);
                        case 2 -> "r[%d] = r[%d] ^ r[%d];\n".formatted(a, b, c);
                        case 3 -> "f[%d] = f[%d] - f[%d];\n".formatted(a, b, c);
                        default -> "r[%d] = (int)((unsigned)r[%d] >> 1);\n".formatted(a, b);
                    });
        }
        text.append("out[0] = f[1]; out[1] = (float)r[1];\n}\n");
        return Files.writeString(folder.resolve("long_function.c"), text);
    }
}
