package org.bitfusion.tls.revocation;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The pool's revocation list: a record an entry, so that a thousand entries are read once and a
/// new one alone. Whoever watches the store calls [#refresh] when the folder [#FOLDER] has changed;
/// the listeners are told of each entry that is new and end the sessions that it concerns.
/// Thread-safe.
public final class RevocationList {
    public static final String FOLDER = "revocations";

    private static final Logger LOG = LoggerFactory.getLogger(RevocationList.class);

    private final RecordStore store;
    private final List<Consumer<Revocation>> listeners = new CopyOnWriteArrayList<>();
    private volatile RevocationSnapshot snapshot = RevocationSnapshot.EMPTY;

    /// Reads the list.
    public RevocationList(RecordStore store) {
        this.store = store;
        refresh();
    }

    /// As of the last refresh.
    public RevocationSnapshot snapshot() {
        return snapshot;
    }

    /// @param listener called once for each entry that comes, from the thread that refreshes
    /// @return closing it ends the calls
    public Registration listen(Consumer<Revocation> listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    /// Ends calls of a listener.
    @FunctionalInterface
    public interface Registration extends AutoCloseable {
        @Override
        void close();
    }

    /// Revokes for the whole pool, and tells this process's listeners before it returns.
    ///
    /// @return the entry that holds from now on: an earlier one if there was one
    public Revocation revoke(Revocation entry) {
        store.create(path(entry.what()), entry.fields().encode());
        LOG.info("revoked peer={} by={} reason={}", entry.what().key(), entry.by(), entry.reason());
        return refresh().find(entry.what()).orElse(entry);
    }

    /// Takes an entry back, as for a client that was disabled.
    ///
    /// @return false if there was none
    public boolean reinstate(Revoked what) {
        Optional<StoredRecord> record = store.read(path(what));
        boolean deleted = record.isPresent() && store.delete(path(what), record.get().version());
        refresh();
        if (deleted) {
            LOG.info("reinstated peer={}", what.key());
        }
        return deleted;
    }

    /// Removes the entries whose certificates have all ended.
    public void prune(Instant now) {
        for (Revocation entry : refresh().entries()) {
            if (now.isAfter(entry.until())) {
                reinstate(entry.what());
            }
        }
    }

    /// Reads what is new in the store, and tells the listeners of it.
    public RevocationSnapshot refresh() {
        List<Revocation> added = new ArrayList<>();
        RevocationSnapshot next;
        synchronized (this) {
            Map<Revoked, Revocation> entries = new HashMap<>();
            for (String name : store.list(FOLDER)) {
                Optional<Revoked> what = Revoked.parse(name);
                if (what.isEmpty()) {
                    LOG.warn("the revocation list has an entry that is none: {}", name);
                    continue;
                }
                Optional<Revocation> known = snapshot.find(what.get());
                Optional<Revocation> entry = known.isPresent() ? known : read(what.get());
                entry.ifPresent(present -> entries.put(what.get(), present));
                if (known.isEmpty()) {
                    entry.ifPresent(added::add);
                }
            }
            next = new RevocationSnapshot(entries);
            snapshot = next;
        }
        added.forEach(this::tell);
        return next;
    }

    /// An entry that makes no sense still revokes: its name says whom.
    private Optional<Revocation> read(Revoked what) {
        return store.read(path(what))
                .map(record -> {
                    try {
                        return Revocation.decode(what, record.content());
                    } catch (TlsException exception) {
                        LOG.warn("peer={} error={}", what.key(), exception.getMessage());
                        return new Revocation(what, "-", "-", Instant.EPOCH, Instant.MAX);
                    }
                });
    }

    private void tell(Revocation entry) {
        for (Consumer<Revocation> listener : listeners) {
            try {
                listener.accept(entry);
            } catch (RuntimeException exception) {
                LOG.error("a listener failed on peer={}", entry.what().key(), exception);
            }
        }
    }

    private static RecordPath path(Revoked what) {
        return new RecordPath(FOLDER, what.key());
    }
}
