package org.bitfusion.dispatcher;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.bitfusion.ledger.ShareLedger;

/// Who may use how much of each GPU's memory, in bytes. Leases take their share out of a GPU when
/// they are granted; sessions without a lease take what they reserve, when they reserve it. So a
/// GPU is never promised twice. Devices are named by their position among the served ones.
///
/// Sessions reserve without asking this process: each lease has a [ShareLedger], the sessions
/// without one have another, which holds all GPUs and what of them is promised to leases. They are
/// files of the appliance's run folder.
///
/// Used by one thread only.
final class Ledger implements AutoCloseable {
    /// Both GPUs take memory for a program in whole pages; who gets less can allocate nothing.
    static final long SMALLEST_SHARE = 2L << 20;

    private static final String SUFFIX = ".ledger";

    private final Path folder;
    private final Path openFile;
    private final ShareLedger open;

    /// @param folder where the files lie; what is there of an appliance before is removed
    Ledger(Path folder, List<ServedDevice> devices) throws IOException {
        this.folder = folder;
        removeAll(folder);
        openFile = folder.resolve("open" + SUFFIX);
        ShareLedger.create(
                openFile, devices.stream().mapToLong(ServedDevice::servedBytes).toArray());
        open = ShareLedger.open(openFile);
    }

    private static void removeAll(Path folder) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
    }

    int devices() {
        return open.devices();
    }

    long capacity(int device) {
        return open.limit(device);
    }

    long free(int device) {
        return open.available(device);
    }

    /// By the sessions without a lease.
    long reservedByOpen(int device) {
        return open.reserved(device);
    }

    /// What the sessions without a lease share: all that leases have left.
    List<Share> openShares() {
        return LongStream.range(0, devices())
                .mapToObj(device -> new Share((int) device, capacity((int) device)))
                .toList();
    }

    /// Where the sessions without a lease reserve.
    Path openFile() {
        return openFile;
    }

    /// @return false if so much is not free
    boolean take(int device, long bytes) {
        return open.promise(device, bytes);
    }

    void giveBack(int device, long bytes) {
        long taken = open.promised(device);
        if (bytes < 0 || bytes > taken) {
            throw new IllegalArgumentException(
                    "bytes: " + bytes + " (expected: 0 to " + taken + ")");
        }
        open.setPromised(device, taken - bytes);
    }

    /// Makes the file in which the sessions of a lease reserve what it took.
    Path create(UUID lease, List<Share> shares) throws IOException {
        Path file = folder.resolve("lease-" + lease + SUFFIX);
        ShareLedger.create(file, shares.stream().mapToLong(Share::limit).toArray());
        return file;
    }

    /// The last session is gone.
    void remove(Path file) throws IOException {
        Files.deleteIfExists(file);
    }

    @Override
    public void close() {
        open.close();
    }
}
