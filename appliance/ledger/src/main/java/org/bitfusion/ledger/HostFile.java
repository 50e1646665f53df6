package org.bitfusion.ledger;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// One GPU's file in the ledger of a machine, and this process's slot in it.
///
/// ```
///  0          8       16     24            32
///  | magic    | bytes | used | 0           | slots: member (16 bytes), taken (i64), 0 (8 bytes)
///  | "BFHOST1"| i64   | i64  |             |
/// ```
///
/// All numbers are in the machine's order. `used` slots from the first on have been somebody's. A
/// magic of 0 says that the file has been removed.
///
/// Locks are the system's, on ranges of the file (fcntl(2), `F_SETLK`): the first 8 bytes for who
/// changes anything; each slot, shared, for all processes that it lives with. So a slot of which
/// the whole lock can be had belongs to nobody any more. The file is read and written, not mapped:
/// whoever has it may shorten it, and no process is to end for that.
final class HostFile implements AutoCloseable {
    static final int MOST_SLOTS = 1024;

    private static final long MAGIC = 0x0031_5453_4f48_4642L;
    private static final long BYTES_AT = 8;
    private static final long USED_AT = 16;
    private static final int HEAD = 32;
    private static final int SLOT_BYTES = 32;
    private static final long TAKEN_IN_SLOT = 16;
    private static final int MOST_ATTEMPTS = 100;
    private static final UUID NOBODY = new UUID(0, 0);

    /// How often a look at what is free also looks for the dead.
    private static final long SWEEP_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(50);

    private final Path path;
    private final FileChannel channel;
    private int own = -1;
    private long sweptAt = System.nanoTime() - SWEEP_NANOSECONDS;

