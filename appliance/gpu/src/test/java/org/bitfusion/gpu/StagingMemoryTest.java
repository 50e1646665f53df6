package org.bitfusion.gpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class StagingMemoryTest {
    private static final int PIECE = StagingMemory.PIECE_BYTES;

    private static final int COUNT = 50_000;

    private final AtomicInteger made = new AtomicInteger();

    private StagingMemory memory(int most) {
        return new StagingMemory(
                () -> {
                    made.incrementAndGet();
                    return Outcome.of(Arena.ofAuto().allocate(PIECE, 64));
                },
                most);
    }

    @Test
    void copiesOfOneByteShareAPiece() {
        StagingMemory memory = memory(1000);
        Set<Long> places = new HashSet<>();
        for (int i = 0; i < COUNT; i++) {
            places.add(memory.take(1).value().bytes().address());
        }
        assertThat(places).hasSize(COUNT);
        assertThat(made).hasValueLessThanOrEqualTo(Math.ceilDiv(COUNT * 64, PIECE));
    }

    @Test
    void atMostHalfOfAPieceIsLost() {
        StagingMemory memory = memory(1000);
        Random random = new Random(5);
        long taken = 0;
        for (int i = 0; i < 2000; i++) {
            int bytes = random.nextBoolean() ? 1 + random.nextInt(100) : random.nextInt(PIECE);
            assertThat(memory.takeAtOnce(bytes).value().bytes().byteSize()).isEqualTo(bytes);
            taken += Math.ceilDiv(bytes, 64) * 64L;
        }
        assertThat((long) memory.piecesInUse() * PIECE).isLessThanOrEqualTo(2 * taken + PIECE);
    }

    @Test
    void slicesDoNotOverlapWhateverComesBackFirst() {
        StagingMemory memory = memory(1000);
        Random random = new Random(6);
        MemorySegment whole = Arena.ofAuto().allocate(PIECE);
        List<StagingMemory.Slice> slices = new ArrayList<>();
        List<Byte> marks = new ArrayList<>();
        for (int i = 0; i < 5000; i++) {
            if (slices.size() > 50 && random.nextBoolean()) {
                int which = random.nextInt(slices.size());
                StagingMemory.Slice slice = slices.remove(which);
                byte mark = marks.remove(which);
                MemorySegment expected = whole.asSlice(0, slice.bytes().byteSize()).fill(mark);
                assertThat(slice.bytes().mismatch(expected)).isEqualTo(-1);
                memory.give(slice);
            } else {
                int bytes = 1 + random.nextInt(random.nextInt(50) == 0 ? PIECE : 5000);
                slices.add(memory.take(bytes).value());
                marks.add((byte) i);
                slices.getLast().bytes().fill((byte) i);
            }
        }
        slices.forEach(memory::give);
        assertThat(memory.piecesInUse()).isZero();
    }

    @Test
    void whoTakesTooMuchWaitsUntilSomethingComesBack() throws Exception {
        StagingMemory memory = memory(2);
        StagingMemory.Slice first = memory.take(PIECE).value();
        StagingMemory.Slice second = memory.take(PIECE).value();
        CompletableFuture<StagingMemory.Slice> third =
                CompletableFuture.supplyAsync(() -> memory.take(10).value());
        StagingMemory.Slice atOnce = memory.takeAtOnce(PIECE).value();
        assertThat(third).isNotDone();
        memory.give(first);
        assertThat(third).isNotDone();
        memory.give(second);
        assertThat(third.get().bytes().byteSize()).isEqualTo(10);
        memory.give(atOnce);
        memory.give(third.get());
        assertThat(made).hasValue(3);
    }

    @Test
    void theNumberOfSlicesIsBounded() throws Exception {
        StagingMemory memory = memory(1000);
        StagingMemory.Slice first = memory.take(1).value();
        for (int i = 1; i < StagingMemory.MOST_SLICES; i++) {
            assertThat(memory.take(1).status().isSuccess()).isTrue();
        }
        CompletableFuture<StagingMemory.Slice> next =
                CompletableFuture.supplyAsync(() -> memory.take(1).value());
        StagingMemory.Slice atOnce = memory.takeAtOnce(1).value();
        assertThat(next).isNotDone();
        memory.give(first);
        assertThat(next).isNotDone();
        memory.give(atOnce);
        assertThat(next.get().bytes().byteSize()).isEqualTo(1);
    }

    @Test
    void whatCannotBeMadeIsToldAndDoesNotCount() {
        StagingMemory memory = new StagingMemory(() -> Outcome.failed(CudaStatus.OUT_OF_MEMORY), 1);
        for (int i = 0; i < 3; i++) {
            assertThat(memory.take(1).status()).isEqualTo(CudaStatus.OUT_OF_MEMORY);
        }
        assertThat(memory.piecesInUse()).isZero();
    }

    @Test
    void whatIsNotInUseCanBeRemoved() {
        StagingMemory memory = memory(10);
        StagingMemory.Slice large = memory.take(PIECE).value();
        StagingMemory.Slice small = memory.take(1).value();
        memory.give(large);
        assertThat(memory.removeIdle()).hasSize(1);
        memory.give(small);
        assertThat(memory.removeIdle()).hasSize(1);
        assertThat(memory.removeIdle()).isEmpty();
    }
}
