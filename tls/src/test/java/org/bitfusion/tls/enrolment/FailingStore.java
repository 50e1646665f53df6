package org.bitfusion.tls.enrolment;

import java.util.List;
import java.util.Optional;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;

/// A store without a majority.
final class FailingStore implements RecordStore {
    @Override
    public Optional<StoredRecord> read(RecordPath path) {
        throw failure();
    }

    @Override
    public boolean create(RecordPath path, byte[] content) {
        throw failure();
    }

    @Override
    public boolean compareAndSet(RecordPath path, long version, byte[] content) {
        throw failure();
    }

    @Override
    public boolean delete(RecordPath path, long version) {
        throw failure();
    }

    @Override
    public List<String> list(String folder) {
        throw failure();
    }

    private static TlsException failure() {
        return new TlsException(TlsError.STORE_FAILED, "no majority");
    }
}
