package org.bitfusion.gpu.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Region;
import org.junit.jupiter.api.Test;

/// Allocation, copies and fills.
public abstract class MemoryContract extends GpuContract {
    private static final long MIB = 1L << 20;

    @Test
    void allocationsLieInTheWindowAndDoNotOverlap() {
        Map<Long, Long> live = new HashMap<>();
        Random random = new Random(5);
        for (int round = 0; round < 400; round++) {
            if (live.size() > 40) {
                long victim = live.keySet().iterator().next();
                live.remove(victim);
                assertThat(context.memory().free(victim)).isEqualTo(CudaStatus.SUCCESS);
            }
            long bytes = 1 + (long) Math.pow(2, random.nextDouble() * 23);
            long address = allocate(bytes);
            assertThat(address % 256).isZero();
            assertThat(address).isGreaterThanOrEqualTo(WINDOW_BASE + 2 * MIB);
            assertThat(address + bytes).isLessThanOrEqualTo(WINDOW_BASE + WINDOW_SIZE);
            live.forEach((other, size) ->
                    assertThat(address + bytes <= other || other + size <= address).isTrue());
            live.put(address, bytes);
        }
    }

    @Test
    void alignmentIsKept() {
        for (long alignment = 512; alignment <= 8 * MIB; alignment *= 4) {
            assertThat(context.memory().allocate(100, alignment).value() % alignment).isZero();
        }
    }

