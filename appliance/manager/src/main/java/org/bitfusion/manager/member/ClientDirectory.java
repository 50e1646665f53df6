package org.bitfusion.manager.member;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;

/// The clients that the pool has enrolled. Thread-safe.
public final class ClientDirectory {
    /// Lists of them are read and shown whole, and ZooKeeper tells the names of a folder in one
    /// answer.
    static final int MOST = 10_000;

    private static final String FOLDER = "enrolled";
    private static final String KIND = "enrolled-client";
    private static final int TRIES = 20;

    private final RecordStore store;

    ClientDirectory(RecordStore store) {
        this.store = store;
    }

    /// @param token by which it came
    /// @param expires when its newest certificate ends
    public record Entry(UUID id, String name, Instant enrolled, Instant expires, String token) {}

    /// A client has a new certificate.
    ///
    /// @param token by which it came; empty for a renewal
    /// @throws org.bitfusion.tls.TlsException STORE_FAILED
    public void enrolled(PeerIdentity peer, Optional<String> token, Instant now) {
        RecordPath path = path(peer.id());
        for (int attempt = 0; attempt < TRIES; attempt++) {
            Optional<StoredRecord> present = store.read(path);
            Optional<Entry> before = present.map(record -> entry(peer.id(), record));
            byte[] content =
                    Fields.of(KIND)
                            .with("name", peer.name())
                            .with("enrolled", before.map(Entry::enrolled).orElse(now))
                            .with("expires", peer.notAfter())
                            .with("token", token.or(() -> before.map(Entry::token)).orElse("-"))
                            .encode();
            boolean written =
                    present.isEmpty()
                            ? store.create(path, content)
                            : store.compareAndSet(path, present.get().version(), content);
            if (written) {
                return;
            }
        }
    }

    public void forget(UUID id) {
        store.read(path(id)).ifPresent(record -> store.delete(path(id), record.version()));
    }

    /// Whether no more are enrolled.
    boolean isFull() {
        return store.list(FOLDER).size() >= MOST;
    }

    public List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        for (String name : store.list(FOLDER)) {
            find(UUID.fromString(name)).ifPresent(entries::add);
        }
        return entries;
    }

    public Optional<Entry> find(UUID id) {
        return store.read(path(id)).map(record -> entry(id, record));
    }

    private static Entry entry(UUID id, StoredRecord record) {
        Fields fields = Fields.decode(KIND, record.content());
        return new Entry(
                id,
                fields.text("name"),
                fields.instant("enrolled"),
                fields.instant("expires"),
                fields.text("token"));
    }

    private static RecordPath path(UUID id) {
        return new RecordPath(FOLDER, id.toString());
    }
}
