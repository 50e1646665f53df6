package org.bitfusion.dispatcher;

import java.util.Set;
import java.util.UUID;

/// The life of a connection to the dispatcher.
///
/// ```
///                         +--> Leasing(leases) --+  requests, renewals, releases; holds leases
///  AwaitingHello --hello--|                      |--> Closed
///     |                   +--> Joining(lease) ---+  opens one session
///     | not this protocol, other version,           |
///     | wrong secret, nothing within 10 s           v
///     +----------------------------------------> Closed
/// ```
sealed interface ClientConnectionState {
    /// Nobody knows yet who this is: nothing but the 128 bytes of a hello is read.
    record AwaitingHello() implements ClientConnectionState {}

    /// A command line of the appliance's own user.
    ///
    /// @param leases granted on this connection and not yet released
    record Leasing(Set<UUID> leases) implements ClientConnectionState {}

    /// A program that proved the right to use a lease, or all devices.
    record Joining(UUID lease) implements ClientConnectionState {}

    record Closed() implements ClientConnectionState {}
}
