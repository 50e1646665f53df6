package org.bitfusion.bench.jvm;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.Launch;
import org.bitfusion.protocol.message.MemSet;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// The generated codec: a launch with 64 bytes of parameters, and a one-way memset.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class Messages {
    private static final int PARAMETER_BYTES = 64;

    private final ByteBuffer out = littleEndian(256);
    private final ByteBuffer launchFrame = littleEndian(256);
    private final ByteBuffer memsetFrame = littleEndian(256);
    private final ByteBuffer parameters = littleEndian(PARAMETER_BYTES);
    private final byte[] copy = new byte[256];

    public Messages() {
        launch().writeFrame(launchFrame);
        launchFrame.flip();
        memset().writeFrame(memsetFrame);
        memsetFrame.flip();
    }

    private static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private Launch launch() {
        return new Launch(
                5L << 48, 2L << 48, 64, 1, 1, 256, 1, 1, 0, 0, 1, 1, 1, parameters.duplicate());
    }

    private static MemSet memset() {
        return new MemSet(2L << 48, 0x7F00_0020_0000L, 7, (byte) 4, 16, 4, 1);
    }

    @Benchmark
    @HeldAgainst(
            row = "jvm.encode.launch",
            reference = "copyLaunch",
            words = "copying the frame's bytes")
    public ByteBuffer encodeLaunch() {
        launch().writeFrame(out.clear());
        return out;
    }

    @Benchmark
    @HeldAgainst(
            row = "jvm.decode.launch",
            reference = "copyLaunch",
            words = "copying the frame's bytes")
    public Launch decodeLaunch() throws ProtocolException {
        Launch launch = Launch.read(launchFrame.position(FrameHeader.BYTES));
        launchFrame.rewind();
        return launch;
    }

    @Benchmark
    public byte[] copyLaunch() {
        launchFrame.get(copy, 0, launchFrame.remaining()).rewind();
        return copy;
    }

    @Benchmark
    @HeldAgainst(
            row = "jvm.encode.memset",
            reference = "copyMemset",
            words = "copying the frame's bytes")
    public ByteBuffer encodeMemset() {
        memset().writeFrame(out.clear());
        return out;
    }

    @Benchmark
    @HeldAgainst(
            row = "jvm.decode.memset",
            reference = "copyMemset",
            words = "copying the frame's bytes")
    public MemSet decodeMemset() throws ProtocolException {
        MemSet memset = MemSet.read(memsetFrame.position(FrameHeader.BYTES));
        memsetFrame.rewind();
        return memset;
    }

    @Benchmark
    public byte[] copyMemset() {
        memsetFrame.get(copy, 0, memsetFrame.remaining()).rewind();
        return copy;
    }
}
