package org.bitfusion.gpu.soft.execution;

/// What a block was doing when its executor returned.
public enum BlockState {
    /// Every thread has exited.
    FINISHED,
    /// Some threads spin on something that only other blocks or the host can change: run others,
    /// then this again.
    YIELDED
}
