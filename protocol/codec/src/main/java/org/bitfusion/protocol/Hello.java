package org.bitfusion.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/// What each side says first, before any frame: 176 bytes. [Handshake] makes and checks the proofs.
///
/// ```
///   0: magic "BITFUSN\x02"      8: u32 highest version      12: u32 kind
///  16: build, 64 bytes of UTF-8, padded with zeros
///  80: id, 16 bytes            96: nonce, 16 bytes
/// 112: proof, 32 bytes
/// 144: u32 lowest version     148: u32 chosen version
/// 152: u32 process            156: u32 status
/// 160: 16 bytes for later versions: sent as 0, not looked at, part of what is proved
/// ```
///
/// The answer has the same shape: 0x80 is added to the kind.
///
/// @param versions that the sender speaks
/// @param kind one of the `KIND_` constants, in an answer with [#ANSWER] added
/// @param build of the sender, for messages that name both sides
/// @param id of whose secret is proved: the lease, the session, or zero for the access secret
/// @param nonce 16 bytes that the sender has never used before
/// @param proof in an answer the server's; in a hello the client's, if it knew the server's nonce
///   ahead
/// @param chosen the version of this connection in an answer that welcomes; 0 elsewhere
/// @param status 0 in a hello, the status's number in an answer
/// @param later the bytes that later versions give a meaning
public record Hello(
        VersionRange versions,
        int kind,
        String build,
        UUID id,
        UUID nonce,
        Proof proof,
        int chosen,
        int process,
        int status,
        UUID later) {
    /// Bytes of a hello and of its answer.
    public static final int BYTES = 176;

    /// A command line asks the dispatcher for leases; or, with a lease's id, renews or releases it.
    public static final int KIND_LEASE = 1;

    /// A shim asks the dispatcher for a session of a lease, or of none.
    public static final int KIND_SESSION = 2;

    /// A shim joins its worker; the id is the session's.
    public static final int KIND_DATA = 3;

    /// A shim goes on with its session over another connection; the id is the session's, and
    /// [#later] says from where. The worker answers what it has received when the client is proved.
    public static final int KIND_RESUME = 4;

    /// A worker brings another one the bytes of a copy; the id is the transfer's, and [#later] says
    /// how many there are.
    public static final int KIND_PEER = 5;

    /// A shim sends so many bytes, as [#later] says, and wants them back, to see whether large
    /// packets get through; the id is the session's. It says what the connection is for in a second
    /// hello.
    public static final int KIND_PROBE = 6;

    /// The most bytes of a probe.
    public static final int MOST_PROBE_BYTES = 64 * 1024;

    /// Added to the kind in answers.
    public static final int ANSWER = 0x80;

    /// The id of those who have no lease, and prove the access secret.
    public static final UUID NO_LEASE = new UUID(0, 0);

    /// Of a refusal, which proves nothing, and of what has no meaning yet.
    static final UUID ZERO = new UUID(0, 0);

    private static final byte[] MAGIC = "BITFUSN\u0002".getBytes(StandardCharsets.US_ASCII);
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

        /// @return what travels
        public int number() {
            return number;
        }
    }

    /// @return a first hello in the versions of this build, with a new nonce
    public static Hello of(int kind, String build, UUID id, int process) {
        return of(VersionRange.OWN, kind, build, id, process);
    }

    /// @return a first hello with a new nonce
    public static Hello of(VersionRange versions, int kind, String build, UUID id, int process) {
        return new Hello(
                versions, kind, build, id, UUID.randomUUID(), Proof.NONE, 0, process, 0, ZERO);
    }

    /// @return a hello that goes on with a session
    /// @param epoch counts the session's connections
    /// @param received bytes that the client has received of the session
    public static Hello resuming(
            String build, UUID session, int process, int epoch, long received) {
        return of(KIND_RESUME, build, session, process)
                .withLater(
                        new UUID(
                                Long.reverseBytes(received),
                                Integer.toUnsignedLong(Integer.reverseBytes(epoch))
                                        << Integer.SIZE));
    }

    /// @return a hello of a worker that brings another one so many bytes of a copy
    public static Hello bringing(String build, UUID transfer, int process, long bytes) {
        return of(KIND_PEER, build, transfer, process)
                .withLater(new UUID(Long.reverseBytes(bytes), 0));
    }

    private Hello withLater(UUID other) {
        return new Hello(versions, kind, build, id, nonce, proof, chosen, process, status, other);
    }

    /// @return of a hello that resumes: counts the session's connections
    public int epoch() {
        return Integer.reverseBytes((int) (later.getLeastSignificantBits() >>> Integer.SIZE));
    }

    /// @return of a hello that resumes: bytes that its sender has received of the session
    public long received() {
        return Long.reverseBytes(later.getMostSignificantBits());
    }

    /// @return of a worker's hello: the bytes of the copy that it brings
    public long transferBytes() {
        return Long.reverseBytes(later.getMostSignificantBits());
    }

    /// @return a hello of a shim that sends so many bytes and wants them back
    public static Hello probing(String build, UUID session, int process, long bytes) {
        return of(KIND_PROBE, build, session, process)
                .withLater(new UUID(Long.reverseBytes(bytes), 0));
    }

    /// @return of a hello that probes: how many bytes follow and are to come back
    public long probeBytes() {
        return Long.reverseBytes(later.getMostSignificantBits());
    }

    /// @return the answer that lets nobody in; it repeats the id
    public Hello refusal(Status status, String ownBuild, int ownProcess) {
        return new Hello(
                VersionRange.OWN,
                kind | ANSWER,
                ownBuild,
                id,
                ZERO,
                Proof.NONE,
                0,
                ownProcess,
                status.number(),
                ZERO);
    }

    Hello withProof(Proof other) {
        return new Hello(versions, kind, build, id, nonce, other, chosen, process, status, later);
    }

    /// @return whether this is the answer to a hello of the kind
    public boolean answers(int helloKind) {
        return kind == (helloKind | ANSWER);
    }

    /// @return what an answer says
    /// @throws ProtocolException if its number is unknown
    public Status answeredStatus() throws ProtocolException {
        for (Status known : Status.values()) {
            if (known.number == status) {
                return known;
            }
        }
        throw new ProtocolException("hello: status " + status);
    }

    /// Reads [#BYTES]. The versions are not compared, so that a mismatch can be answered.
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
        int highest = in.getInt();
        int kind = in.getInt();
        byte[] build = new byte[BUILD_BYTES];
        in.get(build);
        UUID id = Wire.getUuid(in);
        UUID nonce = Wire.getUuid(in);
        Proof proof = Proof.read(in);
        VersionRange versions = new VersionRange(in.getInt(), highest);
        int chosen = in.getInt();
        int process = in.getInt();
        int status = in.getInt();
        UUID later = Wire.getUuid(in);
        return new Hello(
                versions, kind, text(build), id, nonce, proof, chosen, process, status, later);
    }

    /// Malformed UTF-8 becomes replacement characters and control characters become '?': the text
    /// is only shown.
    private static String text(byte[] padded) {
        int length = 0;
        while (length < padded.length && padded[length] != 0) {
            length++;
        }
        StringBuilder text =
                new StringBuilder(new String(padded, 0, length, StandardCharsets.UTF_8));
        for (int i = 0; i < text.length(); i++) {
            if (Character.isISOControl(text.charAt(i))) {
                text.setCharAt(i, '?');
            }
        }
        return text.toString();
    }

    /// Writes [#BYTES]; a longer build is cut after a whole character.
    public void write(ByteBuffer out) {
        out.order(ByteOrder.LITTLE_ENDIAN).put(MAGIC).putInt(versions.maximum()).putInt(kind);
        byte[] text = new byte[BUILD_BYTES];
        var _ =
                StandardCharsets.UTF_8
                        .newEncoder()
                        .encode(CharBuffer.wrap(build), ByteBuffer.wrap(text), true);
        out.put(text);
        Wire.putUuid(out, id);
        Wire.putUuid(out, nonce);
        proof.write(out);
        out.putInt(versions.minimum()).putInt(chosen).putInt(process).putInt(status);
        Wire.putUuid(out, later);
    }

    /// @return the [#BYTES] of it
    public ByteBuffer bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES);
        write(bytes);
        return bytes.flip();
    }
}