    private HostFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /// Opens the file, making it if it is missing, and takes a slot: the member's, if it still has
    /// one, with what is taken in it; else an empty one.
    ///
    /// @param gpuBytes of memory that the GPU has
    /// @throws IOException if the file cannot be used, or is of a GPU of another size
    static HostFile join(Path path, long gpuBytes, UUID member) throws IOException {
        for (int attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
            createIfMissing(path, gpuBytes);
            HostFile file;
            try {
                file = new HostFile(path, open(path, true));
            } catch (NoSuchFileException e) {
                continue; // removed since
            }
            try {
                if (file.tryJoin(gpuBytes, member)) {
                    return file;
                }
                file.close(); // removed since
                LockSupport.parkNanos(FileLocks.LOCK_PAUSE_NANOSECONDS);
            } catch (IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        }
        throw new IOException(path + " is no ledger of a GPU");
    }

    /// Has a member's slot live as long as this process does, too.
    ///
    /// @throws IOException if there is no such slot
    static HostFile hold(Path path, UUID member) throws IOException {
        HostFile file = new HostFile(path, open(path, false));
        try {
            int slot = file.table().slotOf(member);
            // One that was swept before the lock was had is somebody else's, or nobody's.
            if (slot >= 0
                    && file.lockSlot(slot, true) != null
                    && file.table().slotOf(member) == slot) {
                return file;
            }
            throw new IOException(path + ": the dispatcher has no account here any more");
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static FileChannel open(Path path, boolean writes) throws IOException {
        return writes
                ? FileChannel.open(
                        path,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS)
                : FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    /// Whole, or not at all. What root made is root's; else each user of the machine may join, as
    /// each may use the GPU. Whoever has the folder may put a link in the new file's place at any
    /// moment: none is followed.
    private static void createIfMissing(Path path, long gpuBytes) throws IOException {
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        Path aside =
                Files.createTempFile(
                        Objects.requireNonNull(path.toAbsolutePath().getParent()), "gpu", ".new");
        try {
            Files.write(
                    aside,
                    head(gpuBytes).array(),
                    StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS);
            boolean isRoots =
                    Integer.valueOf(0)
                            .equals(
                                    Files.getAttribute(
                                            aside, "unix:uid", LinkOption.NOFOLLOW_LINKS));
            // Unlike chmod(2), this opens the file without following a link.
            Files.getFileAttributeView(
                            aside, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                    .setPermissions(
                            PosixFilePermissions.fromString(isRoots ? "rw-------" : "rw-rw-rw-"));
            Files.createLink(path, aside);
        } catch (FileAlreadyExistsException e) {
            return; // another one was faster
        } finally {
            Files.deleteIfExists(aside);
        }
    }

    private static ByteBuffer head(long gpuBytes) {
        ByteBuffer head = ByteBuffer.allocate(HEAD).order(ByteOrder.nativeOrder());
        return head.putLong(0, MAGIC).putLong((int) BYTES_AT, gpuBytes);
    }

    /// @return false if the file has been removed
    private boolean tryJoin(long gpuBytes, UUID member) throws IOException {
        FileLock lock = FileLocks.lock(channel);
        if (lock == null) {
            throw new IOException(path + ": its lock is held by a process that does not go on");
        }
        try {
            ByteBuffer head = ByteBuffer.allocate(HEAD).order(ByteOrder.nativeOrder());
            boolean isWhole = readUpTo(head, 0) == HEAD;
            if (isWhole && head.getLong(0) == 0) {
                return false;
            }
            if (!isWhole || head.getLong(0) != MAGIC) {
                throw new IOException(path + " is no ledger of a GPU");
            }
            checkSize(gpuBytes);
            takeSlot(member);
            return true;
        } catch (UncheckedIOException e) {
            throw new IOException(path + ": " + e.getMessage(), e);
        } finally {
            FileLocks.unlock(lock);
        }
    }

    private void checkSize(long gpuBytes) throws IOException {
        if (bytes() == gpuBytes) {
            return;
        }
        sweep();
        if (!isEmpty()) {
            throw new IOException(
                    "%s: a GPU of %d bytes (expected: %d, as dispatchers that run say)"
                            .formatted(path, gpuBytes, bytes()));
        }
        number(BYTES_AT, gpuBytes);
    }

    private void takeSlot(UUID member) throws IOException {
        Table table = table();
        int present = table.slotOf(member);
        if (present >= 0 && lockSlot(present, true) != null) {
            own = present;
            return;
        }
        sweep();
        table = table();
        for (int slot = 0; slot < MOST_SLOTS && own < 0; slot++) {
            boolean isFree = slot >= table.used() || table.member(slot).equals(NOBODY);
            if (isFree && lockSlot(slot, true) != null) {
                writeSlot(slot, member);
                number(USED_AT, Math.max(table.used(), slot + 1));
                own = slot;
            }
        }
        if (own < 0) {
            throw new IOException(path + ": " + MOST_SLOTS + " processes use this GPU already");
        }
    }

    /// Of memory that the GPU has.
    long bytes() {
        return number(BYTES_AT);
    }

    /// By this process's slot.
    long taken() {
        return taken(own);
    }

    /// By all.
    long free() {
        long now = System.nanoTime();
        if (now - sweptAt >= SWEEP_NANOSECONDS && hasOthers()) {
            sweptAt = now;
            FileLock lock = FileLocks.lock(channel);
            if (lock != null) {
                try {
                    sweep();
                } finally {
                    FileLocks.unlock(lock);
                }
            }
        }
        return left();
    }

    private long left() {
        Table table = table();
        long left = bytes();
        for (int slot = table.used() - 1; slot >= 0; slot--) {
            left -= Math.max(0, table.taken(slot));
        }
        return Math.max(0, left);
    }

    /// @return false if so much is not free
    boolean take(long bytes) {
        FileLock lock = bytes < 0 ? null : FileLocks.lock(channel);
        if (lock == null) {
            return false;
        }
        try {
            if (bytes > left()) {
                sweep();
                if (bytes > left()) {
                    return false;
                }
            }
            number(slotAt(own) + TAKEN_IN_SLOT, taken() + bytes);
            return true;
        } finally {
            FileLocks.unlock(lock);
        }
    }

    /// Whatever others have taken.
    void setTaken(long bytes) {
        number(slotAt(own) + TAKEN_IN_SLOT, bytes);
    }

    /// Has the slots of the dead be nobody's. Under the lock.
    private void sweep() {
        Table table = table();
        int living = 0;
        for (int slot = 0; slot < table.used(); slot++) {
            if (slot == own) {
                living = slot + 1;
            } else if (!table.member(slot).equals(NOBODY)) {
                FileLock life = lockSlot(slot, false);
                if (life == null) {
                    living = slot + 1;
                } else {
                    writeSlot(slot, NOBODY);
                    FileLocks.unlock(life);
                }
            }
        }
        number(USED_AT, living);
    }

    private boolean hasOthers() {
        Table table = table();
        for (int slot = table.used() - 1; slot >= 0; slot--) {
            if (slot != own && table.taken(slot) != 0) {
                return true;
            }
        }
        return false;
    }

    private boolean isEmpty() {
        Table table = table();
        for (int slot = table.used() - 1; slot >= 0; slot--) {
            if (slot != own && !table.member(slot).equals(NOBODY)) {
                return false;
            }
        }
        return true;
    }

    /// Gives the slot up; who is the last removes the file.
    void leave() {
        FileLock lock = FileLocks.lock(channel);
        if (lock == null) {
            return; // it is swept when this process has ended
        }
        try {
            writeSlot(own, NOBODY);
            sweep();
            if (isEmpty()) {
                Files.deleteIfExists(path);
                number(0, 0); // for who has opened it already
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            FileLocks.unlock(lock);
        }
    }

    /// The slot, of which nothing is taken.
    private void writeSlot(int slot, UUID member) {
        ByteBuffer content = ByteBuffer.allocate(SLOT_BYTES).order(ByteOrder.nativeOrder());
        content.putLong(member.getMostSignificantBits());
        content.putLong(member.getLeastSignificantBits());
        write(content.clear(), slotAt(slot));
    }

    private long taken(int slot) {
        return number(slotAt(slot) + TAKEN_IN_SLOT);
    }

    /// The slots as they were at one moment.
    private record Table(ByteBuffer bytes) {
        int used() {
            return bytes.limit() / SLOT_BYTES;
        }

        UUID member(int slot) {
            int at = slot * SLOT_BYTES;
            return new UUID(bytes.getLong(at), bytes.getLong(at + Long.BYTES));
        }

        /// @return -1 if it has none
        int slotOf(UUID member) {
            for (int slot = used() - 1; slot >= 0; slot--) {
                if (member(slot).equals(member)) {
                    return slot;
                }
            }
            return -1;
        }

        long taken(int slot) {
            return bytes.getLong(slot * SLOT_BYTES + (int) TAKEN_IN_SLOT);
        }
    }

    private Table table() {
        int used = (int) Math.clamp(number(USED_AT), 0L, MOST_SLOTS);
        ByteBuffer slots = ByteBuffer.allocate(used * SLOT_BYTES).order(ByteOrder.nativeOrder());
        try {
            if (readUpTo(slots, HEAD) < used * SLOT_BYTES) {
                throw new EOFException(path + " was cut off");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Table(slots.flip());
    }

    private static long slotAt(int slot) {
        return HEAD + (long) SLOT_BYTES * slot;
    }

    private long number(long at) {
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        try {
            if (readUpTo(number, at) < Long.BYTES) {
                throw new EOFException(path + " was cut off");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return number.getLong(0);
    }

    private void number(long at, long value) {
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        write(number.putLong(0, value), at);
    }

    private int readUpTo(ByteBuffer to, long at) throws IOException {
        int read = 0;
        while (read >= 0 && to.hasRemaining()) {
            read = channel.read(to, at + to.position());
        }
        return to.position();
    }

    private void write(ByteBuffer from, long at) {
        try {
            while (from.hasRemaining()) {
                channel.write(from, at + from.position());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private @Nullable FileLock lockSlot(int slot, boolean isShared) {
        return FileLocks.tryLock(channel, slotAt(slot), SLOT_BYTES, isShared);
    }

    /// Also gives back the locks.
    @Override
    public void close() {
        FileLocks.close(channel);
    }
}
