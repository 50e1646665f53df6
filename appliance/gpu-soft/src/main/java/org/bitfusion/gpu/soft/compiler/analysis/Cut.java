package org.bitfusion.gpu.soft.compiler.analysis;

import org.bitfusion.ptx.Instruction;
import org.jspecify.annotations.Nullable;

/// A point where a thread's code stops and may go on later, in a region of its own.
///
/// @param entry number of the region that continues here; entry 0 is the kernel's start
/// @param kind why there is a cut
/// @param instruction what the threads meet for, when the cut is an instruction
/// @param target where the continuing region starts
public record Cut(int entry, Kind kind, @Nullable Instruction instruction, Block target) {

    /// Why a cut exists.
    public enum Kind {
        /// `bar` and `barrier`, all forms.
        BARRIER,
        /// shfl, vote, match, redux, bar.warp.sync: lanes named by a member mask.
        WARP,
        /// A volatile shared access or activemask: whatever lanes of the warp are on their way
        /// here.
        MEETING,
        /// Back edge of a loop that may wait for another thread.
        YIELD,
        /// Only there to keep methods within what the JIT compiler accepts.
        FORCED
    }

    @Override
    public String toString() {
        return kind + "#" + entry;
    }
}
