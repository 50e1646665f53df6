package org.bitfusion.allocator;

/// What an appliance says to a [Part].
public sealed interface PartAnswer {
    record Taken() implements PartAnswer {}

    /// It holds nothing of the lease.
    ///
    /// @param reason for people
    record Refused(String reason) implements PartAnswer {}
}
