package org.bitfusion.cluster;

/// What can go wrong, each with a number that stays the same for good: 77xx, beside those of `tls`.
/// A number is never used again.
public enum ClusterError {
    NOT_CONNECTED(7701),
    NO_MAJORITY(7702),
    OUTCOME_UNKNOWN(7703),
    RECORD_DAMAGED(7704),
    RECORD_TOO_NEW(7705),
    PROCESS_NOT_STARTED(7706),
    FOLDER_UNUSABLE(7707),
    REFUSED_BY_ZOOKEEPER(7708),
    CONTENDED(7709);

    private final int number;

    ClusterError(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    /// As messages begin: `[BF-7702]`.
    public String tag() {
        return "[BF-" + number + "]";
    }
}
