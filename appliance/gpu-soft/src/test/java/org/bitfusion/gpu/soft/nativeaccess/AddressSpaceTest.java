package org.bitfusion.gpu.soft.nativeaccess;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Dead pages: an access in interpreted or compiled code is an error of that code, never the end of
/// the process.
class AddressSpaceTest {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final VarHandle HANDLE = INT.varHandle();
    private static final long PAGE = AddressSpace.PAGE;
    private static final int LOOPS = 500;

    // A constant, as in generated code: compilers drop their checks of it.
    private static final AddressSpace SPACE = AddressSpace.reserve(1L << 36);
    private static final MemorySegment MEMORY = SPACE.segment();
    private static final long LIVE = 4 * PAGE;
    private static final long DEAD = 1L << 35;

    static {
        SPACE.makeLive(LIVE, 2 * PAGE);
    }

    /// Keeps what was loaded from being optimised away.
    static int sink;

    @AfterAll
    static void unmap() {
        SPACE.close();
    }

    private static void load(long at) {
        int sum = 0;
        for (int i = 0; i < LOOPS; i++) {
            sum += MEMORY.get(INT, at + 4L * i);
        }
        sink = sum;
    }

    private static void store(long at) {
        for (int i = 0; i < LOOPS; i++) {
            MEMORY.set(INT, at + 4L * i, i);
        }
    }

    private static void storeOnce(long at) {
        MEMORY.set(INT, at, 1);
    }

    private static void volatileLoad(long at) {
        int sum = 0;
        for (int i = 0; i < LOOPS; i++) {
            sum += (int) HANDLE.getVolatile(MEMORY, at + 4L * i);
        }
        sink = sum;
    }

    private static void add(long at) {
        for (int i = 0; i < LOOPS; i++) {
            sink += (int) HANDLE.getAndAdd(MEMORY, at, 1);
        }
    }

    /// A compare-and-set is not guarded in the bytecode interpreter: a load comes first.
    private static void compareAndSet(long at) {
        for (int i = 0; i < LOOPS; i++) {
            int seen = (int) HANDLE.getAcquire(MEMORY, at);
            sink += HANDLE.compareAndSet(MEMORY, at, seen, seen + 1) ? 1 : 0;
        }
    }

    private static void fill(long at) {
        MEMORY.asSlice(at, 3000).fill((byte) 1);
    }

    private static void copyFrom(long at) {
        MemorySegment.copy(MEMORY, at, MEMORY, LIVE + PAGE, 3000);
    }

    private static void copyTo(long at) {
        MemorySegment.copy(MEMORY, LIVE + PAGE, MEMORY, at, 3000);
    }

    private static Map<String, LongConsumer> accesses() {
        Map<String, LongConsumer> accesses = new LinkedHashMap<>();
        accesses.put("load", AddressSpaceTest::load);
        accesses.put("store", AddressSpaceTest::store);
        accesses.put("storeOnce", AddressSpaceTest::storeOnce);
        accesses.put("volatileLoad", AddressSpaceTest::volatileLoad);
        accesses.put("add", AddressSpaceTest::add);
        accesses.put("compareAndSet", AddressSpaceTest::compareAndSet);
        accesses.put("fill", AddressSpaceTest::fill);
        accesses.put("copyFrom", AddressSpaceTest::copyFrom);
        accesses.put("copyTo", AddressSpaceTest::copyTo);
        return accesses;
    }

    @Test
    void deadPagesAreErrorsBeforeAndAfterCompilation() {
        accesses()
                .forEach((name, access) -> {
                    for (int round = 0; round < 40; round++) {
                        assertThatThrownBy(() -> access.accept(DEAD))
                                .as("%s, round %d", name, round)
                                .isInstanceOf(InternalError.class);
                        for (int warm = 0; warm < 500; warm++) {
                            access.accept(LIVE);
                        }
                    }
                });
    }

    @Test
    void anAccessThatRunsOutOfLivePagesIsAnError() {
        long edge = LIVE + 2 * PAGE - 1000;
        assertThatThrownBy(() -> store(edge)).isInstanceOf(InternalError.class);
        assertThat(MEMORY.get(INT, edge)).isZero();
        assertThat(MEMORY.get(INT, edge + 996)).isEqualTo(249);
        assertThatThrownBy(() -> fill(edge)).isInstanceOf(InternalError.class);
    }

    @Test
    void pagesAreZeroEachTimeTheyBecomeLive() {
        long page = 100 * PAGE;
        SPACE.makeLive(page, PAGE);
        assertThat(MEMORY.get(INT, page)).isZero();
        MEMORY.set(INT, page, 5);
        SPACE.makeDead(page, PAGE);
        assertThatThrownBy(() -> storeOnce(page)).isInstanceOf(InternalError.class);
        SPACE.makeLive(page, PAGE);
        assertThat(MEMORY.get(INT, page)).isZero();
        SPACE.makeDead(page, PAGE);
    }

    @Test
    void rangesOutsideOrOddAreRefused() {
        assertThatThrownBy(() -> SPACE.makeLive(-PAGE, PAGE))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SPACE.makeLive(100, PAGE))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SPACE.makeDead(1L << 36, PAGE))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
