package org.bitfusion.tls.store;

import java.util.List;
import java.util.Optional;

/// Small records with versions, each changed whole and atomically; what an acknowledged change
/// wrote is not lost. Implementations are thread-safe. A record has at most [#MOST_BYTES].
///
/// Every method throws `TlsException` STORE_FAILED when the store cannot do what it was asked (no
/// majority, disk full); whether the change took place is then unknown.
public interface RecordStore {
    /// ZooKeeper's default limit of a node is 1 MiB less some bytes.
    int MOST_BYTES = 1_000_000;

    Optional<StoredRecord> read(RecordPath path);

    /// @return false if it was there already
    boolean create(RecordPath path, byte[] content);

    /// @return false if the record has another version, or is gone
    boolean compareAndSet(RecordPath path, long version, byte[] content);

    /// @return false if the record has another version, or is gone
    boolean delete(RecordPath path, long version);

    /// The names in a folder, sorted; none for a folder that is not there.
    List<String> list(String folder);

    /// @throws IllegalArgumentException if content is too long
    static void requireLength(byte[] content) {
        if (content.length > MOST_BYTES) {
            throw new IllegalArgumentException(
                    "content: " + content.length + " bytes (expected: at most 1000000)");
        }
    }
}
