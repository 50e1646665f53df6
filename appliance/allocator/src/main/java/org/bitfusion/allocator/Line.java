package org.bitfusion.allocator;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.bitfusion.scheduler.request.Waiting;
import org.jspecify.annotations.Nullable;

/// Who waits at the scheduling manager, in memory. A request is here from its first arrival until
/// its outcome was told, it was taken back, or nobody asked for it any more. Thread-safe.
final class Line {
    /// What is known of a request that waits.
    ///
    /// @param place 0 before the first look at it
    private record Standing(int place, String waitsFor) {}

    /// Guarded by the line's lock.
    ///
    /// `isTried`: it was in a look at the line that could have served it; before that it is not
    /// over, however short it wants to wait.
    private static final class Entry {
        final Ask ask;
        final Waiting waiting;

        /// As it came with its ticket; another number in [#waiting] where two came with the same.
        final long arrival;

        Standing standing = new Standing(0, "is looked at");
        Standing told = new Standing(0, "");
        @Nullable Answer outcome;
        boolean isGranting;
        boolean isTried;
        boolean hasLeft;
        int askers;
        Instant lastAsked;

        Entry(Ask ask, Waiting waiting, long arrival, Instant lastAsked) {
            this.ask = ask;
            this.waiting = waiting;
            this.arrival = arrival;
            this.lastAsked = lastAsked;
        }
    }

    /// What is still known of a request that is over.
    ///
    /// @param client whose word it was; empty for an administrator's
    /// @param isTakenBack whether somebody took it back: words of it that come late are in vain.
    ///   Otherwise it was served or refused, and its ticket holds no place any more.
    private record Gone(Optional<UUID> client, boolean isTakenBack, Instant until) {
        boolean isOf(Ask ask) {
            return client.isEmpty() || client.get().equals(ask.asker().client());
        }
    }

    /// More than that of one client would only keep others from being looked at.
    static final int MOST_OF_A_CLIENT = 512;

    /// Known longer than a ticket, they would be of no use.
    private static final int MOST_GONE = 10_000;

    /// A request that is to be looked at.
    record Candidate(Ask ask, Waiting waiting) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<UUID, Entry> entries = new LinkedHashMap<>();

    /// The oldest first.
    private final SequencedMap<UUID, Gone> gone = new LinkedHashMap<>();

    private final ManagersKey key;
    private final Clocks clocks;
    private long lastArrival;
    private boolean isOpen;

    Line(ManagersKey key, Clocks clocks) {
        this.key = key;
        this.clocks = clocks;
    }

