package org.bitfusion.allocator;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.bitfusion.cluster.pool.Contact;
import org.bitfusion.protocol.Secret;
import org.bitfusion.scheduler.request.Refusal;

/// What becomes of an [Ask].
public sealed interface Answer {
    /// All appliances took their parts: the client can go to them.
    ///
    /// @param id of the lease, which is the request's
    /// @param renewal within which the client has to renew each part at its dispatcher
    /// @param idleTimeout after which unused GPUs are taken back, 0 for never
    record Granted(
            UUID id, Secret secret, Duration renewal, Duration idleTimeout, List<GivenPart> parts)
            implements Answer {
        public Granted {
            parts = List.copyOf(parts);
        }
    }

    /// What one appliance gives.
    ///
    /// @param name its host name
    /// @param addresses `host` or `host:port`, of each of its networks
    /// @param gpus in the client's order
    record GivenPart(
            UUID appliance,
            String name,
            List<String> addresses,
            Contact contact,
            List<GivenGpu> gpus) {
        public GivenPart {
            addresses = List.copyOf(addresses);
            gpus = List.copyOf(gpus);
        }
    }

    /// @param index its number on the appliance
    record GivenGpu(int index, UUID uuid, String name, int memoryMiB) {}

    /// It waits. Who does not ask again in time ([Allocator.Settings#vanishedAfter]) loses the
    /// place.
    ///
    /// @param place in the line, 1 for the first; 0 while nobody knows
    /// @param waitsFor for people
    /// @param ticket to be shown when asking again: whichever manager is asked then, the place is
    ///   kept
    record Queued(UUID id, int place, String waitsFor, String ticket) implements Answer {}

    /// Never, as the pool and its settings are.
    ///
    /// @param sentence says why, and what to do
    record Refused(Refusal reason, String sentence) implements Answer {}

    /// It has waited as long as it wanted.
    record TimedOut(String sentence) implements Answer {}

    /// The pool has no majority, or this appliance is cut off from it: nothing is granted.
    record NoMajority(String sentence) implements Answer {}

    /// Somebody took the request back, while it was asked for or before.
    record Left() implements Answer {}

    /// Its client has as many requests in the line as it may; this one has no place there.
    record TooMany(String sentence) implements Answer {}

    /// Only between managers: who was asked does not schedule. Nothing came of it.
    record Elsewhere() implements Answer {}
}
