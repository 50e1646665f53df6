package org.bitfusion.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalInt;
import java.util.UUID;

/// The two hellos of a connection and the secret that both sides are to know: what proves it, and
/// what is derived from it. The secret itself never travels, and no proof is of use a second time,
/// for each is bound to both nonces.
///
/// ```
/// client                                    server
///   hello: versions, kind, id, nonce  ──→
///                                     ←──   answer: chosen version, nonce, server's proof
///   client's proof, first frames      ──→
/// ```
///
/// A client that knows the server's nonce ahead, for a session that was prepared for it, puts its
/// proof into the hello and sends its first frames behind it.
///
/// @param hello the client's, as it was sent
/// @param answer the server's, as it was sent
/// @param binding of the connection that they came over: the proofs cover it
public record Handshake(Hello hello, Hello answer, Secret secret, ChannelBinding binding) {
    private static final String SERVER = "bitfusion-server";
    private static final String CLIENT = "bitfusion-client";
    private static final String AHEAD = "bitfusion-ahead";
    private static final String LEASE = "bitfusion-lease";
    private static final String SESSION = "bitfusion-session";

    /// Over a connection without TLS.
    public Handshake(Hello hello, Hello answer, Secret secret) {
        this(hello, answer, secret, ChannelBinding.NONE);
    }

    /// The server's side over a connection without TLS.
    public static Handshake welcome(
            Hello hello, Secret secret, UUID nonce, String ownBuild, int ownProcess) {
        return welcome(hello, secret, ChannelBinding.NONE, nonce, ownBuild, ownProcess);
    }

    /// The server's side: answers a hello whose version can be spoken and whose secret is known.
    ///
    /// @param nonce never used before
    /// @throws IllegalArgumentException if there is no common version
    public static Handshake welcome(
            Hello hello,
            Secret secret,
            ChannelBinding binding,
            UUID nonce,
            String ownBuild,
            int ownProcess) {
        OptionalInt version = VersionRange.OWN.common(hello.versions());
        Hello unproved =
                new Hello(
                        VersionRange.OWN,
                        hello.kind() | Hello.ANSWER,
                        ownBuild,
                        hello.id(),
                        nonce,
                        Proof.NONE,
                        version.orElseThrow(IllegalArgumentException::new),
                        ownProcess,
                        Hello.Status.WELCOME.number(),
                        Hello.ZERO);
        return new Handshake(
                hello,
                unproved.withProof(serverProof(secret, hello, unproved, binding)),
                secret,
                binding);
    }

    private static Proof serverProof(
            Secret secret, Hello hello, Hello unproved, ChannelBinding binding) {
        return Proof.of(secret, SERVER, hello.bytes(), unproved.bytes(), binding.bytes());
    }

    /// @return the same hello with the proof of a client that knows the server's nonce ahead
    public static Hello provedAhead(Hello hello, Secret secret, UUID serverNonce) {
        return hello.withProof(aheadProof(secret, hello.withProof(Proof.NONE), serverNonce));
    }

    /// @return whether the client has proved in its hello that it knows secret and nonce
    public static boolean isProvedAhead(Hello hello, Secret secret, UUID serverNonce) {
        return hello.proof().equals(aheadProof(secret, hello.withProof(Proof.NONE), serverNonce));
    }

    private static Proof aheadProof(Secret secret, Hello unproved, UUID serverNonce) {
        return Proof.of(secret, AHEAD, unproved.bytes(), bytes(serverNonce));
    }

    /// @return whether the answer came from one who knows the secret, and says what it may
    public boolean serverIsProved() {
        return answer.proof()
                        .equals(serverProof(secret, hello, answer.withProof(Proof.NONE), binding))
                && hello.versions().contains(answer.chosen());
    }

    /// @return what the client sends after the answer
    public Proof clientProof() {
        return Proof.of(secret, CLIENT, hello.bytes(), answer.bytes(), binding.bytes());
    }

    /// @return whether the client knows the secret
    public boolean clientIsProvedBy(Proof proof) {
        return clientProof().equals(proof);
    }

    /// @return the secret of a lease that is given over this connection
    public Secret leaseSecret(UUID lease) {
        return derived(LEASE, lease);
    }

    /// @return the secret of a session that is opened over this connection
    public Secret sessionSecret(UUID session) {
        return derived(SESSION, session);
    }

    private Secret derived(String what, UUID of) {
        return Proof.of(secret, what, hello.bytes(), answer.bytes(), binding.bytes(), bytes(of))
                .asSecret();
    }

    private static ByteBuffer bytes(UUID id) {
        ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        Wire.putUuid(bytes, id);
        return bytes.flip();
    }
}
