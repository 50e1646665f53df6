package org.bitfusion.ledger;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A ledger's bytes, as all its processes see them, and its locks.
///
/// ```
///  0          8         12       16        20    24       32
///  | magic    | devices | slots  | used    | 0   | 0      | limit, promised (i64) a device ...
///  | "BFLEDG1"| u32     | u32    | u32     |     |        | then the slots: mark, reserved a device
/// ```
///
/// All numbers are in the machine's order, for the file never leaves it. `used` slots from the
/// first on have been somebody's.
///
/// Locks are the system's, on ranges of the file (fcntl(2), `F_SETLK`): the first 8 bytes for who
/// changes more than its own slot, each slot for its owner's life. The system gives them back when
/// the process ends, however it ends, so a slot whose lock can be had belongs to nobody.
final class LedgerFile implements AutoCloseable {
    static final int MOST_SLOTS = 1024;

    private static final long MAGIC = 0x0031_4744_454c_4642L;
    private static final int DEVICES_AT = 8;
    private static final int SLOTS_AT = 12;
    private static final int USED_AT = 16;
    private static final int HEAD = 32;
    private static final int DEVICE_BYTES = 16;
    private static final int MOST_DEVICES = 64;

    private static final VarHandle NUMBER = ValueLayout.JAVA_LONG.varHandle();
    private static final VarHandle COUNT = ValueLayout.JAVA_INT.varHandle();

    private final FileChannel channel;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment bytes;
    private final int devices;

    private LedgerFile(FileChannel channel) throws IOException {
        this.channel = channel;
        bytes = channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size(), arena);
        if (bytes.byteSize() < HEAD || number(0) != MAGIC) {
            arena.close();
            throw new IOException("this is no ledger");
        }
        devices = (int) COUNT.getVolatile(bytes, (long) DEVICES_AT);
        int slots = (int) COUNT.getVolatile(bytes, (long) SLOTS_AT);
        if (devices < 0
                || devices > MOST_DEVICES
                || slots != MOST_SLOTS
                || bytes.byteSize() != size(devices)) {
            arena.close();
            throw new IOException("this ledger is not complete");
        }
    }

    /// Writes a new one, for its owner only; all of its room is taken from the disk now, since a
    /// mapped file without room ends the process that writes to it.
    static void create(Path file, long[] limits) throws IOException {
        if (limits.length > MOST_DEVICES) {
            throw new IllegalArgumentException(
                    "limits: %d devices (expected: at most %d)"
                            .formatted(limits.length, MOST_DEVICES));
        }
        ByteBuffer content =
                ByteBuffer.allocate((int) size(limits.length)).order(ByteOrder.nativeOrder());
        content.putLong(0, MAGIC).putInt(DEVICES_AT, limits.length).putInt(SLOTS_AT, MOST_SLOTS);
        for (int device = 0; device < limits.length; device++) {
            content.putLong((int) limitAt(device), limits[device]);
        }
        Path aside = file.resolveSibling(file.getFileName() + ".new");
        Files.deleteIfExists(aside);
        try (FileChannel out =
                FileChannel.open(
                        aside,
                        Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")))) {
            while (content.hasRemaining()) {
                out.write(content);
            }
        }
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
    }

    static LedgerFile open(Path file) throws IOException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            return new LedgerFile(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static long size(int devices) {
        return HEAD + (long) DEVICE_BYTES * devices + MOST_SLOTS * slotBytes(devices);
    }

    private static long slotBytes(int devices) {
        return Long.BYTES * (1L + devices);
    }

    private static long limitAt(int device) {
        return HEAD + (long) DEVICE_BYTES * device;
    }

    private long slotAt(int slot) {
        return HEAD + (long) DEVICE_BYTES * devices + slot * slotBytes(devices);
    }

    private long number(long at) {
        return (long) NUMBER.getVolatile(bytes, at);
    }

    private void number(long at, long value) {
        NUMBER.setVolatile(bytes, at, value);
    }

    int devices() {
        return devices;
    }

    long limit(int device) {
        return number(limitAt(device));
    }

    long promised(int device) {
        return number(limitAt(device) + Long.BYTES);
    }

    void promised(int device, long value) {
        number(limitAt(device) + Long.BYTES, value);
    }

    int used() {
        return Math.clamp((int) COUNT.getVolatile(bytes, (long) USED_AT), 0, MOST_SLOTS);
    }

    void used(int count) {
        COUNT.setVolatile(bytes, (long) USED_AT, count);
    }

    long mark(int slot) {
        return number(slotAt(slot));
    }

    void mark(int slot, long value) {
        number(slotAt(slot), value);
    }

    long reserved(int slot, int device) {
        return number(slotAt(slot) + Long.BYTES * (1L + device));
    }

    void reserved(int slot, int device, long value) {
        number(slotAt(slot) + Long.BYTES * (1L + device), value);
    }

    void clear(int slot) {
        for (int device = 0; device < devices; device++) {
            reserved(slot, device, 0);
        }
        mark(slot, 0);
    }

    /// For who changes more than its own slot.
    ///
    /// @return null when somebody has held it for long
    @Nullable FileLock lock() {
        return FileLocks.lock(channel);
    }

    /// As [#lock], without waiting.
    @Nullable FileLock tryLock() {
        return FileLocks.tryLock(channel, 0, Long.BYTES, false);
    }

    /// @return null when it is somebody's
    @Nullable FileLock lockSlot(int slot) {
        return FileLocks.tryLock(channel, slotAt(slot), slotBytes(devices), false);
    }

    @Override
    public void close() {
        arena.close();
        FileLocks.close(channel);
    }
}
