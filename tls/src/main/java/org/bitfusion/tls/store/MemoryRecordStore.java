package org.bitfusion.tls.store;

import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/// Records of one process, gone with it.
public final class MemoryRecordStore implements RecordStore {
    private final TreeMap<RecordPath, StoredRecord> records = new TreeMap<>();

    @Override
    public synchronized Optional<StoredRecord> read(RecordPath path) {
        return Optional.ofNullable(records.get(path));
    }

    @Override
    public synchronized boolean create(RecordPath path, byte[] content) {
        RecordStore.requireLength(content);
        return records.putIfAbsent(path, new StoredRecord(content, 0)) == null;
    }

    @Override
    public synchronized boolean compareAndSet(RecordPath path, long version, byte[] content) {
        RecordStore.requireLength(content);
        StoredRecord present = records.get(path);
        if (present == null || present.version() != version) {
            return false;
        }
        records.put(path, new StoredRecord(content, version + 1));
        return true;
    }

    @Override
    public synchronized boolean delete(RecordPath path, long version) {
        StoredRecord present = records.get(path);
        if (present == null || present.version() != version) {
            return false;
        }
        records.remove(path);
        return true;
    }

    @Override
    public synchronized List<String> list(String folder) {
        RecordPath.requirePart("folder", folder);
        return records.keySet().stream()
                .filter(path -> path.folder().equals(folder))
                .map(RecordPath::name)
                .toList();
    }
}
