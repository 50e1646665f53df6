package org.bitfusion.cli.lease;

import java.io.IOException;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.message.SessionOpen;
import org.bitfusion.protocol.message.SessionOpenAnswer;
import org.jspecify.annotations.Nullable;

/// A session that is asked for together with the lease, so that the first program need not ask for
/// one: that would cost it three round trips. Who needs none leaves it to the lease's end.
final class PreparedSession {
    /// The first version of the protocol in which a session can be opened so.
    static final int SINCE_VERSION = 3;

    /// Where the client's library looks first for addresses that are free in its process
    /// (`client/shim/src/session/window.c`). Where they are not, the session is not used.
    private static final long WINDOW_BASE = 16L << 40;

    private static final long WINDOW_BYTES = 4L << 40;

    private final Handshake handshake;
    private final CompletableFuture<LeaseConnection.Answer> answer;

    private PreparedSession(Handshake handshake, CompletableFuture<LeaseConnection.Answer> answer) {
        this.handshake = handshake;
        this.answer = answer;
    }

    /// Asks for it, right behind the lease, before that is granted.
    static PreparedSession ask(LeaseConnection connection, String command) throws IOException {
        SessionOpen message =
                new SessionOpen(
                        (int) ProcessHandle.current().pid(),
                        command,
                        WINDOW_BASE,
                        WINDOW_BYTES,
                        (byte) 1);
        return new PreparedSession(
                connection.handshake(),
                connection.send(SessionOpen.CALL, message.wireBytes(), message::writeFrame));
    }

    /// @param taker of the line that lets a program begin the session, or of null if there is none;
    ///   called once, by any thread
    void whenKnown(Consumer<@Nullable String> taker) {
        var _ =
                answer.whenComplete((given, failure) ->
                        taker.accept(failure != null || given.status() != 0 ? null : line(given)));
    }

    /// `port session secret window_base window_bytes`.
    private @Nullable String line(LeaseConnection.Answer given) {
        try {
            SessionOpenAnswer opened = SessionOpenAnswer.read(given.body());
            UUID session = opened.session();
            return opened.port()
                    + " "
                    + session.toString().replace("-", "")
                    + " "
                    + handshake.sessionSecret(session).hex()
                    + " "
                    + WINDOW_BASE
                    + " "
                    + WINDOW_BYTES
                    + "\n";
        } catch (IOException _) {
            return null;
        }
    }
}
