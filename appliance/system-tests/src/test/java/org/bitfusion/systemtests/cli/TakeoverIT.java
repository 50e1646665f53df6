package org.bitfusion.systemtests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The dispatcher is killed and started again while `bitfusion run` holds GPUs and its program
/// works.
class TakeoverIT {
    private static final Map<String, String> SETTINGS = Map.of("BF_SOFT_DEVICES", "1");

    private static String program;

    @BeforeAll
    static void build() {
        program = CProgram.build("share").executable().toString();
    }

    private static void kill(Appliance appliance) {
        appliance.process().destroyForcibly();
        await().until(() -> !appliance.process().isAlive());
    }

    /// A program of a lease of 512 MiB that uses 400 of them, and takes orders from a FIFO.
    private static final class Held implements AutoCloseable {
        private final RunningProgram session;
        private final OutputStream orders;
        private int answers;

        Held(Appliance appliance) throws IOException {
            Path fifo = Files.createTempDirectory(Repository.target(), "held").resolve("orders");
            Cli.alone().execute(List.of("mkfifo", fifo.toString()));
            Cli cli = Cli.of(appliance);
            session =
                    RunningProgram.start(
                            cli,
                            cli.run(1, "-m", "512", "--", program, "hold", "400", fifo.toString()));
            session.awaitOutput("working");
            orders = Files.newOutputStream(fifo);
        }

        /// Takes 10 MiB more.
        String more() throws IOException {
            orders.write("more\n".getBytes(StandardCharsets.UTF_8));
            orders.flush();
            answers++;
            await().atMost(Duration.ofSeconds(10))
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> lines().size() >= answers);
            return lines().get(answers - 1);
        }

        private List<String> lines() {
            return session.output()
                    .lines()
                    .filter(line -> line.startsWith("got") || line.startsWith("refused"))
                    .toList();
        }

        void finish() throws IOException {
            orders.close();
            assertThat(session.awaitEnd()).as(session.output() + session.errors()).isZero();
            assertThat(session.output()).contains("PASSED");
        }

        @Override
        public void close() throws IOException {
            orders.close();
            session.close();
        }
    }

    private static int codeOf(Appliance appliance, int mebibytes) {
        return Cli.of(appliance)
                .executeRun(1, "-q", "-m", Integer.toString(mebibytes), "-t", "2s", "--", "true")
                .exitCode();
    }

    @Test
    void aProgramGoesOnAndItsOwnerGivesTheLeaseBackToTheNextDispatcher() throws IOException {
        try (Appliance first = Appliance.start(SETTINGS);
                Held held = new Held(first)) {
            kill(first);
            assertThat(held.more()).as("nobody is there: within the share").isEqualTo("got 10 MiB");
            try (Appliance next = first.startAgain()) {
                assertThat(codeOf(next, 2048 - 512 + 2))
                        .as("it is not promised twice")
                        .isEqualTo(75);
                assertThat(codeOf(next, 2048 - 512)).isZero();
                for (int i = 0; i < 10; i++) {
                    assertThat(held.more()).isEqualTo("got 10 MiB");
                }
                assertThat(held.more()).as("the share still holds").isEqualTo("refused");
                held.finish();
                assertThat(held.session.errors() + held.session.output())
                        .contains("Released GPUs on 1 servers");
                assertThat(codeOf(next, 2048)).as("all is free again").isZero();
            }
        }
    }

    @Test
    void aProgramThatIsKilledUnderTheNextDispatcherGivesItsMemoryBack() throws IOException {
        try (Appliance first = Appliance.start(SETTINGS);
                Held held = new Held(first)) {
            kill(first);
            try (Appliance next = first.startAgain()) {
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> next.log().contains("taken over"));
                held.session
                        .process()
                        .descendants()
                        .filter(one -> one.info().command().orElse("").equals(program))
                        .forEach(ProcessHandle::destroyForcibly);
                assertThat(held.session.awaitEnd()).isEqualTo(137);
                assertThat(codeOf(next, 2048)).isZero();
            }
        }
    }

    @Test
    void aWorkerThatDiesWhileThereIsNoDispatcherIsNotWaitedFor() throws IOException {
        try (Appliance first = Appliance.start(SETTINGS);
                Held held = new Held(first)) {
            List<ProcessHandle> workers = first.workers();
            kill(first);
            workers.forEach(ProcessHandle::destroyForcibly);
            try (Appliance next = first.startAgain()) {
                held.orders.close();
                assertThat(held.session.awaitEnd()).isNotZero();
                assertThat(codeOf(next, 2048)).isZero();
            }
        }
    }
}
