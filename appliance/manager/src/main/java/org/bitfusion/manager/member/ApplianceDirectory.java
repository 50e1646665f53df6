package org.bitfusion.manager.member;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;

/// Where each appliance of the pool is reached, as each said at its start. Thread-safe.
public final class ApplianceDirectory {
    private static final String FOLDER = "appliances";
    private static final String KIND = "appliance-ports";

    private final RecordStore store;

    ApplianceDirectory(RecordStore store) {
        this.store = store;
    }

    /// @param addresses the first is its host in the ensemble
    /// @param build what runs there, for messages that name both sides
    public record Entry(
            UUID appliance,
            String name,
            List<String> addresses,
            int controlPort,
            int dispatcherPort,
            String build) {
        public Entry {
            addresses = List.copyOf(addresses);
        }

        /// `10.0.0.1:56001`, IPv6 in brackets.
        public List<String> controlAddresses() {
            return addresses.stream()
                    .map(each -> each.indexOf(':') < 0 ? each : "[" + each + "]")
                    .map(each -> each + ":" + controlPort)
                    .toList();
        }
    }

    /// @throws org.bitfusion.tls.TlsException STORE_FAILED
    void say(Entry entry) {
        RecordPath path = path(entry.appliance());
        byte[] content =
                Fields.of(KIND)
                        .with("name", entry.name())
                        .with("addresses", String.join(" ", entry.addresses()))
                        .with("control-port", entry.controlPort())
                        .with("dispatcher-port", entry.dispatcherPort())
                        .with("build", entry.build())
                        .encode();
        Optional<StoredRecord> present = store.read(path);
        // Only the appliance itself writes it, so nobody comes in between.
        if (present.isEmpty()) {
            store.create(path, content);
        } else {
            store.compareAndSet(path, present.get().version(), content);
        }
    }

    public void forget(UUID appliance) {
        store.read(path(appliance))
                .ifPresent(record -> store.delete(path(appliance), record.version()));
    }

    public List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        for (String name : store.list(FOLDER)) {
            find(UUID.fromString(name)).ifPresent(entries::add);
        }
        return entries;
    }

    public Optional<Entry> find(UUID appliance) {
        return store.read(path(appliance))
                .map(record -> {
                    Fields fields = Fields.decode(KIND, record.content());
                    return new Entry(
                            appliance,
                            fields.text("name"),
                            List.of(fields.text("addresses").split(" ")),
                            Math.toIntExact(fields.number("control-port")),
                            Math.toIntExact(fields.number("dispatcher-port")),
                            fields.text("build"));
                });
    }

    private static RecordPath path(UUID appliance) {
        return new RecordPath(FOLDER, appliance.toString());
    }
}
