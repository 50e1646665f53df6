package org.bitfusion.dispatcher;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bitfusion.ledger.ShareLedger;

/// Who may use how much of each GPU's memory, in bytes. Leases take their share out of a GPU when
/// they are granted; sessions without a lease take what they reserve, when they reserve it. So a
/// GPU is never promised twice. Devices are named by their position among the served ones.
///
/// Sessions reserve without asking this process: each lease has a [ShareLedger], the sessions
/// without one have another, which holds all GPUs and what of them is promised to leases. They are
/// files of the appliance's run folder, and go on with the next dispatcher.
///
/// Used by one thread only.
final class Ledger implements AutoCloseable {
    /// Both GPUs take memory for a program in whole pages; who gets less can allocate nothing.
    static final long SMALLEST_SHARE = 2L << 20;

    private final RunFolder folder;
    private final ShareLedger open;

    private Ledger(RunFolder folder, ShareLedger open) {
        this.folder = folder;
        this.open = open;
    }

    /// Whether the run folder holds what a dispatcher before this one promised of the same devices.
    static boolean canGoOn(RunFolder folder, List<ServedDevice> devices) throws IOException {
        return folder.devices().filter(text -> text.strip().equals(text(devices))).isPresent();
    }

    /// Goes on with what is there.
    static Ledger goOn(RunFolder folder) throws IOException {
        folder.keepLedger(folder.openLedger());
        return new Ledger(folder, ShareLedger.open(folder.openLedger()));
    }

    /// Begins with all devices free.
    static Ledger create(RunFolder folder, List<ServedDevice> devices) throws IOException {
        folder.createLedger(
                folder.openLedger(),
                devices.stream().mapToLong(ServedDevice::servedBytes).toArray());
        folder.writeDevices(text(devices));
        return goOn(folder);
    }

    private static String text(List<ServedDevice> devices) {
        return devices.stream()
                .map(device -> device.uuid() + ":" + device.servedBytes())
                .collect(Collectors.joining(" "));
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
        return IntStream.range(0, devices())
                .mapToObj(device -> new Share(device, capacity(device)))
                .toList();
    }

    /// Where the sessions without a lease reserve.
    Path openFile() {
        return folder.openLedger();
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

    /// The leases that go on have taken so much, whatever was taken before: a dispatcher may have
    /// ended between taking and granting.
    void setTaken(int device, long bytes) {
        open.setPromised(device, bytes);
    }

    @Override
    public void close() {
        open.close();
    }
}
