package org.bitfusion.gpu.soft.device;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How the software GPU is set up, from the BF_SOFT_* variables.
///
/// @param memoryBytes of each device
/// @param capability compute capability times ten
/// @param executor interpreter, compiler or auto
/// @param identity what the devices' UUIDs are made of
/// @param coverageFile where executed instruction forms are written, or null
record Settings(
        int devices,
        long memoryBytes,
        int capability,
        boolean exactBounds,
        String executor,
        int threads,
        String identity,
        @Nullable String coverageFile) {
    private static final long MIB = 1L << 20;
    private static final int MAXIMUM_DEVICES = 8;

    /// @throws IllegalArgumentException naming the variable that makes no sense
    static Settings of(Map<String, String> environment) {
        int cores = Runtime.getRuntime().availableProcessors();
        return new Settings(
                (int) number(environment, "BF_SOFT_DEVICES", 2, 1, MAXIMUM_DEVICES),
                number(environment, "BF_SOFT_MEMORY", 4096, 16, 1 << 20) * MIB,
                capability(environment.getOrDefault("BF_SOFT_COMPUTE_CAPABILITY", "8.0")),
                environment.getOrDefault("BF_SOFT_MEMCHECK", "").equals("1"),
                executor(environment.getOrDefault("BF_SOFT_EXECUTOR", "auto")),
                (int) number(environment, "BF_SOFT_THREADS", cores, 1, 1024),
                environment.getOrDefault("BF_SOFT_ID", ""),
                environment.get("BF_SOFT_COVERAGE"));
    }

    private static long number(
            Map<String, String> environment, String name, long usual, long least, long most) {
        String text = environment.get(name);
        if (text == null || text.isBlank()) {
            return usual;
        }
        try {
            long value = Long.parseLong(text.strip());
            if (value >= least && value <= most) {
                return value;
            }
        } catch (NumberFormatException ignored) {
            // told below
        }
        throw new IllegalArgumentException(
                name + "=" + text + ": a number from " + least + " to " + most + " is expected");
    }

    private static int capability(String text) {
        if (!text.matches("([5-9]|1[0-9])\\.[0-9]")) {
            throw new IllegalArgumentException(
                    "BF_SOFT_COMPUTE_CAPABILITY=" + text + ": for instance 8.0 is expected");
        }
        return Integer.parseInt(text.replace(".", ""));
    }

    private static String executor(String text) {
        if (!text.matches("interpreter|compiler|auto")) {
            throw new IllegalArgumentException(
                    "BF_SOFT_EXECUTOR=" + text + ": interpreter, compiler or auto is expected");
        }
        return text;
    }
}
