package org.bitfusion.dispatcher;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bitfusion.ledger.HostLedger;
import org.bitfusion.ledger.HostPlace;
import org.bitfusion.ledger.ShareLedger;

/// Who may use how much of each GPU's memory, in bytes. Leases take their share out of a GPU when
/// they are granted; sessions without a lease take what they reserve, when they reserve it. So a
/// GPU is never promised twice. Devices are named by their position among the served ones.
///
/// Sessions reserve without asking this process: each lease has a [ShareLedger], the sessions
/// without one have another, which holds all GPUs and what of them is promised to leases. They are
/// files of the appliance's run folder, and go on with the next dispatcher.
///
/// What leases take, and what sessions without one reserve, is taken in the machine's ledger, too,
/// which all dispatchers of the machine have in common: so two that serve the same GPU do not
/// promise the same memory.
///
/// Used by one thread only.
final class Ledger implements AutoCloseable {
    /// Both GPUs take memory for a program in whole pages; who gets less can allocate nothing.
    static final long SMALLEST_SHARE = 2L << 20;

    private final RunFolder folder;
    private final ShareLedger open;
    private final HostLedger host;
    private final long[] regained;

    private Ledger(RunFolder folder, ShareLedger open, HostLedger host) {
        this.folder = folder;
        this.open = open;
        this.host = host;
        regained = new long[open.devices()];
    }

    /// This dispatcher's account in the machine's ledger; its workers are told where that is.
    static HostLedger joinHost(RunFolder folder, Path hostFolder, List<ServedDevice> devices)
            throws IOException {
        UUID member = folder.member();
        Map<Integer, HostLedger.Gpu> gpus = new HashMap<>();
        devices.forEach(device -> gpus.put(device.driverIndex(), device.ofHost()));
        HostLedger host =
                HostLedger.join(
                        hostFolder, member, devices.stream().map(ServedDevice::ofHost).toList());
        folder.write(new HostPlace(hostFolder, member, gpus));
        return host;
    }

    /// Whether the run folder holds what a dispatcher before this one promised of the same devices.
    static boolean canGoOn(RunFolder folder, List<ServedDevice> devices) throws IOException {
        return folder.devices().filter(text -> text.strip().equals(text(devices))).isPresent();
    }

    /// Goes on with what is there.
    ///
    /// @param host from [#joinHost]; closed with the ledger
    static Ledger goOn(RunFolder folder, HostLedger host) throws IOException {
        folder.keepLedger(folder.openLedger());
        return new Ledger(folder, ShareLedger.open(folder.openLedger()), host);
    }

    /// Begins with all devices free.
    ///
    /// @param host from [#joinHost]; closed with the ledger
    static Ledger create(RunFolder folder, HostLedger host, List<ServedDevice> devices)
            throws IOException {
        folder.createLedger(
                folder.openLedger(),
                devices.stream().mapToLong(ServedDevice::servedBytes).toArray());
        folder.writeDevices(text(devices));
        for (int device = 0; device < devices.size(); device++) {
            host.setTaken(device, 0);
        }
        return goOn(folder, host);
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
        return Math.min(open.available(device), host.free(device));
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
        if (!open.promise(device, bytes)) {
            return false;
        }
        boolean isTaken = host.take(device, bytes);
        if (!isTaken) {
            open.setPromised(device, open.promised(device) - bytes);
        }
        return isTaken;
    }

    void giveBack(int device, long bytes) {
        long taken = open.promised(device);
        if (bytes < 0 || bytes > taken) {
            throw new IllegalArgumentException(
                    "bytes: " + bytes + " (expected: 0 to " + taken + ")");
        }
        open.setPromised(device, taken - bytes);
        host.giveBack(device, bytes);
    }

    /// For what a lease of the dispatcher before has: makes sure that it is taken in the machine's
    /// ledger, too. Followed by [#setTaken] for all of them together.
    ///
    /// @return false if another dispatcher has taken it meanwhile
    boolean regain(int device, long bytes) {
        long missing = regained[device] + bytes - host.taken(device);
        boolean isTaken = missing <= 0 || host.take(device, missing);
        if (isTaken) {
            regained[device] += bytes;
        }
        return isTaken;
    }

    /// The leases that go on have taken so much, whatever was taken before: a dispatcher may have
    /// ended between taking and granting.
    void setTaken(int device, long bytes) {
        open.setPromised(device, bytes);
        host.setTaken(device, bytes);
    }

    /// Says that the machine's ledger is in use.
    void refresh() {
        host.refresh();
    }

    /// Nothing in it is of use to another dispatcher.
    void leave() {
        open.close();
        host.leave();
    }

    /// What is taken stays taken while workers of its leases live, or nobody needs it.
    @Override
    public void close() {
        open.close();
        host.close();
    }
}
