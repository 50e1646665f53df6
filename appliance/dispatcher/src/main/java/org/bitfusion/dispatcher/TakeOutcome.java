package org.bitfusion.dispatcher;

/// What became of a part that was to be taken.
public sealed interface TakeOutcome {
    /// It is in the ledger, and its client may come.
    record Taken() implements TakeOutcome {}

    /// Nothing was taken.
    ///
    /// @param reason for people
    record Refused(String reason) implements TakeOutcome {}
}
