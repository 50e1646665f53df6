package org.bitfusion.tls.authority;

import java.time.Instant;

/// What became of a look at the intermediates' age.
public sealed interface IntermediateRenewal {
    record NotDue(Instant dueAt) implements IntermediateRenewal {}

    record Renewed(int generation) implements IntermediateRenewal {}

    /// New ones are due, and the root key must be brought back for it.
    ///
    /// @param latest after that nothing can be issued
    record RootKeyOffline(Instant latest) implements IntermediateRenewal {}
}
