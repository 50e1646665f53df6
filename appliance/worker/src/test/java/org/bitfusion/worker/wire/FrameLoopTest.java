package org.bitfusion.worker.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.EOFException;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.ClientMessageHandler;
import org.bitfusion.protocol.message.LinkHeartbeat;
import org.bitfusion.protocol.message.MemSet;
import org.bitfusion.protocol.message.MemWrite;
import org.bitfusion.protocol.message.Ping;
import org.bitfusion.protocol.message.Region;
import org.bitfusion.protocol.message.StreamRelease;
import org.bitfusion.protocol.message.WireConstants;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FrameLoopTest {
    /// More than the loop's buffer.
    private static final int LARGE = 700_000;

    private static final long SLOW = 1;

    private Pipe pipe;
    private FrameLoop loop;
    private final Ear ear = new Ear();
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    /// What arrives, in order; the execution of a [#SLOW] memset lasts until it may go on.
    private final class Ear implements FrameLoop.Costs {
        final List<String> heard = new ArrayList<>();
        final AtomicInteger executed = new AtomicInteger();
        final AtomicInteger heartbeats = new AtomicInteger();
        final AtomicInteger releases = new AtomicInteger();
        final AtomicInteger inside = new AtomicInteger();
        final AtomicInteger burstEnds = new AtomicInteger();
        final AtomicLong arrivedCost = new AtomicLong();
        final AtomicLong executedCost = new AtomicLong();
        final CountDownLatch slowBegins = new CountDownLatch(1);
        final CountDownLatch goOn = new CountDownLatch(1);
        final List<Boolean> inPlace = new ArrayList<>();
        volatile @Nullable Random pauses;

        ClientMessageHandler handler() {
            return (ClientMessageHandler)
                    Proxy.newProxyInstance(
                            FrameLoopTest.class.getClassLoader(),
                            new Class<?>[] {ClientMessageHandler.class},
                            (_, _, arguments) -> {
                                hear(arguments);
                                return null;
                            });
        }

        private void hear(Object[] arguments) throws IOException, InterruptedException {
            Object message = arguments[arguments.length - 1];
            if (message instanceof LinkHeartbeat) {
                heartbeats.incrementAndGet();
                return;
            }
            if (message instanceof StreamRelease) {
                releases.incrementAndGet();
                goOn.countDown();
                return;
            }
            if (inside.incrementAndGet() != 1) {
                throw new IllegalStateException("two executions at once");
            }
            Random random = pauses;
            if (random != null && random.nextInt(100) < 2) {
                LockSupport.parkNanos(random.nextInt(4_000_000));
            }
            if (arguments.length == 3) {
                payload((MemWrite) arguments[0], (int) arguments[1], (ByteBuffer) arguments[2]);
            } else if (message instanceof MemSet set) {
                memset(set);
            } else {
                heard.add(message.getClass().getSimpleName());
            }
            inside.decrementAndGet();
        }

        private void memset(MemSet set) throws InterruptedException {
            inPlace.add(loop.isInPlace());
            if (set.stream() == SLOW) {
                slowBegins.countDown();
                goOn.await();
                inPlace.add(loop.isInPlace());
            }
            heard.add("set " + set.destination());
        }

        private void payload(MemWrite message, int bytes, ByteBuffer begun)
                throws IOException, InterruptedException {
            if (message.stream() == SLOW) {
                slowBegins.countDown();
                goOn.await();
            }
            if (message.destination() % 3 == 0) {
                loop.skipPayload(begun, bytes);
                heard.add("skipped " + message.destination());
                return;
            }
            byte[] payload = new byte[bytes];
            loop.readPayload(begun, ByteBuffer.wrap(payload));
            heard.add("write " + message.destination() + " " + Arrays.hashCode(payload));
        }

        @Override
        public void arrived(int cost) {
            arrivedCost.addAndGet(cost);
        }

        @Override
        public void executed(int cost) {
            executedCost.addAndGet(cost);
            executed.incrementAndGet();
        }

        @Override
        public void burstEnds() {
            burstEnds.incrementAndGet();
        }
    }

    @BeforeEach
    void open() throws IOException {
        pipe = Pipe.open();
        loop = new FrameLoop(pipe.source());
    }

    @AfterEach
    void close() throws IOException {
        ear.goOn.countDown();
        pipe.sink().close();
        pipe.source().close();
    }

    private void start() {
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try {
                        loop.run(ear.handler(), ear, () -> {});
                        end.complete(null);
                    } catch (IOException | RuntimeException e) {
                        end.completeExceptionally(e);
                    }
                });
    }

    private void say(java.util.function.Consumer<ByteBuffer> frame) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(2 << 20);
        frame.accept(out);
        out.flip();
        while (out.hasRemaining()) {
            pipe.sink().write(out);
        }
    }

    private static void set(ByteBuffer out, long stream, long number) {
        new MemSet(stream, number, 2, (byte) 1, 3, 4, 5).writeFrame(out);
    }

    private static byte[] random(int bytes) {
        byte[] payload = new byte[bytes];
        new Random(bytes).nextBytes(payload);
        return payload;
    }

    private static void write(ByteBuffer out, long stream, long number, byte[] payload) {
        Region region = new Region(payload.length, 1, 1, payload.length, payload.length);
        new MemWrite(stream, number, region, 0).writeFrame(out, payload.length);
        out.put(payload);
    }

    private static String written(long number, byte[] payload) {
        return "write " + number + " " + Arrays.hashCode(payload);
    }

    private static void release(ByteBuffer out) {
        new StreamRelease(1, 0).writeFrame(out);
    }

    private static void heartbeat(ByteBuffer out) {
        new LinkHeartbeat().writeFrame(out);
    }

    @Test
    void whatAnExecutionWaitsForIsReadMeanwhile() throws Exception {
        start();
        say(out -> set(out, SLOW, 10));
        ear.slowBegins.await();
        for (int i = 1; i <= 3; i++) {
            say(FrameLoopTest::heartbeat);
            int told = i;
            await().until(() -> ear.heartbeats.get() == told);
        }
        say(out -> {
            set(out, 2, 11);
            release(out);
            set(out, 2, 12);
        });
        await().until(() -> ear.executed.get() == 3);
        pipe.sink().close();
        end.get();
        assertThat(ear.heard).containsExactly("set 10", "set 11", "set 12");
    }

    @Test
    void anExecutionThatTakesLongLosesWhatItMayLeave() throws Exception {
        start();
        say(out -> set(out, 2, 9));
        await().until(() -> ear.executed.get() == 1 && ear.burstEnds.get() > 1);
        int before = ear.burstEnds.get();
        say(out -> set(out, SLOW, 10));
        ear.slowBegins.await();
        await().until(() -> ear.burstEnds.get() > before); // the other thread reads
        say(FrameLoopTest::release);
        await().until(() -> ear.executed.get() == 2);
        assertThat(ear.inPlace).containsExactly(true, true, false);
    }

    @Test
    void whoLooksOnIsWokenFromItsSleep() throws Exception {
        start();
        say(out -> set(out, 2, 9));
        await().until(FrameLoopTest::someReaderSleeps);
        whatAnExecutionThatBeginsNowWaitsForIsRead();
    }

    private void whatAnExecutionThatBeginsNowWaitsForIsRead() throws Exception {
        say(out -> set(out, SLOW, 10));
        ear.slowBegins.await();
        say(FrameLoopTest::release);
        await().until(() -> ear.executed.get() == 2);
    }

    private static boolean someReaderSleeps() {
        return Thread.getAllStackTraces().entrySet().stream()
                .anyMatch(e ->
                        e.getKey().getName().startsWith("reader-")
                                && Arrays.stream(e.getValue())
                                        .anyMatch(frame ->
                                                frame.getMethodName().equals("sleepWhile")));
    }

    @Test
    void aPayloadThatComesAfterTheReadingTurnIsLostReachesItsPlace() throws Exception {
        start();
        byte[] payload = random(LARGE);
        ByteBuffer frame = ByteBuffer.allocate(LARGE + 1000);
        write(frame, SLOW, 10, payload);
        set(frame, 2, 11);
        frame.flip();
        int head = 400;
        await().until(() -> ear.burstEnds.get() > 0); // waits for the first frame
        int before = ear.burstEnds.get();
        pipe.sink().write(frame.slice(0, head));
        ear.slowBegins.await();
        await().until(() -> ear.burstEnds.get() > before); // the other thread reads
        ear.goOn.countDown();
        ByteBuffer rest = frame.slice(head, frame.limit() - head);
        while (rest.hasRemaining()) {
            pipe.sink().write(rest);
        }
        await().until(() -> ear.executed.get() == 2);
        assertThat(ear.heard).containsExactly(written(10, payload), "set 11");
    }

    @Test
    void aPayloadThatNobodyWantsDoesNotReachTheNextOne() throws Exception {
        start();
        byte[] unwanted = random(LARGE);
        byte[] wanted = random(LARGE + 1);
        Thread sender =
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                say(out -> write(out, SLOW, 9, unwanted));
                                say(FrameLoopTest::release);
                                say(out -> write(out, 2, 10, wanted));
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        await().until(() -> ear.executed.get() == 2);
        sender.join();
        assertThat(ear.heard).containsExactly("skipped 9", written(10, wanted));
    }

    @Test
    void aWholeFrameDoesNotWaitForTheRestOfTheNext() throws Exception {
        start();
        await().until(() -> ear.burstEnds.get() > 0); // waits for the first frame
        int before = ear.burstEnds.get();
        say(out -> set(out, SLOW, 10));
        ear.slowBegins.await();
        await().until(() -> ear.burstEnds.get() > before); // the other thread reads
        ByteBuffer frames = ByteBuffer.allocate(1000);
        set(frames, 2, 11);
        int whole = frames.position();
        set(frames, 2, 12);
        frames.flip();
        pipe.sink().write(frames.slice(0, whole + 20));
        ear.goOn.countDown();
        await().until(() -> ear.executed.get() == 2);
        pipe.sink().write(frames.slice(whole + 20, frames.limit() - whole - 20));
        await().until(() -> ear.executed.get() == 3);
    }

    @Test
    void theOrderIsKeptWhateverTakesLong() throws Exception {
        start();
        ear.pauses = new Random(3);
        Random random = new Random(4);
        List<String> expected = new ArrayList<>();
        ByteBuffer all = ByteBuffer.allocate(64 << 20);
        int heartbeats = 0;
        int count = 20_000;
        for (int number = 1; number <= count; number++) {
            int kind = random.nextInt(1000);
            if (kind < 20) {
                byte[] payload = random(random.nextInt(kind < 3 ? LARGE : 20_000));
                write(all, 2, number, payload);
                expected.add(number % 3 == 0 ? "skipped " + number : written(number, payload));
            } else if (kind < 22) {
                new Ping(ByteBuffer.wrap(random(300_000))).writeFrame(all, number);
                expected.add("Ping");
            } else {
                set(all, 2, number);
                expected.add("set " + number);
            }
            if (kind > 900) {
                heartbeat(all);
                heartbeats++;
            }
        }
        all.flip();
        while (all.hasRemaining()) {
            int piece = 1 + random.nextInt(random.nextBoolean() ? 200 : 400_000);
            ByteBuffer part = all.slice(all.position(), Math.min(piece, all.remaining()));
            all.position(all.position() + part.remaining());
            while (part.hasRemaining()) {
                pipe.sink().write(part);
            }
            if (random.nextInt(50) == 0) {
                LockSupport.parkNanos(1_500_000);
            }
        }
        await().atMost(Duration.ofSeconds(50)).until(() -> ear.executed.get() == count);
        pipe.sink().close();
        end.get();
        assertThat(ear.heard).isEqualTo(expected);
        assertThat(ear.heartbeats).hasValue(heartbeats);
        assertThat(ear.executedCost.get()).isEqualTo(ear.arrivedCost.get());
        assertThat(ear.inPlace).contains(true, false);
    }

    @Test
    void whatIsSaidAboutTheLinkCostsNothing() throws Exception {
        start();
        say(FrameLoopTest::heartbeat);
        say(FrameLoopTest::release);
        say(out -> set(out, 2, 1));
        await().until(() -> ear.executed.get() == 1);
        pipe.sink().close();
        end.get();
        assertThat(ear.arrivedCost.get())
                .isEqualTo(ear.executedCost.get())
                .isLessThan(2L * WireConstants.MINIMUM_FRAME_COST);
    }

    @Test
    void theEndIsSeenThoughAnExecutionNeverEnds() throws Exception {
        start();
        say(out -> set(out, SLOW, 10));
        ear.slowBegins.await();
        pipe.sink().close();
        end.get(10, TimeUnit.SECONDS);
    }

    @Test
    void anEndWithinAFrameIsSeenThoughAnExecutionNeverEnds() throws Exception {
        start();
        say(out -> {
            set(out, SLOW, 10);
            set(out, 2, 11);
            out.position(out.position() - 1);
        });
        ear.slowBegins.await();
        pipe.sink().close();
        assertThatThrownBy(() -> end.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(EOFException.class);
    }

    @Test
    void nonsenseIsSeenThoughAnExecutionNeverEnds() throws Exception {
        start();
        say(out -> {
            set(out, SLOW, 10);
            out.putInt(1).putInt(0x7777_7777).putLong(0);
        });
        assertThatThrownBy(() -> end.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(ProtocolException.class);
    }

    @Test
    void aFailureEndsItThoughTheOtherThreadWaitsForTheClient() throws Exception {
        start();
        await().until(() -> ear.burstEnds.get() > 0); // waits for the first frame
        int before = ear.burstEnds.get();
        say(out -> set(out, SLOW, 10));
        ear.slowBegins.await();
        await().until(() -> ear.burstEnds.get() > before); // the other thread reads
        ear.inside.set(7); // the next execution believes that it is not alone
        say(out -> {
            set(out, 2, 11);
            release(out);
        });
        assertThatThrownBy(() -> end.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .rootCause()
                .hasMessage("two executions at once");
    }

    @Test
    void noMoreThanTheWindowWaitsForAnExecution() throws Exception {
        start();
        say(out -> set(out, SLOW, 10));
        ear.slowBegins.await();
        AtomicInteger sent = new AtomicInteger();
        int count = 200;
        Thread sender =
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                for (int i = 0; i < count; i++) {
                                    say(out -> write(out, 2, 10, random(1 << 20)));
                                    sent.incrementAndGet();
                                }
                                say(FrameLoopTest::release);
                            } catch (IOException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        int window = WireConstants.WINDOW >> 20;
        await().until(() -> sent.get() >= window - 1);
        int[] before = {-1};
        await().pollInterval(Duration.ofMillis(300))
                .until(() -> {
                    int now = sent.get();
                    boolean stands = now == before[0];
                    before[0] = now;
                    return stands;
                });
        assertThat(sent).hasValueLessThan(window + 4);
        ear.goOn.countDown();
        await().atMost(Duration.ofSeconds(30)).until(() -> ear.executed.get() == count + 1);
        sender.join();
    }
}
