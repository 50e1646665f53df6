package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.bitfusion.dispatcher.DispatcherSettings.PortRange;
import org.bitfusion.protocol.ContentHash;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.control.WorkerReport;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.protocol.message.ImageKnown;
import org.bitfusion.protocol.message.ImageKnownAnswer;
import org.bitfusion.protocol.message.ImageOffer;
import org.bitfusion.protocol.message.ImageOfferAnswer;
import org.bitfusion.protocol.message.LinkAcked;
import org.bitfusion.protocol.message.LinkHeartbeat;
import org.bitfusion.protocol.message.MemWrite;
import org.bitfusion.protocol.message.ModuleLoad;
import org.bitfusion.protocol.message.ModuleLoadKnown;
import org.bitfusion.protocol.message.Ping;
import org.bitfusion.protocol.message.StreamHold;
import org.bitfusion.protocol.message.StreamRelease;
import org.bitfusion.protocol.message.WireConstants;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Clients that know the secrets and do what no shim does: they hurt their own session at most.
class HostileClientIT {
    private static final long CONTEXT = 0x0001_0000_0000_0001L;
    private static final long MODULE = 0x0004_0000_0000_0001L;
    private static final Duration SOON = Duration.ofSeconds(2);
    private static final byte PTX = 1;
    private static final int SIGSEGV = 11;

    private static TestAppliance appliance;

