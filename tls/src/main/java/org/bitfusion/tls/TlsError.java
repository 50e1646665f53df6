package org.bitfusion.tls;

/// What can go wrong, each with a number that stays the same for good: 71xx files and records, 72xx
/// the authority, 73xx peers' certificates, 74xx tokens, 75xx requests, 76xx users. A number is
/// never used again.
public enum TlsError {
    FILE_READABLE_BY_OTHERS(7101),
    FILE_UNREADABLE(7102),
    FILE_EXISTS(7103),
    PEM_MALFORMED(7104),
    KEY_UNUSABLE(7105),
    PASSPHRASE_WRONG(7106),
    RECORD_DAMAGED(7107),
    STORE_FAILED(7108),
    STORE_CONTENDED(7109),

    POOL_KEY_WRONG(7201),
    AUTHORITY_MISSING(7202),
    AUTHORITY_EXISTS(7203),
    AUTHORITY_EXPIRED(7204),
    ROOT_KEY_WRONG(7205),

    UNKNOWN_AUTHORITY(7301),
    CERTIFICATE_EXPIRED(7302),
    CERTIFICATE_NOT_YET_VALID(7303),
    CERTIFICATE_OF_ANOTHER_POOL(7304),
    CERTIFICATE_REVOKED(7305),
    CERTIFICATE_OF_WRONG_ROLE(7306),
    CERTIFICATE_FOR_OTHER_ADDRESS(7307),
    CERTIFICATE_MALFORMED(7308),
    CERTIFICATE_REQUIRED(7309),
    NO_COMMON_PROTOCOL(7310),
    HANDSHAKE_CUT_OFF(7311),
    OWN_CERTIFICATE_REFUSED(7312),
    SESSION_CERTIFICATE_WRONG(7313),

    TOKEN_MALFORMED(7400),
    TOKEN_WRONG(7401),
    TOKEN_EXPIRED(7402),
    TOKEN_DISABLED(7403),
    TOKEN_USED_UP(7404),
    TOKEN_OF_ANOTHER_POOL(7405),
    TOKEN_FOR_OTHER_PURPOSE(7406),
    DOWNLOAD_MALFORMED(7407),
    TOKEN_USED_TOO_OFTEN(7408),
    POOL_FULL_OF_CLIENTS(7409),

    REQUEST_MALFORMED(7501),
    REQUEST_KEY_UNACCEPTABLE(7502),
    NAME_UNACCEPTABLE(7503),
    CLIENT_ID_NOT_PROVEN(7504),

    USER_RECORD_DAMAGED(7601);

    private final int number;

    TlsError(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    /// As messages begin: `[BF-7302]`.
    public String tag() {
        return "[BF-" + number + "]";
    }
}
