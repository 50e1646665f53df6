package org.bitfusion.gpu.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.ToIntFunction;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.Outcome;

/// Room for what a driver call writes, one small piece per thread.
final class Scratch {
    private static final ThreadLocal<MemorySegment> ROOM =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(64, 16));

    private Scratch() {}

    /// Calls with a place for a pointer-sized result.
    static Outcome<Long> longFrom(ToIntFunction<MemorySegment> call) {
        MemorySegment room = ROOM.get();
        room.set(ValueLayout.JAVA_LONG, 0, 0);
        CudaStatus status = CudaStatus.of(call.applyAsInt(room));
        return status.isSuccess()
                ? Outcome.of(room.get(ValueLayout.JAVA_LONG, 0))
                : Outcome.failed(status);
    }

    static Outcome<Integer> intFrom(ToIntFunction<MemorySegment> call) {
        return longFrom(call).map(value -> (int) (long) value);
    }

    static Outcome<Float> floatFrom(ToIntFunction<MemorySegment> call) {
        return longFrom(call).map(value -> Float.intBitsToFloat((int) (long) value));
    }

    /// Calls with room for two longs, `second` at byte 8.
    static Outcome<long[]> pairFrom(ToIntFunction<MemorySegment> call) {
        MemorySegment room = ROOM.get();
        room.fill((byte) 0);
        CudaStatus status = CudaStatus.of(call.applyAsInt(room));
        return status.isSuccess()
                ? Outcome.of(
                        new long[] {
                            room.get(ValueLayout.JAVA_LONG, 0), room.get(ValueLayout.JAVA_LONG, 8)
                        })
                : Outcome.failed(status);
    }
}
