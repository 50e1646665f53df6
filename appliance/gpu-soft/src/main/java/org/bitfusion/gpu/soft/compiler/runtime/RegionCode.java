package org.bitfusion.gpu.soft.compiler.runtime;

/// Generated code: all regions of one kernel.
public interface RegionCode {
    /// What [#run] answers when the threads did not all stop at the same point.
    int MIXED = -1;

    /// Runs one region for threads of a block, one after the other.
    ///
    /// @param entry the region
    /// @param first the first thread
    /// @param last one past the last thread
    /// @param selected true to run only threads whose resume point is `entry | Frame.RELEASED`
    /// @return the entry at which every thread that ran now waits (0: has exited), or [#MIXED];
    ///   each thread's own is in [Frame#resume], except in kernels whose threads always stay
    ///   together: they never answer MIXED, and run for whole blocks only
    int run(int entry, Frame frame, int first, int last, boolean selected);
}
