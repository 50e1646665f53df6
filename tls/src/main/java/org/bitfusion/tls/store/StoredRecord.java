package org.bitfusion.tls.store;

/// What lay at a place, and its version: 0 when created, one more with each change; it starts anew
/// when a record was deleted. Immutable.
public final class StoredRecord {
    private final byte[] content;
    private final long version;

    public StoredRecord(byte[] content, long version) {
        this.content = content.clone();
        this.version = version;
    }

    public byte[] content() {
        return content.clone();
    }

    public long version() {
        return version;
    }

    @Override
    public String toString() {
        return "StoredRecord[" + content.length + " bytes, version " + version + "]";
    }
}
