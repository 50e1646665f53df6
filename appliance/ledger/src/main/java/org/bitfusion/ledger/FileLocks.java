package org.bitfusion.ledger;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// Locks of parts of a ledger's file (fcntl(2)): the system gives them back however a process ends.
final class FileLocks {
    /// Who holds the lock changes a few numbers; one that was stopped meanwhile is not waited for
    /// much longer.
    private static final long LOCK_PATIENCE_NANOSECONDS = TimeUnit.SECONDS.toNanos(1);

    static final long LOCK_PAUSE_NANOSECONDS = 20_000;

    private FileLocks() {}

    /// Waits for others that change more of the file than their own slot.
    ///
    /// @return null when somebody has held it for long
    static @Nullable FileLock lock(FileChannel channel) {
        long begin = System.nanoTime();
        while (true) {
            FileLock lock = tryLock(channel, 0, Long.BYTES, false);
            if (lock != null || System.nanoTime() - begin > LOCK_PATIENCE_NANOSECONDS) {
                return lock;
            }
            LockSupport.parkNanos(LOCK_PAUSE_NANOSECONDS);
        }
    }

    /// @return null when another process, or this one, has it
    static @Nullable FileLock tryLock(FileChannel channel, long at, long size, boolean isShared) {
        try {
            return channel.tryLock(at, size, isShared);
        } catch (OverlappingFileLockException e) {
            return null; // this process has it
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void unlock(FileLock lock) {
        try {
            lock.release();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Also gives back the locks.
    static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
