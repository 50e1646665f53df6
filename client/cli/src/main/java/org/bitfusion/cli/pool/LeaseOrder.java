package org.bitfusion.cli.pool;

import java.time.Duration;
import java.util.UUID;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// A place in a pool's line, from the first word to the grant. The same id is the same request,
/// whichever manager hears it, so it is asked for again and again, and taken back with one word.
public final class LeaseOrder {
    /// How long a manager may hold an answer back.
    private static final int HELD_BACK_SECONDS = 20;

    private static final Duration ANSWER = Duration.ofSeconds(HELD_BACK_SECONDS + 15);
    private static final Duration WITHDRAWAL = Duration.ofSeconds(3);
    private static final int PAUSE_MILLISECONDS = 500;

    /// The managers' clock counts; this one only ends what they forgot.
    private static final Duration GRACE = Duration.ofSeconds(30);

    private final Pool pool;
    private LeaseWish wish;
    private volatile UUID id;
    private String ticket = "";

    /// Nothing can come of what was asked last.
    private boolean isRefused;

    public LeaseOrder(Pool pool, LeaseWish wish) {
        this.pool = pool;
        this.wish = wish;
        this.id = UUID.randomUUID();
    }

    /// Of the request, and of the lease that it becomes.
    public UUID id() {
        return id;
    }

    /// Begins anew, as another request, once what was granted is withdrawn.
    public void again(LeaseWish other) {
        wish = other;
        ticket = "";
        id = UUID.randomUUID();
    }

    /// What is told of the waiting.
    @FunctionalInterface
    public interface Waiting {
        /// @param text place and what is waited for; a new one each time
        void changed(String text);
    }

    private sealed interface Outcome {
        record Granted(GrantedLease lease) implements Outcome {}

        record Queued(String text) implements Outcome {}
    }

    /// Asks until it is granted.
    ///
    /// @throws Fault if it is refused, or the waiting time is over
    public GrantedLease await(Waiting waiting) {
        Deadline end = Deadline.in(wish.patience().plus(GRACE));
        String told = "";
        boolean waited = false;
        while (true) {
            String now;
            try {
                Outcome outcome = ask();
                if (outcome instanceof Outcome.Granted(GrantedLease lease)) {
                    return lease;
                }
                now = outcome instanceof Outcome.Queued(String text) ? text : "";
            } catch (Fault fault) {
                if (!waited || fault.code() != ExitCode.UNAVAILABLE || end.isOver()) {
                    leave(waited || !isRefused);
                    throw fault;
                }
                now = "no server answers at the moment (" + fault.line() + ")";
                pause();
            }
            waited = true;
            if (!now.equals(told)) {
                waiting.changed(now);
                told = now;
            }
            if (end.isOver()) {
                leave(true);
                throw new Fault(
                        ExitCode.WAITED_IN_VAIN,
                        "no "
                                + wish.gpuCount()
                                + " GPUs were free within "
                                + wish.patience().toSeconds()
                                + " s; ask for less, or wait longer with -t");
            }
        }
    }

    /// Whoever is not told in time, or whose answer was lost, may have been granted something,
    /// which nobody would use.
    private void leave(boolean mayBeKnown) {
        if (mayBeKnown) {
            withdraw();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLISECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    private Outcome ask() {
        isRefused = false;
        HttpAnswer answer =
                pool.ask(
                        Pool.Request.post(
                                        "/api/v1/leases?waitSeconds=" + HELD_BACK_SECONDS,
                                        wish.body(id, ticket))
                                .repeatable()
                                .within(ANSWER));
        if (!answer.isSuccess()) {
            isRefused = true;
            throw Problem.of(answer).fault();
        }
        try {
            JsonObject object = JsonObject.read(answer.body());
            if (!object.uuid("id").equals(id)) {
                throw new MalformedJsonException("is about another lease");
            }
            if (answer.status() == 201) {
                return new Outcome.Granted(GrantedLease.read(object));
            }
            ticket = object.anyText("ticket").orElse(ticket);
            return new Outcome.Queued(
                    "place "
                            + object.number("place")
                            + " in the line; waits for "
                            + Problem.oneLine(object.anyText("waitsFor").orElse("its turn")));
        } catch (MalformedJsonException exception) {
            throw pool.nonsense(exception);
        }
    }

    /// Leaves the line, or ends what was granted; from any thread, over a connection of its own, as
    /// well as it can be done in 3 s.
    public void withdraw() {
        try (Pool own = pool.again(Notices.NONE)) {
            var _ = own.ask(Pool.Request.delete("/api/v1/leases/" + id).within(WITHDRAWAL));
        } catch (Fault _) {
            // Who does not ask again loses the place by itself.
        }
    }
}