    /// From now on this manager schedules, or does not any more: then whoever waits here is told to
    /// ask elsewhere, and keeps its place by its ticket.
    void open(boolean nowOpen) {
        lock.lock();
        try {
            if (isOpen && !nowOpen) {
                entries.values().stream()
                        .filter(entry -> entry.outcome == null)
                        .forEach(entry -> entry.outcome = new Answer.Elsewhere());
                entries.clear();
            }
            isOpen = nowOpen;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Gets in line, unless it stands there, and waits until there is something to tell: an
    /// outcome, or, if `wait` is over, or it asks for the first time, or its standing is another
    /// than was told last, where it stands.
    ///
    /// @param priority that its client has now
    /// @param arrived called once it stands in the line, if it is new
    Answer ask(Ask ask, int priority, Duration wait, Runnable arrived) {
        lock.lock();
        try {
            if (!isOpen) {
                return new Answer.Elsewhere();
            }
            Optional<Gone> before =
                    Optional.ofNullable(gone.get(ask.id())).filter(each -> each.isOf(ask));
            if (before.filter(Gone::isTakenBack).isPresent()) {
                return new Answer.Left();
            }
            Entry entry = entries.get(ask.id());
            if (entry == null) {
                if (count(ask.asker().client()) >= MOST_OF_A_CLIENT) {
                    return new Answer.TooMany(
                            "%d requests of this client wait already; ask again when some of them are over"
                                    .formatted(MOST_OF_A_CLIENT));
                }
                entry = entry(ask, priority, before.isPresent());
                entries.put(ask.id(), entry);
                arrived.run();
            } else if (!entry.ask.asker().client().equals(ask.asker().client())) {
                throw new IllegalArgumentException("id: " + ask.id() + " (expected: a new one)");
            }
            return awaitNews(entry, wait);
        } finally {
            lock.unlock();
        }
    }

    private long count(UUID client) {
        return entries.values().stream()
                .filter(entry -> entry.ask.asker().client().equals(client))
                .count();
    }

    /// @param isOver whether it was served or refused before: it may ask again, behind the others
    private Entry entry(Ask ask, int priority, boolean isOver) {
        Clocks.Moment now = clocks.now();
        Optional<Ticket> shown = Ticket.open(key, ask, now.wall());
        long arrival =
                shown.filter(_ -> !isOver)
                        .map(Ticket::arrival)
                        .orElseGet(() -> nextArrival(now.wall()));
        // Who comes next comes later, whatever this manager's clock says.
        lastArrival = Math.max(lastArrival, arrival);
        Instant deadline =
                shown.map(ticket -> now.steadyAt(ticket.deadline()))
                        .orElseGet(() -> now.steady().plus(ask.timeout()));
        Waiting waiting =
                new Waiting(
                        ask.request(),
                        unused(arrival),
                        shown.map(Ticket::priority).orElse(priority),
                        deadline);
        return new Entry(ask, waiting, arrival, now.steady());
    }

    /// Given now, so that it holds the place from now on.
    private String ticket(Entry entry) {
        Clocks.Moment now = clocks.now();
        return new Ticket(
                        entry.arrival,
                        entry.waiting.priority(),
                        now.wallAt(entry.waiting.deadline()),
                        now.wall())
                .seal(key, entry.ask);
    }

    private void isGone(UUID request, Optional<UUID> client, boolean isTakenBack) {
        gone.remove(request);
        gone.put(request, new Gone(client, isTakenBack, clocks.steady().plus(Ticket.LIFE)));
        if (gone.size() > MOST_GONE) {
            gone.pollFirstEntry();
        }
    }

    /// Microseconds since 1970, as far as no two are the same.
    private long nextArrival(Instant now) {
        lastArrival = Math.max(lastArrival + 1, arrival(now));
        return lastArrival;
    }

    /// The number of a request that arrives then.
    static long arrival(Instant now) {
        return TimeUnit.SECONDS.toMicros(now.getEpochSecond()) + now.getNano() / 1000;
    }

    /// Another manager may have given the same number.
    private long unused(long arrival) {
        Set<Long> used = new HashSet<>();
        entries.values().forEach(entry -> used.add(entry.waiting.arrival()));
        long free = arrival;
        while (used.contains(free)) {
            free++;
        }
        return free;
    }

    private Answer awaitNews(Entry entry, Duration wait) {
        long nanos = wait.toNanos();
        entry.askers++;
        try {
            while (true) {
                Answer outcome = entry.outcome;
                if (outcome != null) {
                    if (entries.remove(entry.ask.id(), entry)) {
                        isGone(entry.ask.id(), Optional.of(entry.ask.asker().client()), false);
                    }
                    return outcome;
                }
                boolean isNews =
                        !entry.isGranting
                                && entry.standing.place > 0
                                && !entry.standing.equals(entry.told);
                if (isNews || nanos <= 0) {
                    entry.told = entry.standing;
                    return queued(entry);
                }
                nanos = changed.awaitNanos(nanos);
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            return queued(entry);
        } finally {
            entry.askers--;
            entry.lastAsked = clocks.steady();
        }
    }

    private Answer.Queued queued(Entry entry) {
        int place = entry.standing.place > 0 ? entry.standing.place : placeOf(entry);
        return new Answer.Queued(entry.ask.id(), place, entry.standing.waitsFor, ticket(entry));
    }

    /// Of one that nobody has looked at yet.
    private int placeOf(Entry entry) {
        UUID parent = entry.ask.request().parent();
        long before =
                entries.values().stream()
                        .filter(other -> other.outcome == null)
                        .filter(other -> Objects.equals(other.ask.request().parent(), parent))
                        .filter(other -> Waiting.ORDER.compare(other.waiting, entry.waiting) < 0)
                        .count();
        return (int) before + 1;
    }

    /// Those that are neither decided nor being granted, in their order. One that was never tried
    /// has its whole time.
    List<Candidate> candidates() {
        lock.lock();
        try {
            return entries.values().stream()
                    .filter(entry -> entry.outcome == null && !entry.isGranting)
                    .map(entry ->
                            new Candidate(
                                    entry.ask,
                                    entry.isTried ? entry.waiting : untried(entry.waiting)))
                    .sorted(Comparator.comparing(Candidate::waiting, Waiting.ORDER))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private static Waiting untried(Waiting waiting) {
        return new Waiting(waiting.request(), waiting.arrival(), waiting.priority(), Instant.MAX);
    }

    /// These were looked at, and could have been served.
    ///
    /// @return whether one of them is over now: the line is to be looked at again
    boolean areTried(Collection<UUID> requests, Instant now) {
        lock.lock();
        try {
            boolean isOneOver = false;
            for (UUID request : requests) {
                Entry entry = entries.get(request);
                if (entry != null && !entry.isTried) {
                    entry.isTried = true;
                    isOneOver |= entry.outcome == null && entry.waiting.isExpired(now);
                }
            }
            return isOneOver;
        } finally {
            lock.unlock();
        }
    }

    /// It has waited as long as it wanted, for what it is told.
    void timedOut(UUID request) {
        lock.lock();
        try {
            Entry entry = entries.get(request);
            if (entry != null) {
                String reason =
                        entry.standing.place > 0
                                ? entry.standing.waitsFor
                                : entry.ask.request().wish().words();
                decided(
                        request,
                        new Answer.TimedOut(
                                "not free in time: "
                                        + reason
                                        + "; ask for less, or wait longer with --timeout"));
            }
        } finally {
            lock.unlock();
        }
    }

    /// Drops those that nobody has asked for since.
    ///
    /// @param before on the steady clock
    /// @return requests that had been granted, but nobody came to hear it
    List<UUID> dropVanished(Instant before) {
        lock.lock();
        try {
            Instant now = clocks.steady();
            gone.values().removeIf(each -> now.isAfter(each.until));
            List<UUID> granted = new ArrayList<>();
            entries.values()
                    .removeIf(entry -> {
                        boolean isGone =
                                entry.askers == 0
                                        && !entry.isGranting
                                        && entry.lastAsked.isBefore(before);
                        if (isGone && entry.outcome instanceof Answer.Granted) {
                            granted.add(entry.ask.id());
                        }
                        return isGone;
                    });
            return granted;
        } finally {
            lock.unlock();
        }
    }

    /// From now on until [#decided] or [#waitsOn] its appliances are asked.
    ///
    /// @return false if it has left
    boolean isBeingGranted(UUID request) {
        lock.lock();
        try {
            Entry entry = entries.get(request);
            if (entry == null || entry.outcome != null) {
                return false;
            }
            entry.isGranting = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /// Its grant came to nothing, and it waits as before.
    void waitsOn(UUID request) {
        lock.lock();
        try {
            Entry entry = entries.get(request);
            if (entry != null) {
                entry.isGranting = false;
                if (entry.hasLeft) {
                    entries.remove(request);
                    entry.outcome = new Answer.Left();
                }
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// @return false if it has left meanwhile: what was granted is to be undone
    boolean decided(UUID request, Answer outcome) {
        lock.lock();
        try {
            Entry entry = entries.get(request);
            if (entry == null || entry.hasLeft) {
                return false;
            }
            entry.isGranting = false;
            entry.outcome = outcome;
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    void stands(UUID request, int place, String waitsFor) {
        lock.lock();
        try {
            Entry entry = entries.get(request);
            if (entry != null) {
                Standing now = new Standing(place, waitsFor);
                if (!now.equals(entry.standing)) {
                    entry.standing = now;
                    changed.signalAll();
                }
            }
        } finally {
            lock.unlock();
        }
    }

    /// Takes a request back: whatever is still said of it is answered so. One whose appliances are
    /// just being asked is undone after that.
    ///
    /// @param client whose it must be; empty for an administrator
    /// @return whether it was here
    boolean leave(UUID request, Optional<UUID> client) {
        lock.lock();
        try {
            // Its first word may still be on the way, or one more.
            isGone(request, client, true);
            Entry entry = entries.get(request);
            if (entry == null
                    || client.filter(id -> !id.equals(entry.ask.asker().client())).isPresent()) {
                return false;
            }
            if (entry.isGranting) {
                entry.hasLeft = true;
            } else {
                entries.remove(request);
                if (entry.outcome == null) {
                    entry.outcome = new Answer.Left();
                }
            }
            changed.signalAll();
            return true;
        } finally {
            lock.unlock();
        }
    }

    List<Waiter> waiters() {
        lock.lock();
        try {
            return entries.values().stream()
                    .filter(entry -> entry.outcome == null)
                    .sorted(Comparator.comparing(entry -> entry.waiting, Waiting.ORDER))
                    .map(Line::waiter)
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private static Waiter waiter(Entry entry) {
        return new Waiter(
                entry.ask.id(),
                entry.ask.asker(),
                entry.ask.request().wish().words(),
                entry.waiting.priority(),
                entry.standing.place,
                entry.standing.waitsFor,
                Instant.EPOCH.plusNanos(TimeUnit.MICROSECONDS.toNanos(entry.waiting.arrival())));
    }
}
