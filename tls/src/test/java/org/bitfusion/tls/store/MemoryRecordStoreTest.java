package org.bitfusion.tls.store;

class MemoryRecordStoreTest extends RecordStoreContract {
    @Override
    protected RecordStore store() {
        return new MemoryRecordStore();
    }
}
