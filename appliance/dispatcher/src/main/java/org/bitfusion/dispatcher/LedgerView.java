package org.bitfusion.dispatcher;

import java.time.Duration;
import java.util.List;
import java.util.UUID;

/// What an appliance's ledger holds at one moment.
///
/// @param gpus all that are served
/// @param parts of leases of the pool, also of those that end just now
public record LedgerView(List<LedgerGpu> gpus, List<TakenPart> parts) {
    public LedgerView {
        gpus = List.copyOf(gpus);
        parts = List.copyOf(parts);
    }

    /// @param index its number in the driver of this machine
    /// @param servedBytes of its memory
    /// @param poolBytes what leases of the pool have of that
    /// @param otherBytes what others have of it: leases that were not granted by the pool, and
    ///   sessions without a lease
    public record LedgerGpu(
            int index, UUID uuid, String name, long servedBytes, long poolBytes, long otherBytes) {}

    /// @param isEnding it is over, but its memory is not free yet
    /// @param idle since a program of the lease made a call here, or had work queued or running
    public record TakenPart(PoolPart part, boolean isEnding, Duration idle) {}
}