    @Test
    void zeroBytesAndUnknownAddressesAreInvalid() {
        assertThat(context.memory().allocate(0, 1).status()).isEqualTo(CudaStatus.INVALID_VALUE);
        long address = allocate(1000);
        assertThat(context.memory().free(address + 8)).isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(context.memory().free(address)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(context.memory().free(address)).isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(context.memory().free(0)).isEqualTo(CudaStatus.SUCCESS);
    }

    @Test
    void memoryRunsOutAndComesBack() {
        long total = context.memory().information().total();
        List<Long> taken = new ArrayList<>();
        CudaStatus status = CudaStatus.SUCCESS;
        while (status.isSuccess()) {
            var outcome = context.memory().allocate(64 * MIB, 1);
            status = outcome.status();
            if (status.isSuccess()) {
                taken.add(outcome.value());
            }
            assertThat(64 * MIB * taken.size()).isLessThanOrEqualTo(total);
        }
        assertThat(status).isEqualTo(CudaStatus.OUT_OF_MEMORY);
        taken.forEach(address -> context.memory().free(address));
        assertThat(allocate(128 * MIB)).isNotZero();
    }

    @Test
    void informationFollowsAllocations() {
        GpuMemory memory = context.memory();
        long free = memory.information().free();
        long address = allocate(32 * MIB);
        assertThat(free - memory.information().free()).isBetween(32 * MIB, 36 * MIB);
        memory.free(address);
        assertThat(memory.information().free()).isEqualTo(free);
    }

    @Test
    void rangeFindsTheAllocationAroundAnAddress() {
        long address = allocate(5000);
        assertThat(context.memory().range(address + 4999).value())
                .isEqualTo(new GpuMemory.Range(address, 5000));
        assertThat(context.memory().range(address + 5000).status())
                .isEqualTo(CudaStatus.INVALID_VALUE);
    }

    @Test
    void bytesComeBackAsTheyWereWritten() {
        GpuStream stream = stream();
        byte[] bytes = new byte[5_000_001];
        new Random(1).nextBytes(bytes);
        long address = allocate(bytes.length);
        for (int at = 0; at < bytes.length; at += 1 << 20) {
            int count = Math.min(1 << 20, bytes.length - at);
            var pending = stream.write(address, Region.linear(bytes.length), at, count).value();
            pending.buffer().put(bytes, at, count);
            pending.commit(_ -> {});
        }
        assertThat(read(stream, address, bytes.length)).isEqualTo(bytes);
    }

    @Test
    void aCancelledWriteLeavesTheStreamUsable() {
        GpuStream stream = stream();
        long address = allocate(16);
        stream.write(address, Region.linear(16), 0, 16).value().cancel();
        writeInts(stream, address, 1, 2, 3, 4);
        assertThat(readInts(stream, address, 4)).containsExactly(1, 2, 3, 4);
    }

    @Test
    void regionsSkipTheGaps() {
        GpuStream stream = stream();
        long pitch = 64;
        long address = allocate(pitch * 12);
        stream.fill(address, 0xee, 1, 0, pitch * 12, 1);
        Region box = new Region(10, 3, 2, pitch, pitch * 6);
        byte[] bytes = new byte[60];
        new Random(2).nextBytes(bytes);
        write(stream, address + 5, box, bytes);
        assertThat(read(stream, address + 5, box)).isEqualTo(bytes);
        byte[] all = read(stream, address, (int) pitch * 12);
        byte[] expected = new byte[(int) pitch * 12];
        Arrays.fill(expected, (byte) 0xee);
        for (int row = 0; row < 6; row++) {
            int place = (int) (5 + row % 3 * pitch + row / 3 * pitch * 6);
            System.arraycopy(bytes, row * 10, expected, place, 10);
        }
        assertThat(all).isEqualTo(expected);
    }

    @Test
    void copiesOfBoxesAndRuns() {
        GpuStream stream = stream();
        long from = allocate(4096);
        long to = allocate(4096);
        byte[] bytes = new byte[4096];
        new Random(3).nextBytes(bytes);
        write(stream, from, bytes);
        stream.copy(to, from, 4096);
        assertThat(read(stream, to, 4096)).isEqualTo(bytes);
        stream.fill(to, 0, 4, 0, 1024, 1);
        Region source = new Region(7, 5, 2, 33, 400);
        Region target = new Region(7, 5, 2, 16, 160);
        assertThat(stream.copyRegion(to, target, from, source)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(read(stream, to, target)).isEqualTo(read(stream, from, source));
    }

    @Test
    void fillsOfEveryWidth() {
        GpuStream stream = stream();
        long address = allocate(1 << 20);
        stream.fill(address, 0x11223344, 4, 0, 1001, 1);
        stream.fill(address, 0x5566, 2, 0, 7, 1);
        stream.fill(address, 0x77, 1, 0, 3, 1);
        assertThat(readInts(stream, address, 5))
                .containsExactly(0x55777777, 0x55665566, 0x55665566, 0x11225566, 0x11223344);
        assertThat(readInts(stream, address + 4000, 1)).containsExactly(0x11223344);
        stream.fill(address, 0x01020304, 4, 128, 3, 4);
        assertThat(readInts(stream, address + 3 * 128 + 8, 1)).containsExactly(0x01020304);
        stream.fill(address, 9, 1, 0, 1 << 20, 1);
        assertThat(readInts(stream, address + (1 << 20) - 4, 1)).containsExactly(0x09090909);
    }

    @Test
    void wrongRangesAreInvalidAtOnceAndDoNoHarm() {
        GpuStream stream = stream();
        long address = allocate(100);
        long outside = WINDOW_BASE + WINDOW_SIZE - 4096;
        assertThat(stream.fill(outside, 0, 1, 0, 16, 1)).isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(stream.fill(12, 0, 1, 0, 16, 1)).isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(stream.fill(address + 1, 0, 4, 0, 1, 1)).isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(stream.copy(outside, address, 16)).isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(stream.copy(address, outside, 16)).isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(stream.write(outside, Region.linear(16), 0, 16).status())
                .isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(stream.read(outside, Region.linear(16), new Collector(16)))
                .isEqualTo(CudaStatus.INVALID_VALUE);
        assertThat(context.takeError()).isEqualTo(CudaStatus.SUCCESS);
        writeInts(stream, address, 42);
        assertThat(readInts(stream, address, 1)).containsExactly(42);
    }

    @Test
    void copiesBetweenDevices() {
        if (driver.devices().size() < 2) {
            return;
        }
        GpuStream stream = stream();
        var other = driver.createContext(driver.devices().get(1), 0).value();
        long near = allocate(64);
        long far = other.memory().allocate(64, 1).value();
        writeInts(stream, near, 1, 2, 3);
        stream.copy(far, near, 12);
        assertThat(synchronize(stream)).isEqualTo(CudaStatus.SUCCESS);
        assertThat(readInts(other.defaultStream(), far, 3)).containsExactly(1, 2, 3);
    }

    /// One thread, several contexts, one made after the other was used.
    @Test
    void contextsDoNotMixInOneThread() {
        long first = allocate(64);
        writeInts(context.defaultStream(), first, 1);
        var device = driver.devices().getLast();
        var other = driver.createContext(device, 0).value();
        writeInts(context.defaultStream(), first + 4, 2);
        long second = allocate(64);
        writeInts(context.defaultStream(), second, 3);
        long far = other.memory().allocate(64, 1).value();
        writeInts(other.defaultStream(), far, 4);
        assertThat(readInts(context.defaultStream(), first, 2)).containsExactly(1, 2);
        assertThat(readInts(context.defaultStream(), second, 1)).containsExactly(3);
        assertThat(readInts(other.defaultStream(), far, 1)).containsExactly(4);
        other.close();
        var third = driver.createContext(device, 0).value();
        writeInts(context.defaultStream(), first, 5);
        long again = third.memory().allocate(64, 1).value();
        writeInts(third.defaultStream(), again, 6);
        assertThat(readInts(context.defaultStream(), first, 1)).containsExactly(5);
        assertThat(readInts(third.defaultStream(), again, 1)).containsExactly(6);
        launch(context.defaultStream(), kernel("store"), 1, 1, first, 8);
        assertThat(readInts(context.defaultStream(), first, 1)).containsExactly(8);
    }

    /// Pieces that begin and end within rows, rows wider than a piece, slices with gaps.
    @Test
    void regionsOfEveryShapeComeBackAsTheyWereWritten() {
        GpuStream stream = stream();
        long address = allocate(32 * MIB);
        Random random = new Random(9);
        for (Region box :
                new Region[] {
                    new Region(3000, 1000, 1, 4096, 4096 * 1000),
                    new Region(700, 50, 60, 1000, 60_001),
                    new Region(1, 1, 5000, 3, 7),
                    new Region(3 * MIB, 2, 2, 4 * MIB, 9 * MIB),
                }) {
            byte[] bytes = new byte[(int) box.packedBytes()];
            random.nextBytes(bytes);
            for (int at = 0; at < bytes.length; at += 1_000_003) {
                int count = Math.min(1_000_003, bytes.length - at);
                var pending = stream.write(address + 3, box, at, count).value();
                pending.buffer().put(bytes, at, count);
                assertThat(pending.commit(_ -> {})).isEqualTo(CudaStatus.SUCCESS);
            }
            assertThat(read(stream, address + 3, box)).isEqualTo(bytes);
        }
    }
}
