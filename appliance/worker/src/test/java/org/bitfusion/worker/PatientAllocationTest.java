package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.gpu.Completion;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass
@ValueSource(booleans = {false, true})
class PatientAllocationTest {
    private static final Outcome<Long> FULL = Outcome.failed(CudaStatus.OUT_OF_MEMORY);
    private static final Outcome<Long> HAD = Outcome.of(4096L);

    private final boolean isOfPool;
    private final List<Outcome<Long>> told = new ArrayList<>();

    private final List<Completion> waiting = new ArrayList<>();

    PatientAllocationTest(boolean isOfPool) {
        this.isOfPool = isOfPool;
    }

    /// Allocates of a memory that gives these answers, one after the other.
    ///
    /// @param isHeld whether what was freed is held when it is asked
    private void allocate(boolean isHeld, List<Outcome<Long>> answers) {
        List<Outcome<Long>> left = new ArrayList<>(answers);
        GpuMemory memory =
                (GpuMemory)
                        Proxy.newProxyInstance(
                                GpuMemory.class.getClassLoader(),
                                new Class<?>[] {GpuMemory.class},
                                (_, method, arguments) ->
                                        switch (method.getName()) {
                                            case "allocate", "allocateAsync" -> left.removeFirst();
                                            case "whenFreed" ->
                                                    isHeld
                                                            && waiting.add(
                                                                    (Completion) arguments[0]);
                                            default ->
                                                    throw new UnsupportedOperationException(
                                                            method.getName());
                                        });
        if (isOfPool) {
            PatientAllocation.of(
                    memory, nothing(GpuStream.class), nothing(GpuPool.class), 4096, told::add);
        } else {
            PatientAllocation.of(memory, 4096, 256, told::add);
        }
    }

    private static <T> T nothing(Class<T> type) {
        return type.cast(
                Proxy.newProxyInstance(
                        type.getClassLoader(),
                        new Class<?>[] {type},
                        (_, method, _) -> {
                            throw new UnsupportedOperationException(method.getName());
                        }));
    }

    @Test
    void whatIsThereIsHad() {
        allocate(true, List.of(HAD));
        assertThat(told).containsExactly(HAD);
        assertThat(waiting).isEmpty();
    }

    @Test
    void whatIsHeldIsWaitedFor() {
        allocate(true, List.of(FULL, HAD));
        assertThat(told).isEmpty();
        waiting.getFirst().completed(CudaStatus.SUCCESS);
        assertThat(told).containsExactly(HAD);
    }

    /// The last holder let go after the refusal, and before it was asked whether there is one.
    @Test
    void whatWasHeldUntilNowIsHad() {
        allocate(false, List.of(FULL, HAD));
        assertThat(told).containsExactly(HAD);
    }

    @Test
    void whatIsNotThereIsRefusedOnce() {
        allocate(false, List.of(FULL, FULL));
        assertThat(told).containsExactly(FULL);
        allocate(true, List.of(FULL, FULL));
        waiting.getFirst().completed(CudaStatus.SUCCESS);
        assertThat(told).containsExactly(FULL, FULL);
        assertThat(waiting).hasSize(1);
    }

    @Test
    void anotherErrorIsNotTriedAgain() {
        Outcome<Long> wrong = Outcome.failed(CudaStatus.INVALID_VALUE);
        allocate(true, List.of(wrong));
        assertThat(told).containsExactly(wrong);
    }
}
