package org.bitfusion.worker;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.bitfusion.gpu.AllocationBudget;
import org.bitfusion.ledger.HostLedger;
import org.bitfusion.ledger.HostPlace;
import org.bitfusion.ledger.ShareLedger;
import org.bitfusion.protocol.control.WorkerOrder;

/// The lease's share of memory, reserved in the ledger that all of the lease's workers have in
/// common: nothing is kept that is not used, and nobody is asked.
///
/// A program that starts when another has ended finds what that one held: while a worker of the
/// lease is about to end, who needs its memory waits a moment.
///
/// What a lease may use its dispatcher has taken of the machine's GPUs, and this process has that
/// count as long as it lives. A session without a lease takes there what it reserves.
final class LeaseBudget implements AllocationBudget {
    /// Both GPUs take memory in pages of so much.
    private static final long PAGE = 2L << 20;

    /// How long a worker whose client is gone may take to end.
    private static final Duration PATIENCE_WITH_THE_DYING = Duration.ofSeconds(2);

    /// A session as young as that may follow a program of whose end nobody has heard yet;
    private static final Duration YOUTH = Duration.ofSeconds(1);

    /// so long, then, it waits for the word.
    private static final Duration PATIENCE_WITH_NEWS = Duration.ofMillis(100);

    private static final long PAUSE_NANOSECONDS = 1_000_000;

    private final ShareLedger ledger;
    private final ShareLedger.Account account;
    private final Optional<HostLedger> own;
    private final Optional<HostLedger> held;
    private final List<Integer> devices = new ArrayList<>();
    private final long begin = System.nanoTime();

    private LeaseBudget(
            ShareLedger ledger,
            Optional<HostLedger> own,
            Optional<HostLedger> held,
            List<WorkerOrder.Share> shares)
            throws IOException {
        this.ledger = ledger;
        this.account = ledger.join();
        this.own = own;
        this.held = held;
        shares.forEach(share -> devices.add(share.index()));
    }

    /// @param file of the lease, or of the sessions without one; the machine's ledger is where the
    ///   file beside it says
    /// @param isLeased whether the dispatcher has taken the share of the machine's GPUs already
    /// @param shares in the order of the ledger's devices
    /// @throws IOException when the ledger cannot be used
    static LeaseBudget open(Path file, boolean isLeased, List<WorkerOrder.Share> shares)
            throws IOException {
        ShareLedger ledger = ShareLedger.open(file);
        if (ledger.devices() != shares.size()) {
            throw new IOException(
                    "%s: %d devices (expected: %d)"
                            .formatted(file, ledger.devices(), shares.size()));
        }
        HostPlace host = HostPlace.read(file.resolveSibling(HostPlace.FILE));
        List<Integer> indexes = shares.stream().map(WorkerOrder.Share::index).toList();
        return isLeased
                ? new LeaseBudget(ledger, Optional.empty(), Optional.of(host.hold(indexes)), shares)
                : new LeaseBudget(
                        ledger, Optional.of(host.join(indexes)), Optional.empty(), shares);
    }

    /// Says to the lease's other workers that this one may be about to end, or not any more.
    void mayEnd(boolean may) {
        account.mayEnd(may);
    }

    @Override
    public boolean reserve(int device, long bytes) {
        int position = devices.indexOf(device);
        if (position < 0 || bytes < 0 || bytes > ledger.limit(position)) {
            return false;
        }
        long asked = System.nanoTime();
        while (!take(position, bytes)) {
            if (!othersMayEnd(position) && !mayHaveMissedAnEnd(position, asked)) {
                return false;
            }
            LockSupport.parkNanos(PAUSE_NANOSECONDS);
        }
        return true;
    }

    private boolean take(int position, long bytes) {
        if (!account.reserve(position, bytes)) {
            return false;
        }
        boolean isTaken = own.isEmpty() || own.get().take(position, bytes);
        if (!isTaken) {
            account.release(position, bytes);
        }
        return isTaken;
    }

    private boolean othersMayEnd(int position) {
        return account.othersMayEnd(position, PATIENCE_WITH_THE_DYING);
    }

    private boolean mayHaveMissedAnEnd(int position, long asked) {
        long now = System.nanoTime();
        return now - begin < YOUTH.toNanos()
                && now - asked < PATIENCE_WITH_NEWS.toNanos()
                && account.othersHold(position);
    }

    @Override
    public void release(int device, long bytes) {
        int position = devices.indexOf(device);
        if (position >= 0) {
            account.release(position, bytes);
            own.ifPresent(taken -> taken.giveBack(position, bytes));
        }
    }

    @Override
    public long limit(int device) {
        int position = devices.indexOf(device);
        return position < 0 ? 0 : ledger.limit(position);
    }

    /// Whole pages: more could not be allocated.
    @Override
    public long available(int device) {
        int position = devices.indexOf(device);
        if (position < 0) {
            return 0;
        }
        long available = left(position);
        while (othersMayEnd(position)) {
            LockSupport.parkNanos(PAUSE_NANOSECONDS);
            available = left(position);
        }
        return available & -PAGE;
    }

    private long left(int position) {
        long left = ledger.available(position);
        return own.isEmpty() ? left : Math.min(left, own.get().free(position));
    }

    /// The account ends with the process; this is for tests and warming up.
    void close() {
        ledger.close();
        own.ifPresent(HostLedger::leave);
        held.ifPresent(HostLedger::close);
    }
}
