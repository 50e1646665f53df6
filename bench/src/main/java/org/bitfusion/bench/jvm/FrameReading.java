package org.bitfusion.bench.jvm;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.util.concurrent.TimeUnit;
import org.bitfusion.protocol.message.ClientMessageHandler;
import org.bitfusion.protocol.message.MemSet;
import org.bitfusion.worker.wire.FrameLoop;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// The worker's frame loop, one thread, over 10,000 one-way memsets that wait in memory; per frame.
/// The handler is a [Proxy], whose few nanoseconds are in the figure.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FrameReading {
    private static final int FRAMES = 10_000;
    private static final int BUFFER = 256 * 1024;

    private final ByteBuffer frames = frames();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
    private long handled;

    private final ClientMessageHandler handler =
            (ClientMessageHandler)
                    Proxy.newProxyInstance(
                            ClientMessageHandler.class.getClassLoader(),
                            new Class<?>[] {ClientMessageHandler.class},
                            (_, _, arguments) -> {
                                handled += ((MemSet) arguments[0]).columns();
                                return null;
                            });

    private final FrameLoop.Costs costs =
            new FrameLoop.Costs() {
                @Override
                public void arrived(int cost) {}

                @Override
                public void executed(int cost) {
                    handled += cost;
                }
            };

    private static ByteBuffer frames() {
        ByteBuffer all = ByteBuffer.allocateDirect(FRAMES * 64).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < FRAMES; i++) {
            new MemSet(2L << 48, 0x7F00_0020_0000L + i, i, (byte) 4, 16, 4, 1).writeFrame(all);
        }
        return all.flip();
    }

    /// Gives as much as fits, as a socket with enough in it does.
    private static final class Memory implements ReadableByteChannel {
        private final ByteBuffer left;

        Memory(ByteBuffer bytes) {
            left = bytes.duplicate();
        }

        @Override
        public int read(ByteBuffer destination) {
            if (!left.hasRemaining()) {
                return -1;
            }
            int count = Math.min(left.remaining(), destination.remaining());
            destination.put(destination.position(), left, left.position(), count);
            left.position(left.position() + count);
            destination.position(destination.position() + count);
            return count;
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }

    @Benchmark
    @OperationsPerInvocation(FRAMES)
    @HeldAgainst(
            row = "jvm.frames",
            reference = "readFrames",
            words = "reading the same bytes, none decoded")
    public long handleFrames() throws IOException {
        handled = 0;
        new FrameLoop(new Memory(frames)).runAlone(handler, costs);
        if (handled != FRAMES * (64L + 4)) {
            throw new IllegalStateException("handled: " + handled);
        }
        return handled;
    }

    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public long readFrames() {
        Memory memory = new Memory(frames);
        long bytes = 0;
        for (int count = memory.read(buffer.clear()); count >= 0; ) {
            bytes += count;
            count = memory.read(buffer.clear());
        }
        return bytes;
    }
}
