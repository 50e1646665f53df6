package org.bitfusion.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The command line that starts a worker: this JVM, these classes, [WorkerMain].
///
/// What a JVM that crashes leaves behind: a report in the folder of [Settings#crashFolder], the
/// same in short on standard error, which is the appliance's log. Nothing where the appliance was
/// started, and no core file, which would hold a program's data. A JVM says that it crashes on
/// descriptor 1 whatever its options, so the shell makes that the log, too; what a worker reports
/// to the dispatcher goes over a socket.
final class WorkerCommand {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerCommand.class);

    private WorkerCommand() {}

    static List<String> of(Map<String, String> environment) {
        List<String> command = new ArrayList<>();
        command.addAll(List.of("/bin/sh", "-c", "exec \"$0\" \"$@\" 1>&2"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        // Compiled kernels then use the JVM's own memory access.
        command.add("--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED");
        // Little garbage, two cores, a quick start; device memory lies outside the heap.
        command.add("-XX:+UseSerialGC");
        command.add("-XX:+UseCompactObjectHeaders");
        command.add("-XX:-UsePerfData");
        command.add("-Djava.awt.headless=true");
        command.add("-XX:-CreateCoredumpOnCrash");
        command.add("-XX:ErrorFile=" + crashReport(new Settings(environment).crashFolder()));
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

    /// Where a report goes; without the folder among the temporary files.
    private static Path crashReport(Path folder) {
        Path usable = folder;
        try {
            Files.createDirectories(
                    folder,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            usable = Path.of(System.getProperty("java.io.tmpdir"));
            LOG.warn("{} cannot be made, crash reports go to {}", folder, usable);
        }
        return usable.toAbsolutePath().resolve("bitfusion-worker-%p.log");
    }
}
