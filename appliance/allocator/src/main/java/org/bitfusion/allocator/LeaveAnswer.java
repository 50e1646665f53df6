package org.bitfusion.allocator;

/// What became of a word that a request, or its lease, is over.
public sealed interface LeaveAnswer {
    /// It waits no more, and its lease is over. Where an appliance does not answer, its GPUs are
    /// free when it does.
    record Over() implements LeaveAnswer {}

    /// There is none, or it is another client's.
    record NoneThere() implements LeaveAnswer {}

    /// It goes on, or its end was not told: say it again, which does no harm.
    record NoMajority(String why) implements LeaveAnswer {}
}
