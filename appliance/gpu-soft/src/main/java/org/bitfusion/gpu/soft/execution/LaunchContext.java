package org.bitfusion.gpu.soft.execution;

import java.lang.foreign.MemorySegment;
import org.bitfusion.ptx.Variable;
import org.jspecify.annotations.Nullable;

/// Everything about one launch that its blocks share.
///
/// Addresses: every state space lies in one segment. A generic (and global, and const) address is
/// [#windowBase()] + offset in the segment. A shared address is relative to the block's shared
/// memory, a local address to the thread's local memory; `cvta` adds or subtracts. The kernel's
/// parameters lie in the segment at [#parameterOffset()] and their .param addresses are generic
/// ones.
public interface LaunchContext {
    /// Device memory at [0, window size), private areas after it.
    MemorySegment memory();

    /// The generic address of the segment's first byte.
    long windowBase();

    Dimensions grid();

    Dimensions block();

    int dynamicSharedBytes();

    /// Offset in the segment of the packed kernel parameters.
    long parameterOffset();

    /// The generic address of a module's .global or .const variable.
    long addressOf(Variable variable);

    /// `%envreg` number `index`.
    int environmentRegister(int index);

    DeviceServices services();

    /// Exact bounds (BF_SOFT_MEMCHECK=1); null when only 2 MiB pages are checked.
    @Nullable AccessCheck accessCheck();

    /// Told every instruction form executed; null when nobody asks.
    @Nullable CoverageRecorder coverage();

    /// Asked for exact bounds before each access through global or generic addresses.
    @FunctionalInterface
    interface AccessCheck {
        /// @throws KernelFault ILLEGAL_ADDRESS when `[address, address + byteCount)` is not inside
        ///   live memory
        void check(long address, int byteCount);
    }

    /// Collects instruction forms; called by several cores.
    @FunctionalInterface
    interface CoverageRecorder {
        void executed(String form);
    }
}
