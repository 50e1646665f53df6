package org.bitfusion.cli.connection;

import org.jspecify.annotations.Nullable;

/// `lib/java/libbitfusion_tls.so`: TLS by OpenSSL, without a socket and without waiting
/// (`client/cli/src/main/tls`). Handles are addresses of its own; 0 is none.
final class NativeTls {
    /// The most bytes that go in at once, and a record's plaintext.
    static final int RECORD = 16 * 1024;

    /// Of [#decrypt]: the other side has said that nothing follows.
    static final int CLOSED = -1;

    /// Of [#shakeHands] and [#decrypt]: nothing goes any more.
    static final int FAILED = -2;

    /// Of [#decrypt]: this or less is this less the number of the other side's alert.
    static final int ALERTED = -1000;

    private static final boolean THERE = load();

    private NativeTls() {}

    /// Whether there is such a library and the user has nothing against it.
    static boolean isThere() {
        return THERE;
    }

    @SuppressWarnings("restricted") // cli.options allow it
    private static boolean load() {
        String home = System.getProperty("bitfusion.home");
        if (home == null || "off".equals(System.getenv("BF_NATIVE_TLS"))) {
            return false;
        }
        try {
            System.load(home + "/lib/java/libbitfusion_tls.so");
            return true;
        } catch (UnsatisfiedLinkError _) {
            return false; // JSSE is there
        }
    }

    /// Reads a pool's roots, and a client's key and chain. It stays until the process ends.
    ///
    /// @param authority the file's name
    /// @param identity the file's name; null: none
    /// @param facts what an identity's certificate says: begin and end in seconds since 1970, the
    ///   last byte of its serial number or, where it is not of the pool of the roots, -1
    /// @return 0 if they cannot be used
    static native long openPool(byte[] authority, byte @Nullable [] identity, long[] facts);

    /// Begins with TLS.
    ///
    /// @param host as it was dialled; the certificate must be for it
    static native long openEngine(long pool, byte[] host);

    /// Goes on with the handshake; what it says has to be sent in any case.
    ///
    /// @param count so many bytes have come
    /// @return 1: it is over; 0: more has to come; [#FAILED]
    static native int shakeHands(long engine, byte[] came, int count);

    /// @param count so many bytes have come
    /// @return how many bytes of plaintext; 0: more has to come; [#CLOSED], [#FAILED], [#ALERTED]
    static native int decrypt(long engine, byte[] came, int count, byte[] to, int offset, int room);

    /// What is encrypted has to be sent.
    ///
    /// @param count at most [#RECORD]
    static native boolean encrypt(long engine, byte[] from, int offset, int count);

    /// Says that nothing follows; it has to be sent.
    static native void end(long engine);

    /// What has to be sent.
    static native byte[] outgoing(long engine);

    /// What both ends have in common (RFC 8446, 7.5), as many bytes as there is room for.
    static native boolean export(long engine, byte[] label, byte[] to);

    static native void closeEngine(long engine);
}
