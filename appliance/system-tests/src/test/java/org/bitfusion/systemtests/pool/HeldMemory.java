package org.bitfusion.systemtests.pool;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// What programs have of each GPU at a time: a file in which each program notes what it takes and
/// gives back (`+ GPU BYTES PROGRAM`, `- GPU BYTES PROGRAM`), and the test who has ended (`e
/// PROGRAM`) and which GPUs have lost all that they held (`x GPU`), a line after the other.
record HeldMemory(Path file) {
    void ended(String program) {
        append("e " + program + "\n");
    }

    void lost(Collection<String> gpus) {
        gpus.forEach(gpu -> append("x " + gpu + "\n"));
    }

    private void append(String line) {
        try {
            Files.writeString(file, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The most bytes of each GPU that programs had at one time.
    Map<String, Long> most() {
        Map<String, Map<String, Long>> now = new HashMap<>();
        Map<String, Long> most = new HashMap<>();
        for (String line : lines()) {
            String[] words = line.split(" ", -1);
            switch (words[0]) {
                case "+" -> {
                    Map<String, Long> gpu = now.computeIfAbsent(words[1], _ -> new HashMap<>());
                    gpu.put(words[3], Long.parseLong(words[2]));
                    most.merge(words[1], sum(gpu), Math::max);
                }
                case "-" -> now.getOrDefault(words[1], new HashMap<>()).remove(words[3]);
                case "e" -> now.values().forEach(gpu -> gpu.remove(words[1]));
                case "x" -> now.remove(words[1]);
                default -> throw new IllegalStateException(line);
            }
        }
        return most;
    }

    private static long sum(Map<String, Long> gpu) {
        return gpu.values().stream().mapToLong(Long::longValue).sum();
    }

    /// The GPUs that a program has taken at any time.
    List<String> takenBy(String program) {
        return lines().stream()
                .map(line -> line.split(" ", -1))
                .filter(words -> words[0].equals("+") && words[3].equals(program))
                .map(words -> words[1])
                .toList();
    }

    private List<String> lines() {
        try {
            return Files.exists(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
