package org.bitfusion.scheduler;

import java.time.Duration;
import java.time.Instant;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.pool.Lease;

/// Whether a lease goes on.
public sealed interface Upkeep {
    /// After so long without its client a lease of `request_gpus` is over.
    Duration ABSENCE_LIMIT = Duration.ofMinutes(10);

    record Keep() implements Upkeep {}

    /// @param sentence for the client's stderr and for the events
    record TakeBack(Reason reason, String sentence) implements Upkeep {}

    enum Reason {
        /// Nothing was done with the GPUs for as long as the client's idle timeout.
        IDLE,
        /// Nobody renewed it.
        CLIENT_VANISHED
    }

    /// What is known of a lease's use.
    ///
    /// @param lastActivity when a program of the lease last made a call, or last had work of it
    ///   queued or running
    /// @param lastRenewal when its client was last heard of
    record Use(Instant lastActivity, Instant lastRenewal) {}

    /// @param renewal after so long without renewal a lease of `run` is over
    static Upkeep review(Lease lease, Use use, ClientTerms terms, Duration renewal, Instant now) {
        Duration absent = Duration.between(use.lastRenewal, now);
        Duration absenceLimit =
                switch (lease.origin()) {
                    case RUN -> renewal;
                    case REQUEST_GPUS -> ABSENCE_LIMIT;
                };
        if (absent.compareTo(absenceLimit) >= 0) {
            return new TakeBack(
                    Reason.CLIENT_VANISHED,
                    "GPUs taken back: nothing was heard of client %s for %s"
                            .formatted(lease.client(), words(absenceLimit)));
        }
        Duration idle = Duration.between(use.lastActivity, now);
        if (terms.idleTimeout().isPositive() && idle.compareTo(terms.idleTimeout()) >= 0) {
            return new TakeBack(
                    Reason.IDLE,
                    ("the GPUs were taken back: nothing was done with them for %s, the idle timeout of this client."
                                    + " Run the program again, or ask the pool's administrator for a longer one"
                                    + " (bitfusion clients set %s --idle-timeout TIME)")
                            .formatted(words(terms.idleTimeout()), lease.client()));
        }
        return new Keep();
    }

    private static String words(Duration duration) {
        return duration.toSecondsPart() == 0 && duration.toMinutes() > 0
                ? duration.toMinutes() + " min"
                : duration.toSeconds() + " s";
    }
}
