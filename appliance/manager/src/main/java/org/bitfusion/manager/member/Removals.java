package org.bitfusion.manager.member;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;

/// Appliances that are being removed. A removal takes several steps, the last of which has the
/// appliance's certificate count no longer; it must not be missed because the manager that removes
/// dies on the way. So what is begun stands here until it is over, and any manager ends it
/// ([Upkeep]). Thread-safe.
public final class Removals {
    private static final String FOLDER = "removals";
    private static final String KIND = "removal";

    private final RecordStore store;

    public Removals(RecordStore store) {
        this.store = store;
    }

    /// @param by who removes it, for people
    public record Removal(UUID appliance, String by) {}

    /// From now on, when the appliance is no member any more, its certificate is to be revoked.
    ///
    /// @throws org.bitfusion.tls.TlsException STORE_FAILED
    public void begin(Removal removal) {
        store.create(path(removal.appliance()), Fields.of(KIND).with("by", removal.by()).encode());
    }

    /// It stays a member, or its certificate is revoked.
    ///
    /// @throws org.bitfusion.tls.TlsException STORE_FAILED
    public void over(UUID appliance) {
        RecordPath path = path(appliance);
        store.read(path).ifPresent(record -> store.delete(path, record.version()));
    }

    /// @throws org.bitfusion.tls.TlsException STORE_FAILED
    public Optional<Removal> find(UUID appliance) {
        return store.read(path(appliance)).map(record -> removal(appliance, record));
    }

    /// @throws org.bitfusion.tls.TlsException STORE_FAILED
    public List<Removal> begun() {
        List<Removal> begun = new ArrayList<>();
        for (String name : store.list(FOLDER)) {
            find(UUID.fromString(name)).ifPresent(begun::add);
        }
        return begun;
    }

    private static Removal removal(UUID appliance, StoredRecord record) {
        return new Removal(appliance, Fields.decode(KIND, record.content()).text("by"));
    }

    private static RecordPath path(UUID appliance) {
        return new RecordPath(FOLDER, appliance.toString());
    }
}
