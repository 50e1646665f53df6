package org.bitfusion.gpu.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.DriverOptions;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.gpu.ModuleImage;
import org.bitfusion.gpu.PendingWrite;
import org.bitfusion.gpu.ReadSink;
import org.bitfusion.gpu.Region;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/// A driver and a context for each test, and the few moves that tests share.
public abstract class GpuContract {
    protected static final long WINDOW_BASE = 0x10_0000_0000_00L;
    protected static final long WINDOW_SIZE = 512L << 30;
    private static final int SECONDS = 30;

    protected GpuDriver driver;
    protected GpuDevice device;
    protected GpuContext context;

    /// The GPU under test.
    protected abstract GpuDriverProvider provider();

    protected Map<String, String> environment() {
        return Map.of("BF_SOFT_MEMORY", "1024");
    }

    protected AllocationBudget budget() {
        return AllocationBudget.UNLIMITED;
    }

    @BeforeEach
    protected void open() {
        DriverOptions options =
                new DriverOptions(WINDOW_BASE, WINDOW_SIZE, budget(), environment());
        driver = provider().open(options).value();
        device = driver.devices().getFirst();
        context = driver.createContext(device, 0).value();
    }

    @AfterEach
    protected void close() {
        driver.close();
    }

    protected long allocate(long bytes) {
        return context.memory().allocate(bytes, 1).value();
    }

    protected GpuStream stream() {
        return context.createStream(1, 0).value();
    }

    protected GpuStream blockingStream() {
        return context.createStream(0, 0).value();
    }

    /// Waits for what a completion is told.
    protected static CudaStatus await(Consumer<Completion> registration) {
        CompletableFuture<CudaStatus> told = new CompletableFuture<>();
        registration.accept(told::complete);
        return told.orTimeout(SECONDS, TimeUnit.SECONDS).join();
    }

    protected static CudaStatus synchronize(GpuStream stream) {
        return await(stream::whenReached);
    }

    /// Enqueues a write of a whole region.
    protected static void write(GpuStream stream, long address, Region region, byte[] bytes) {
        PendingWrite pending = stream.write(address, region, 0, bytes.length).value();
        pending.buffer().put(bytes);
        assertThat(pending.commit(_ -> {})).isEqualTo(CudaStatus.SUCCESS);
    }

    protected static void write(GpuStream stream, long address, byte[] bytes) {
        write(stream, address, Region.linear(bytes.length), bytes);
    }

    protected static void writeInts(GpuStream stream, long address, int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asIntBuffer().put(values);
        write(stream, address, buffer.array());
    }

    /// Enqueues a read and waits for its bytes.
    protected static byte[] read(GpuStream stream, long address, Region region) {
        Collector sink = new Collector((int) region.packedBytes());
        assertThat(stream.read(address, region, sink)).isEqualTo(CudaStatus.SUCCESS);
        return sink.bytes();
    }

    protected static byte[] read(GpuStream stream, long address, int bytes) {
        return read(stream, address, Region.linear(bytes));
    }

    protected static int[] readInts(GpuStream stream, long address, int count) {
        int[] values = new int[count];
        ByteBuffer.wrap(read(stream, address, count * 4))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asIntBuffer()
                .get(values);
        return values;
    }

    protected GpuModule kernels() {
        return context.loadModule(image("kernels.ptx")).value();
    }

    protected GpuFunction kernel(String name) {
        return kernels().function(name).value();
    }

    protected static ModuleImage image(String resource) {
        try (InputStream stream = GpuContract.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new IllegalStateException(resource + " is missing");
            }
            return text(new String(stream.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8));
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    protected static ModuleImage text(String ptx) {
        byte[] bytes = ptx.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        return new ModuleImage(ModuleImage.Kind.PTX, ByteBuffer.wrap(bytes), "test");
    }

    /// Packs parameters at their natural alignment: longs take 8 bytes, ints 4.
    protected static byte[] pack(Object... parameters) {
        ByteBuffer buffer = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        for (Object parameter : parameters) {
            if (parameter instanceof Long value) {
                buffer.position((buffer.position() + 7) & -8).putLong(value);
            } else {
                buffer.putInt((Integer) parameter);
            }
        }
        return java.util.Arrays.copyOf(buffer.array(), buffer.position());
    }

    protected static void launch(
            GpuStream stream, GpuFunction function, int blocks, int threads, Object... parameters) {
        LaunchParameters launch = LaunchParameters.linear(blocks, threads, pack(parameters));
        assertThat(stream.launch(function, launch)).isEqualTo(CudaStatus.SUCCESS);
    }

    /// Puts the pieces of a read together.
    protected static final class Collector implements ReadSink {
        private final byte[] bytes;
        private final CompletableFuture<CudaStatus> end = new CompletableFuture<>();
        private long expected;

        Collector(int size) {
            bytes = new byte[size];
        }

        @Override
        public void accept(ByteBuffer piece, long packedOffset) {
            assertThat(packedOffset).isEqualTo(expected);
            int count = piece.remaining();
            piece.get(bytes, (int) packedOffset, count);
            expected += count;
        }

        @Override
        public void completed(CudaStatus status) {
            end.complete(status);
        }

        CudaStatus status() {
            return end.orTimeout(SECONDS, TimeUnit.SECONDS).join();
        }

        byte[] bytes() {
            assertThat(status()).isEqualTo(CudaStatus.SUCCESS);
            assertThat(expected).isEqualTo(bytes.length);
            return bytes;
        }
    }
}