    @BeforeAll
    static void start() throws IOException {
        // Too little for an image that is only announced.
        appliance =
                new TestAppliance(
                        new PortRange(0, 0),
                        1,
                        Duration.ofSeconds(30),
                        "-Xmx200m -XX:+UseSerialGC");
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    private static boolean isGone(TestSession session) {
        return ProcessHandle.of(session.process()).isEmpty();
    }

    @Test
    void aWindowThatNoProcessHasIsRefused() throws IOException {
        long page = 2L << 20;
        long[][] windows = {
            {0, 1L << 63},
            {-1, -1},
            {0, TestAppliance.WINDOW_BYTES},
            {TestAppliance.WINDOW_BASE, 0},
            {TestAppliance.WINDOW_BASE + 4096, TestAppliance.WINDOW_BYTES},
            {TestAppliance.WINDOW_BASE, TestAppliance.WINDOW_BYTES + 1},
            {TestAppliance.WINDOW_BASE, 1L << 47},
            {-page, page},
            {(1L << 47) - page, 2 * page}
        };
        for (long[] window : windows) {
            assertThatThrownBy(() -> appliance.openSession(Optional.empty(), window[0], window[1]))
                    .as("%x bytes at %x", window[1], window[0])
                    .hasMessage("status " + CudaResult.ERROR_INVALID_VALUE);
        }
    }

    /// The worker itself cannot set so much aside: the system gives a process 128 TiB in all.
    @Test
    void aWindowThatTheWorkerCannotHaveIsRefusedBeforeThereIsAPort() {
        assertThatThrownBy(() ->
                        appliance.openSession(Optional.empty(), 2L << 20, (1L << 47) - (4L << 20)))
                .hasMessage("status " + CudaResult.ERROR_DEVICE_UNAVAILABLE);
    }

    @Test
    void manyWhoSayNothingKeepNobodyOutAndAreNotKept() throws IOException {
        List<TestConnection> silent = new ArrayList<>();
        try {
            for (int i = 0; i < 600; i++) {
                silent.add(new TestConnection(appliance.dispatcher.port()));
            }
            long begin = System.nanoTime();
            try (TestConnection leasing = appliance.leasing()) {
                TestAppliance.release(leasing, TestAppliance.lease(leasing, 1, 64L << 20));
            }
            for (TestConnection early : silent.subList(0, 300)) {
                assertThat(early.isClosedByPeer()).isTrue();
            }
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .as("before the time is over that they have to prove themselves")
                    .isLessThan(Duration.ofSeconds(4));
        } finally {
            for (TestConnection connection : silent) {
                connection.close();
            }
        }
    }

    @Test
    void anImageThatIsOnlyAnnouncedTakesNoMemory() throws IOException {
        try (TestSession session = appliance.session()) {
            session.createContext(CONTEXT, 0);
            byte[] first = new byte[1000];
            ModuleLoad message = new ModuleLoad(MODULE, CONTEXT, PTX, 1L << 30, 0);
            session.connection()
                    .send(
                            message.wireBytes() + first.length,
                            out -> {
                                message.writeFrame(out, first.length);
                                out.put(first);
                            });
            assertThat(session.synchronize(CONTEXT)).isZero();
        }
    }

    /// As many as the window allows; each has a place of its own until the stream goes on.
    @Test
    void smallCopiesBehindAStreamThatStandsStillTakeLittleMemory() throws IOException {
        int copies = 800_000;
        int together = 1000;
        int frame = FrameHeader.BYTES + MemWrite.MINIMUM_BYTES + 1;
        assertThat((long) copies * frame).isLessThan(WireConstants.WINDOW);
        try (TestSession session = appliance.session()) {
            session.createContext(CONTEXT, 0);
            long address = session.allocate(CONTEXT, 4096);
            StreamHold hold = new StreamHold(CONTEXT, 7);
            session.connection().send(hold.wireBytes(), hold::writeFrame);
            MemWrite copy = new MemWrite(CONTEXT, address, TestSession.linear(1), 0);
            for (int i = 0; i < copies / together; i++) {
                session.connection()
                        .send(
                                together * frame,
                                out -> {
                                    for (int k = 0; k < together; k++) {
                                        copy.writeFrame(out, 1);
                                        out.put((byte) 9);
                                    }
                                });
            }
            awaitReceived(session, (long) copies * frame);
            assertThat(residentMebibytes(session.process())).isLessThan(600);
            StreamRelease release = new StreamRelease(7, 0);
            session.connection().send(release.wireBytes(), release::writeFrame);
            assertThat(session.synchronize(CONTEXT)).isZero();
            assertThat(session.read(CONTEXT, address, 1)).containsExactly(9);
        }
    }

    @Test
    void whoKnowsAHashDoesNotGetAnothersImage() throws IOException {
        byte[] image = new byte[200_000];
        new Random(7).nextBytes(image);
        ContentHash hash = ContentHash.of(ByteBuffer.wrap(image));
        try (TestSession owner = appliance.session()) {
            owner.createContext(CONTEXT, 0);
            ModuleLoad load = new ModuleLoad(MODULE, CONTEXT, PTX, image.length, 0);
            owner.connection()
                    .send(
                            load.wireBytes() + image.length,
                            out -> {
                                load.writeFrame(out, image.length);
                                out.put(image);
                            });
            assertThat(isKnown(owner, hash)).isTrue();
        }
        try (TestSession other = appliance.session()) {
            other.createContext(CONTEXT, 0);
            assertThat(isKnown(other, hash)).isFalse();
            ImageOffer offer = new ImageOffer(hash, hash);
            TestConnection.Frame answer =
                    other.connection().ask(offer.wireBytes(), offer::writeFrame);
            assertThat(ImageOfferAnswer.read(answer.body()).known()).isZero();
            ModuleLoadKnown load = new ModuleLoadKnown(MODULE, CONTEXT, PTX, hash);
            other.connection().send(load.wireBytes(), load::writeFrame);
            assertThat(other.connection().isClosedByPeer()).isTrue();
        }
    }

    private static boolean isKnown(TestSession session, ContentHash hash) throws IOException {
        ImageKnown message = new ImageKnown(hash);
        TestConnection.Frame answer =
                session.connection().ask(message.wireBytes(), message::writeFrame);
        return ImageKnownAnswer.read(answer.body()).known() != 0;
    }

    private static void awaitReceived(TestSession session, long bytes) throws IOException {
        LinkHeartbeat heartbeat = new LinkHeartbeat();
        for (long received = 0; received < bytes; ) {
            session.connection().send(heartbeat.wireBytes(), heartbeat::writeFrame);
            TestConnection.Frame answer = session.connection().receive();
            if (answer.header().call() == LinkAcked.CALL) {
                received = LinkAcked.read(answer.body()).received();
            }
        }
    }

    private static long residentMebibytes(int process) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + process + "/status"))) {
            String line = lines.filter(l -> l.startsWith("VmRSS:")).findFirst().orElseThrow();
            return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
        }
    }

    /// It stalls itself; the end of its connection ends the worker.
    @Test
    void aClientThatNeverReadsGetsNoMemoryAndItsWorkerEndsWithIt() throws Exception {
        TestSession session = appliance.session();
        AtomicInteger sent = new AtomicInteger();
        Ping ping = new Ping(ByteBuffer.allocate(1 << 20));
        Thread client =
                Thread.ofPlatform()
                        .daemon()
                        .start(() -> {
                            try {
                                while (sent.get() < 2000) {
                                    session.connection()
                                            .send(ping.wireBytes(), out -> ping.writeFrame(out, 1));
                                    sent.incrementAndGet();
                                }
                            } catch (IOException e) {
                                // The connection was closed under it.
                            }
                        });
        int[] before = {-1};
        await().pollInterval(Duration.ofMillis(500))
                .atMost(Duration.ofSeconds(20))
                .until(() -> {
                    int now = sent.get();
                    boolean stalled = now == before[0];
                    before[0] = now;
                    return stalled;
                });
        assertThat(sent).hasValueLessThan(200);
        assertThat(isGone(session)).isFalse();
        session.close();
        await().atMost(SOON).until(() -> isGone(session));
        client.join();
    }

    @Test
    void aWorkerThatCrashesLeavesItsReportInItsFolderOnly() throws Exception {
        List<Path> before = files(Path.of(""));
        try (TestSession session = appliance.session()) {
            signal(session.process(), SIGSEGV);
            assertThat(session.connection().isClosedByPeer()).isTrue();
            await().atMost(Duration.ofSeconds(10)).until(() -> isGone(session));
            Path report =
                    TestAppliance.CRASHES.resolve(
                            "bitfusion-worker-%d.log".formatted(session.process()));
            assertThat(report).content().contains("SIGSEGV");
            Files.delete(report);
        }
        assertThat(files(Path.of(""))).isEqualTo(before);
        appliance.session().close();
    }

    /// A JVM says that it crashes on descriptor 1, whatever its options; reports have a socket of
    /// their own, and descriptor 1 is the log.
    @Test
    void aCrashSaysNothingWhereReportsToTheDispatcherGo() throws Exception {
        Path folder = Files.createTempDirectory("worker");
        Path log = folder.resolve("log");
        UUID id = UUID.randomUUID();
        List<String> reports = new ArrayList<>();
        try (ServerSocketChannel dispatcher =
                ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dispatcher.bind(UnixDomainSocketAddress.of(folder.resolve("control")));
            Process worker = startWorker(folder.resolve("control"), id, log);
            try (SocketChannel connection = dispatcher.accept();
                    BufferedReader reader =
                            new BufferedReader(
                                    Channels.newReader(connection, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    reports.add(line);
                    if (line.startsWith("ready")) {
                        signal((int) worker.pid(), SIGSEGV);
                    }
                }
            }
            worker.waitFor();
            assertThat(worker.inputReader().lines()).isEmpty();
            Files.deleteIfExists(
                    TestAppliance.CRASHES.resolve(
                            "bitfusion-worker-%d.log".formatted(worker.pid())));
        }
        assertThat(reports.getFirst()).isEqualTo("hello " + id);
        assertThat(reports.getLast()).isEqualTo("ready");
        assertThat(log).content().contains("fatal error", "SIGSEGV");
        Files.delete(log);
    }

    /// As the dispatcher does, but for its standard output.
    private static Process startWorker(Path socket, UUID id, Path log) throws IOException {
        List<String> command =
                new ArrayList<>(
                        WorkerCommand.of(
                                Map.of("BF_CRASH_FOLDER", TestAppliance.CRASHES.toString())));
        command.add(socket.toString());
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("BF_GPU", "soft");
        builder.environment().put(WorkerReport.NAME_VARIABLE, id.toString());
        builder.redirectError(log.toFile());
        return builder.start();
    }

    private static List<Path> files(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder.toAbsolutePath())) {
            return files.sorted().toList();
        }
    }

    private static void signal(int process, int signal) throws Exception {
        new ProcessBuilder("kill", "-" + signal, Integer.toString(process)).start().waitFor();
    }
}
