package org.bitfusion.server;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The command line that starts a worker: this JVM, these classes, [WorkerMain].
final class WorkerCommand {
    private WorkerCommand() {}

    static List<String> of(Map<String, String> environment) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        // Compiled kernels then use the JVM's own memory access.
        command.add("--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED");
        // Little garbage, two cores, a quick start; device memory lies outside the heap.
        command.add("-XX:+UseSerialGC");
        command.add("-XX:+UseCompactObjectHeaders");
        command.add("-XX:-UsePerfData");
        command.add("-Djava.awt.headless=true");
        String cache = environment.get("BF_WORKER_AOT_CACHE");
        if (cache != null && Files.isReadable(Path.of(cache))) {
            command.add("-XX:AOTCache=" + cache);
            command.add("-Xlog:aot=off");
            command.add("-Xlog:disable");
        }
        String options = environment.getOrDefault("BF_WORKER_JAVA_OPTIONS", "").strip();
        if (!options.isEmpty()) {
            command.addAll(List.of(options.split("\\s+")));
        }
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(WorkerMain.class.getName());
        return command;
    }
}
