package org.bitfusion.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;
import org.bitfusion.protocol.message.WireConstants;

/// What each side says first, before any frame: 128 bytes.
///
/// ```
///   0: magic "BITFUSN\x01"      8: u32 protocol version    12: u32 kind
///  16: build, 64 bytes of UTF-8, padded with zeros
///  80: id, 16 bytes            96: secret, 16 bytes
/// 112: u32 process            116: u32 flags              120: u64 0
/// ```
///
/// The answer has the same shape: 0x80 is added to the kind, and the flags hold the [Status]. It
/// never carries a secret.
///
/// @param version of the protocol that the sender speaks
/// @param kind one of the `KIND_` constants, in an answer with [#ANSWER] added
/// @param build of the sender, for messages that name both sides
/// @param id of the lease, or zero
/// @param flags 0 in a hello, the status's number in an answer
public record Hello(
        int version, int kind, String build, UUID id, Secret secret, int process, int flags) {
    /// Bytes of a hello and of its answer.
    public static final int BYTES = 128;

    /// A command line asks the dispatcher for leases; the secret is the access secret.
    public static final int KIND_LEASE = 1;

    /// A shim asks the dispatcher for a session; id and secret are the lease's, or zero and the
    /// access secret.
    public static final int KIND_SESSION = 2;

    /// A shim joins its worker; the secret is the session's.
    public static final int KIND_DATA = 3;

    /// Added to the kind in answers.
    public static final int ANSWER = 0x80;

    /// The id of those who have no lease.
    public static final UUID NO_LEASE = new UUID(0, 0);

    private static final byte[] MAGIC = "BITFUSN\u0001".getBytes(StandardCharsets.US_ASCII);
    private static final int BUILD_BYTES = 64;

    /// What an answer says.
    public enum Status {
        WELCOME(0),
        OTHER_VERSION(1),
        NOT_ALLOWED(2),
        NO_WORKER(3),
        BUSY(4),
        UNKNOWN_LEASE(5);

        private final int number;

        Status(int number) {
            this.number = number;
        }

        /// @return what travels in the flags
        public int number() {
            return number;
        }
    }

    /// @return a first hello in this version of the protocol
    public static Hello of(int kind, String build, UUID id, Secret secret, int process) {
        return new Hello(WireConstants.PROTOCOL_VERSION, kind, build, id, secret, process, 0);
    }

    /// @return the answer to this hello in this version of the protocol, which repeats the id
    public Hello answer(Status status, String ownBuild, int ownProcess) {
        return new Hello(
                WireConstants.PROTOCOL_VERSION,
                kind | ANSWER,
                ownBuild,
                id,
                Secret.NONE,
                ownProcess,
                status.number());
    }

    /// @return whether this is the answer to a hello of the kind
    public boolean answers(int helloKind) {
        return kind == (helloKind | ANSWER);
    }

    /// @return what an answer says
    /// @throws ProtocolException if its number is unknown
    public Status status() throws ProtocolException {
        for (Status status : Status.values()) {
            if (status.number == flags) {
                return status;
            }
        }
        throw new ProtocolException("hello: status " + flags);
    }

    /// Reads [#BYTES]. The version is not compared, so that a mismatch can be answered.
    ///
    /// @throws ProtocolException if the bytes are no hello
    public static Hello read(ByteBuffer in) throws ProtocolException {
        Wire.require(in, BYTES, "hello");
        in.order(ByteOrder.LITTLE_ENDIAN);
        byte[] magic = new byte[MAGIC.length];
        in.get(magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new ProtocolException("hello: not this protocol");
        }
        int version = in.getInt();
        int kind = in.getInt();
        byte[] build = new byte[BUILD_BYTES];
        in.get(build);
        UUID id = Wire.getUuid(in);
        Secret secret = Secret.read(in);
        int process = in.getInt();
        int flags = in.getInt();
        if (in.getLong() != 0) {
            throw new ProtocolException("hello: reserved bytes are not 0");
        }
        return new Hello(version, kind, text(build), id, secret, process, flags);
    }

    /// Malformed UTF-8 becomes replacement characters and control characters become '?': the text
    /// is only shown.
    private static String text(byte[] padded) {
        int length = 0;
        while (length < padded.length && padded[length] != 0) {
            length++;
        }
        return new String(padded, 0, length, StandardCharsets.UTF_8).replaceAll("\\p{Cntrl}", "?");
    }

    /// Writes [#BYTES]; a longer build is cut.
    public void write(ByteBuffer out) {
        out.order(ByteOrder.LITTLE_ENDIAN).put(MAGIC).putInt(version).putInt(kind);
        byte[] text = build.getBytes(StandardCharsets.UTF_8);
        out.put(Arrays.copyOf(text, BUILD_BYTES));
        Wire.putUuid(out, id);
        secret.write(out);
        out.putInt(process).putInt(flags).putLong(0);
    }
}
