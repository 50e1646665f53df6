package org.bitfusion.ledger;

import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;

/// A share of the memory of some GPUs, and who has reserved how much of it, in bytes: a file that
/// the share's processes have in common. Each has an [Account] in it, which ends with the process:
/// what a dead one had reserved is free for who needs it, without anybody's help. So no process has
/// to be asked, and none is needed but the one that reserves.
///
/// Devices are named by their position. Thread-safe.
public final class ShareLedger implements AutoCloseable {
    /// How often a look at what is free also looks for the dead.
    private static final long SWEEP_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(5);

    private final LedgerFile file;
    private final BitSet own = new BitSet();
    private long sweptAt = System.nanoTime() - SWEEP_NANOSECONDS;

    private ShareLedger(LedgerFile file) {
        this.file = file;
    }

    /// Makes the file, readable by its owner only.
    ///
    /// @param limits the share, a device each
    public static void create(Path path, long... limits) throws IOException {
        LedgerFile.create(path, limits);
    }

    public static ShareLedger open(Path path) throws IOException {
        return new ShareLedger(LedgerFile.open(path));
    }

    public int devices() {
        return file.devices();
    }

    public long limit(int device) {
        return file.limit(device);
    }

    /// By all accounts together.
    public long reserved(int device) {
        sweepNowAndThen();
        return sum(device);
    }

    /// What an account could reserve.
    public long available(int device) {
        sweepNowAndThen();
        return left(device);
    }

    private long left(int device) {
        return Math.max(0, file.limit(device) - file.promised(device) - sum(device));
    }

    private long sum(int device) {
        long sum = 0;
        for (int slot = file.used() - 1; slot >= 0; slot--) {
            sum += file.reserved(slot, device);
        }
        return sum;
    }

    /// Sets a part of the share aside for good, whatever becomes of the process: what was promised
    /// to others. Only one process may do that.
    ///
    /// @return false if so much is not left
    public synchronized boolean promise(int device, long bytes) {
        FileLock lock = bytes < 0 ? null : file.lock();
        if (lock == null) {
            return false;
        }
        try {
            if (!hasLeft(device, bytes)) {
                return false;
            }
            file.promised(device, file.promised(device) + bytes);
            return true;
        } finally {
            FileLocks.unlock(lock);
        }
    }

    /// What has been promised, whatever has been reserved.
    public synchronized void setPromised(int device, long bytes) {
        file.promised(device, bytes);
    }

    public long promised(int device) {
        return file.promised(device);
    }

    /// Under the lock.
    private boolean hasLeft(int device, long bytes) {
        if (bytes <= left(device)) {
            return true;
        }
        sweep();
        return bytes <= left(device);
    }

    private synchronized void sweepNowAndThen() {
        if (System.nanoTime() - sweptAt < SWEEP_NANOSECONDS) {
            return;
        }
        sweptAt = System.nanoTime();
        if (nextOfOthers(file.used()) < 0) {
            return;
        }
        FileLock lock = file.tryLock(); // another time, if somebody has it
        if (lock != null) {
            try {
                sweep();
            } finally {
                FileLocks.unlock(lock);
            }
        }
    }

    /// Clears the slots of the dead. Under the lock.
    private void sweep() {
        for (int slot = nextOfOthers(file.used()); slot >= 0; slot = nextOfOthers(slot)) {
            FileLock lock = file.lockSlot(slot);
            if (lock != null) {
                file.clear(slot);
                FileLocks.unlock(lock);
            }
        }
    }

    /// The next one below that another process uses, or used before it ended; or -1.
    private int nextOfOthers(int below) {
        for (int slot = below - 1; slot >= 0; slot--) {
            if (!own.get(slot) && isInUse(slot)) {
                return slot;
            }
        }
        return -1;
    }

    private boolean isInUse(int slot) {
        for (int device = 0; device < file.devices(); device++) {
            if (file.reserved(slot, device) != 0) {
                return true;
            }
        }
        return file.mark(slot) != 0;
    }

    /// Opens an account for this process.
    ///
    /// @throws IOException when there are too many, or the ledger's lock cannot be had
    public synchronized Account join() throws IOException {
        FileLock lock = file.lock();
        if (lock == null) {
            throw new IOException("the ledger's lock is held by a process that does not go on");
        }
        try {
            for (int slot = 0; slot < LedgerFile.MOST_SLOTS; slot++) {
                FileLock life = own.get(slot) ? null : file.lockSlot(slot);
                if (life != null) {
                    own.set(slot);
                    file.clear(slot);
                    file.used(Math.max(file.used(), slot + 1));
                    return new Account(slot, life);
                }
            }
        } finally {
            FileLocks.unlock(lock);
        }
        throw new IOException("the share has " + LedgerFile.MOST_SLOTS + " users already");
    }

    /// Also ends this process's accounts.
    @Override
    public synchronized void close() {
        file.close();
    }

    /// What one process has reserved; all of it is free when the process has ended.
    public final class Account {
        private final int slot;
        private final FileLock life;

        private Account(int slot, FileLock life) {
            this.slot = slot;
            this.life = life;
        }

        /// @return false if so much is not left
        public boolean reserve(int device, long bytes) {
            synchronized (ShareLedger.this) {
                FileLock lock = bytes < 0 || !life.isValid() ? null : file.lock();
                if (lock == null) {
                    return false;
                }
                try {
                    if (!hasLeft(device, bytes)) {
                        return false;
                    }
                    file.reserved(slot, device, file.reserved(slot, device) + bytes);
                    return true;
                } finally {
                    FileLocks.unlock(lock);
                }
            }
        }

        /// Gives back at most what was reserved.
        public void release(int device, long bytes) {
            synchronized (ShareLedger.this) {
                long has = file.reserved(slot, device);
                file.reserved(slot, device, has - Math.clamp(bytes, 0, has));
            }
        }

        public long reserved(int device) {
            return file.reserved(slot, device);
        }

        /// Says that this process may be about to end, or not any more.
        public void mayEnd(boolean may) {
            // Never 0, and the same clock in all processes of a machine (CLOCK_MONOTONIC).
            file.mark(slot, may ? System.nanoTime() | 1 : 0);
        }

        /// Whether others have reserved something and have said not long ago that they may be about
        /// to end: what they have may be free soon.
        public boolean othersMayEnd(int device, Duration patience) {
            long now = System.nanoTime();
            for (int other = file.used() - 1; other >= 0; other--) {
                long mark = file.mark(other);
                if (other != slot
                        && mark != 0
                        && now - mark < patience.toNanos()
                        && file.reserved(other, device) > 0) {
                    return true;
                }
            }
            return false;
        }

        /// Whether others have reserved something.
        public boolean othersHold(int device) {
            return sum(device) > reserved(device);
        }
    }
}
