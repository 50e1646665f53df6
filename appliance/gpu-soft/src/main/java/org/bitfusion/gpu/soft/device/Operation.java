package org.bitfusion.gpu.soft.device;

/// One piece of work in a stream.
abstract class Operation {
    /// Position in its queue, from 1; set when submitted. Guarded by the queue's lock.
    long sequence;

    /// Points in other queues that are to be reached first. Guarded by the queue's lock.
    int unmet;

    /// Does the work, outside any lock.
    ///
    /// @return true when it is over; false when [StreamQueue#finish] will be called for it
    abstract boolean execute();
}
