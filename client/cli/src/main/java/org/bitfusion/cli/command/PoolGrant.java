package org.bitfusion.cli.command;

import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Function;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.pool.GrantedLease;
import org.bitfusion.cli.pool.LeaseOrder;
import org.bitfusion.cli.pool.LeaseWish;
import org.bitfusion.cli.session.Cancellation;

/// GPUs of a pool that this client can reach. An appliance may be lost between the grant and the
/// first word to it, which the pool learns later than the client: then what was granted is given
/// back and the pool asked again, within the waiting time.
///
/// @param words told of each grant
/// @param cancellation withdraws the order
/// @param warning told once, when the pool is asked again
/// @param persistence how long after the first such failure the pool is asked again: where the way
///   to an appliance is closed for this client alone, the pool never learns of it
record PoolGrant(
        PoolRequest words,
        Cancellation cancellation,
        Consumer<String> warning,
        Duration persistence) {
    /// Longer than a pool takes to miss an appliance and to have another manager decide.
    static final Duration PERSISTENCE = Duration.ofSeconds(60);

    private static final long FIRST_PAUSE_MILLISECONDS = 1000;
    private static final long LONGEST_PAUSE_MILLISECONDS = 8000;

    /// Waits for GPUs and joins their lease.
    ///
    /// @param order as it was made for the wish
    /// @param joining a lease's appliances
    /// @throws Fault if there are none, or none that can be reached
    <T> T take(LeaseOrder order, LeaseWish wish, Function<GrantedLease, T> joining) {
        Times times = new Times(System.nanoTime() + wish.patience().toNanos());
        LeaseWish now = wish;
        while (true) {
            boolean joins = false;
            try {
                GrantedLease lease = words.await(order, now);
                joins = true;
                return joining.apply(lease);
            } catch (Fault fault) {
                if (!joins && times.isFirst()) {
                    throw fault;
                }
                order.withdraw();
                Fault last =
                        joins
                                ? new Fault(
                                        fault.code(), "the GPUs were granted, but " + fault.line())
                                : fault;
                boolean first = times.isFirst();
                if (fault.code() != ExitCode.UNAVAILABLE || !times.isTimeLeft(persistence)) {
                    throw last;
                }
                cancellation.awaitEnd();
                if (first) {
                    warning.accept(
                            last.line() + "; they are given back, and the pool is asked again");
                }
            }
            times.pause();
            now = wish.within(times.left());
            LeaseWish again = now;
            var _ =
                    cancellation.make(
                            () -> {
                                order.again(again);
                                return order;
                            },
                            _ -> {});
        }
    }

    private static final class Times {
        private final long end;
        private long giveUp;
        private long pause = FIRST_PAUSE_MILLISECONDS;
        private boolean first = true;

        Times(long end) {
            this.end = end;
            this.giveUp = end;
        }

        boolean isFirst() {
            return first;
        }

        /// Whether to pause and ask again.
        boolean isTimeLeft(Duration persistence) {
            long now = System.nanoTime();
            if (first) {
                first = false;
                giveUp = now + Math.min(end - now, persistence.toNanos());
            }
            return giveUp - now > Duration.ofMillis(pause).toNanos();
        }

        void pause() {
            try {
                Thread.sleep(pause);
            } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
            }
            pause = Math.min(2 * pause, LONGEST_PAUSE_MILLISECONDS);
        }

        Duration left() {
            return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
        }
    }
}
