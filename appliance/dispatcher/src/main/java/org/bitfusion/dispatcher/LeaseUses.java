package org.bitfusion.dispatcher;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.message.DeviceUse;
import org.bitfusion.protocol.message.LeaseUseAnswer;
import org.bitfusion.protocol.message.ProgramUse;

/// Says who uses how much of a lease: what `nvidia-smi` shows in a session. Used by one thread
/// only.
final class LeaseUses {
    /// What one answer carries at most: `programs` of `lease.use`.
    private static final int MOST_ENTRIES = 16_384;

    /// Of a program's name, of at most 3 bytes each.
    private static final int MOST_LETTERS = 40;

    private final String build;
    private final List<ServedDevice> devices;
    private final LeaseTable leases;
    private final Ledger ledger;

    LeaseUses(String build, List<ServedDevice> devices, LeaseTable leases, Ledger ledger) {
        this.build = build;
        this.devices = devices;
        this.leases = leases;
        this.ledger = ledger;
    }

    /// @param id of the lease, or [Hello#NO_LEASE]
    /// @param programs that are served in it
    /// @return empty if there is no such lease (any more)
    Optional<LeaseUseAnswer> of(UUID id, List<ClientProgram> programs) {
        Optional<Lease> lease = leases.find(id);
        if (lease.isEmpty() && !id.equals(Hello.NO_LEASE)) {
            return Optional.empty();
        }
        List<Share> shares = lease.map(Lease::shares).orElseGet(ledger::openShares);
        List<DeviceUse> uses = new ArrayList<>();
        for (int place = 0; place < shares.size(); place++) {
            Share share = shares.get(place);
            ServedDevice device = devices.get(share.device());
            uses.add(
                    new DeviceUse(
                            device.uuid(),
                            device.name(),
                            device.pciBusId(),
                            device.major(),
                            device.minor(),
                            share.limit(),
                            lease.isPresent()
                                    ? leases.used(lease.get(), place)
                                    : ledger.reservedByOpen(share.device())));
        }
        List<ProgramUse> entries = new ArrayList<>();
        for (ClientProgram program : programs) {
            for (int device = 0; device < uses.size() && entries.size() < MOST_ENTRIES; device++) {
                entries.add(new ProgramUse(program.process(), device, shortened(program.name())));
            }
        }
        String version = build.substring(build.lastIndexOf(' ') + 1);
        return Optional.of(new LeaseUseAnswer(version, uses, entries));
    }

    /// Of a long path the end tells most.
    private static String shortened(String name) {
        int from = name.length() - MOST_LETTERS;
        return from <= 0
                ? name
                : "..."
                        + name.substring(
                                Character.isLowSurrogate(name.charAt(from)) ? from + 1 : from);
    }
}
