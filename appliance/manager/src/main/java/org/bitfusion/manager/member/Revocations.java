package org.bitfusion.manager.member;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.RevocationList;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.bitfusion.tls.revocation.Revoked;
import org.bitfusion.tls.store.FileRecordStore;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;

/// Who is no longer let in, as this appliance's files know it: they count without a majority too,
/// and the ZooKeeper process reads them. Thread-safe.
public final class Revocations {
    private final RecordStore pool;
    private final FileRecordStore copy;
    private final RevocationList list;

    Revocations(RecordStore pool, FileRecordStore copy) {
        this.pool = pool;
        this.copy = copy;
        this.list = new RevocationList(copy);
    }

    public RevocationSnapshot snapshot() {
        return list.snapshot();
    }

    /// Revokes for the whole pool; what this appliance knows is up to date when it returns.
    ///
    /// @throws org.bitfusion.tls.TlsException STORE_FAILED
    public void revoke(Revocation entry) {
        var _ = new RevocationList(pool).revoke(entry);
        refresh();
    }

    /// Takes it back.
    public void reinstate(Revoked what) {
        new RevocationList(pool).reinstate(what);
        refresh();
    }

    /// Makes the files what the pool has.
    ///
    /// @throws org.bitfusion.tls.TlsException STORE_FAILED
    public synchronized void refresh() {
        Set<String> present = new HashSet<>(pool.list(RevocationList.FOLDER));
        for (String name : present) {
            RecordPath path = new RecordPath(RevocationList.FOLDER, name);
            if (copy.read(path).isEmpty()) {
                pool.read(path).ifPresent(record -> copy.create(path, record.content()));
            }
        }
        for (String name : copy.list(RevocationList.FOLDER)) {
            RecordPath path = new RecordPath(RevocationList.FOLDER, name);
            Optional<StoredRecord> stale =
                    present.contains(name) ? Optional.empty() : copy.read(path);
            stale.ifPresent(record -> copy.delete(path, record.version()));
        }
        list.refresh();
    }
}
