package org.bitfusion.dispatcher;

import java.util.Set;
import java.util.UUID;
import org.bitfusion.protocol.Handshake;

/// The life of a connection to the dispatcher.
///
/// ```
///                                          +--> Leasing(leases) --+  requests, renewals, releases
///  AwaitingHello --hello--> Greeted --proof--|                      |--> Closed
///     |                        |             +--> Joining(lease) ---+  opens one session
///     | not this protocol, no common version, unknown lease,           |
///     | wrong proof, not each within 5 s                              v
///     +------------------------+-----------------------------------> Closed
/// ```
sealed interface ClientConnectionState {
    /// Nobody knows yet who this is: nothing but the bytes of a hello is read.
    record AwaitingHello() implements ClientConnectionState {}

    /// This side has answered and proved itself; the client has not yet.
    record Greeted(Handshake handshake, ClientPeer peer) implements ClientConnectionState {}

    /// A command line of the appliance's own user, or the owner of one lease.
    ///
    /// @param peer who holds what is granted
    /// @param mayRequest whether it proved the access secret; else it owns what it proved
    /// @param leases that it owns: granted on this connection or proved in the hello
    /// @param request for the one session that may come with the lease
    record Leasing(
            Handshake handshake,
            ClientPeer peer,
            boolean mayRequest,
            Set<UUID> leases,
            SessionRequest request)
            implements ClientConnectionState {}

    /// A program that proved the right to use a lease, or all devices.
    ///
    /// @param request for its one session
    record Joining(Handshake handshake, UUID lease, SessionRequest request)
            implements ClientConnectionState {}

    record Closed() implements ClientConnectionState {}
}
