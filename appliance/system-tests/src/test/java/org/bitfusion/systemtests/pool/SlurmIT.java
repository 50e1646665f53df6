package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The scripts of `samples/slurm` in a Slurm of one node, on this machine.
class SlurmIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int SECONDS = 90;
    private static final List<Process> daemons = new ArrayList<>();
    private static ManagedAppliance appliance;
    private static Path home;
    private static Path folder;

    @BeforeAll
    static void start() throws IOException {
        assumeTrue(has("slurmctld") && has("slurmd"), "Slurm is not installed here");
        assumeTrue(
                CProgram.run(List.of("id", "-u"), Map.of(), SECONDS).output().equals("0\n"),
                "slurmd is root's");
        appliance = ManagedAppliance.start("127.0.0.8");
        home = appliance.home();
        folder = Files.createTempDirectory("bitfusion-slurm"); // paths of sockets are short
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        copyScripts();
        configure();
        daemons.add(daemon("slurmctld", "-D"));
        boolean answers = comesTrue(() -> slurm("scontrol", "ping").output().contains("UP"));
        daemons.add(daemon("slurmd", "-D", "-N", "localhost"));
        assumeTrue(
                answers
                        && comesTrue(() ->
                                slurm("sinfo", "-h", "-o", "%T").output().strip().equals("idle")),
                "Slurm itself does not come up here");
    }

    private static boolean comesTrue(BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
        }
        return true;
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        for (Process daemon : daemons.reversed()) {
            daemon.destroy();
            if (!daemon.waitFor(20, TimeUnit.SECONDS)) {
                daemon.destroyForcibly();
            }
        }
        if (folder != null) {
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        }
        if (appliance != null) {
            appliance.close();
        }
    }

    private static boolean has(String program) {
        return CProgram.run(List.of("which", program), Map.of(), SECONDS).exitCode() == 0;
    }

    private static void copyScripts() throws IOException {
        Path scripts = Files.createDirectories(folder.resolve("scripts"));
        for (String name : List.of("prolog.sh", "task-prolog.sh", "epilog.sh")) {
            Files.copy(
                    Repository.root().resolve("samples/slurm").resolve(name),
                    scripts.resolve(name),
                    StandardCopyOption.COPY_ATTRIBUTES);
        }
        String settings = Files.readString(Repository.root().resolve("samples/slurm/settings.sh"));
        Files.writeString(
                scripts.resolve("settings.sh"),
                settings.replace("/run/bitfusion-jobs", folder.resolve("jobs").toString())
                        .replace("/usr/bin/bitfusion", ManagedAppliance.program()));
    }

    private static void configure() throws IOException {
        Path scripts = folder.resolve("scripts");
        Files.createDirectories(folder.resolve("state"));
        Files.createDirectories(folder.resolve("spool"));
        Files.writeString(
                folder.resolve("slurm.conf"),
                """
                ClusterName=test
                SlurmctldHost=localhost(127.0.0.1)
                SlurmUser=root
                SlurmdUser=root
                SlurmctldPort=%d
                SlurmdPort=%d
                AuthType=auth/none
                CredType=cred/none
                MpiDefault=none
                ProctrackType=proctrack/linuxproc
                TaskPlugin=task/none
                SwitchType=switch/none
                ReturnToService=2
                KillWait=2
                SelectType=select/cons_res
                SelectTypeParameters=CR_CPU
                SlurmdParameters=config_overrides
                SlurmctldPidFile=%3$s/slurmctld.pid
                SlurmdPidFile=%3$s/slurmd.pid
                SlurmdSpoolDir=%3$s/spool
                StateSaveLocation=%3$s/state
                PrologFlags=Alloc
                Prolog=%4$s/prolog.sh
                TaskProlog=%4$s/task-prolog.sh
                Epilog=%4$s/epilog.sh
                NodeName=localhost NodeAddr=127.0.0.1 CPUs=4 State=UNKNOWN
                PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
                """
                        .formatted(freePort(), freePort(), folder, scripts));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static Process daemon(String... command) {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().put("SLURM_CONF", folder.resolve("slurm.conf").toString());
            builder.redirectOutput(folder.resolve(command[0] + ".log").toFile());
            return builder.start();
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    /// A command of the user who has jobs.
    private static CProgram.Result slurm(String... words) {
        return CProgram.run(
                List.of(words),
                Map.of(
                        "SLURM_CONF",
                        folder.resolve("slurm.conf").toString(),
                        "HOME",
                        home.toString(),
                        "SLURM_JOB_NAME",
                        "test"),
                SECONDS);
    }

    private static String client(String program) {
        return "%s client -f \"$BITFUSION_ADAPTOR\" -- %s"
                .formatted(ManagedAppliance.program(), program);
    }

    private static void everythingIsFreeAgain() {
        await().atMost(PATIENCE)
                .untilAsserted(() ->
                        assertThat(ManagedAppliance.as(home, "list_gpus").output())
                                .contains("running 0 tasks"));
    }

    @Test
    void allTasksOfAJobShareItsGpus() {
        CProgram.Result result =
                slurm(
                        "srun",
                        "-n",
                        "2",
                        "--export=ALL,BITFUSION_GPUS=2,BITFUSION_PART=0.5",
                        "sh",
                        "-c",
                        "echo $BITFUSION_ADAPTOR; " + client("echo ran"));
        assertThat(result.exitCode()).as(result.output()).isZero();
        List<String> lines =
                result.output()
                        .lines()
                        .filter(line -> !line.startsWith("srun: "))
                        .sorted()
                        .toList();
        assertThat(lines).hasSize(4);
        assertThat(lines.get(0)).startsWith(folder + "/jobs/").isEqualTo(lines.get(1));
        assertThat(lines.subList(2, 4)).containsExactly("ran", "ran");
        everythingIsFreeAgain();
        await().atMost(PATIENCE).until(() -> !Files.exists(Path.of(lines.getFirst()).getParent()));
    }

    @Test
    void aJobThatIsCancelledGivesItsGpusBack() {
        CProgram.Result submitted =
                slurm(
                        "sbatch",
                        "--parsable",
                        "-o",
                        folder.resolve("job.out").toString(),
                        "--export=ALL,BITFUSION_GPUS=1",
                        "--wrap",
                        client("sh -c 'echo works; sleep 300'"));
        assertThat(submitted.exitCode()).as(submitted.output()).isZero();
        Path output = folder.resolve("job.out");
        await().atMost(PATIENCE)
                .until(() -> Files.exists(output) && Files.readString(output).contains("works"));
        assertThat(ManagedAppliance.as(home, "list_gpus").output()).contains("running 1 tasks");
        assertThat(slurm("scancel", submitted.output().strip()).exitCode()).isZero();
        everythingIsFreeAgain();
    }

    @Test
    void aJobThatCannotHaveItsGpusFailsAndSaysWhy() {
        CProgram.Result result =
                slurm("srun", "-n", "1", "--export=ALL,BITFUSION_GPUS=9", "echo", "ran");
        assertThat(result.exitCode()).as(result.output()).isNotZero();
        assertThat(result.output())
                .contains("bitfusion: 9 GPUs asked for, but there are only 2")
                .doesNotContain("ran\n");
    }

    @Test
    void aJobThatWantsNoneLeasesNone() {
        CProgram.Result result =
                slurm("srun", "-n", "1", "sh", "-c", "echo \"<$BITFUSION_ADAPTOR>\"");
        assertThat(result.output()).endsWith("<>\n");
    }
}
