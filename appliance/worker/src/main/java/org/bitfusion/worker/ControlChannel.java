package org.bitfusion.worker;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The worker's side of the socket to the dispatcher. A worker that serves a session goes on
/// without a dispatcher, and comes to the next one that listens there.
final class ControlChannel {
    private static final Logger LOG = LoggerFactory.getLogger(ControlChannel.class);
    private static final int MOST_LINE_BYTES = 64 * 1024;
    private static final long PAUSE_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(250);

    /// Told of what the dispatcher wants.
    interface Listener {
        void open(WorkerOrder.Open order);

        /// The lease is over.
        ///
        /// @param reason what the program's user is told; empty: nothing
        void end(String reason);

        /// The dispatcher is gone; asked again and again until there is one.
        ///
        /// @return the session that is served, which a dispatcher is to be told of; null: none, so
        ///   nobody needs to be looked for
        @Nullable UUID dispatcherGone();

        /// Since the session was last used.
        Duration idle();
    }

    private final Path socket;
    private final UUID worker;
    private final ByteBuffer heard = ByteBuffer.allocate(MOST_LINE_BYTES).flip();
    private volatile @Nullable SocketChannel channel;

    /// @param socket where the dispatcher listens
    /// @param worker what the dispatcher calls this process
    ControlChannel(Path socket, UUID worker) {
        this.socket = socket;
        this.worker = worker;
    }

    /// Comes to the dispatcher that started this process.
    void connect() throws IOException {
        connect(new WorkerReport.Hello(worker));
    }

    private void connect(WorkerReport first) throws IOException {
        SocketChannel fresh = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        heard.clear().flip();
        channel = fresh;
        report(first);
    }

    /// Lost when there is no dispatcher.
    void report(WorkerReport report) {
        ByteBuffer line = ByteBuffer.wrap((report.line() + "\n").getBytes(StandardCharsets.UTF_8));
        SocketChannel to = channel;
        if (to == null) {
            return;
        }
        synchronized (this) {
            try {
                while (line.hasRemaining()) {
                    to.write(line);
                }
            } catch (IOException e) {
                LOG.debug("the dispatcher is gone, report lost");
            }
        }
    }

    /// Reads orders until there is nobody who gives any, and nobody needs to be looked for.
    void listen(Listener listener) {
        while (true) {
            follow(listener);
            UUID session = listener.dispatcherGone();
            while (session != null && !comeBack(session, listener.idle())) {
                LockSupport.parkNanos(PAUSE_NANOSECONDS);
                session = listener.dispatcherGone();
            }
            if (session == null) {
                return;
            }
        }
    }

    private boolean comeBack(UUID session, Duration idle) {
        try {
            connect(new WorkerReport.Resumed(worker, session, idle.toMillis()));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void follow(Listener listener) {
        SocketChannel from = channel;
        if (from == null) {
            return;
        }
        try (from) {
            for (String line = readLine(from); line != null; line = readLine(from)) {
                switch (WorkerOrder.parse(line)) {
                    case WorkerOrder.Open open -> listener.open(open);
                    case WorkerOrder.End(String reason) -> listener.end(reason);
                }
            }
        } catch (ProtocolException e) {
            LOG.error("error=\"{}\"", e.getMessage());
        } catch (IOException e) {
            LOG.debug("the dispatcher's socket broke");
        }
        channel = null;
    }

    private @Nullable String readLine(SocketChannel from) throws IOException {
        int looked = 0;
        while (true) {
            for (; looked < heard.remaining(); looked++) {
                if (heard.get(heard.position() + looked) == '\n') {
                    byte[] line = new byte[looked];
                    heard.get(line).get();
                    return new String(line, StandardCharsets.UTF_8);
                }
            }
            heard.compact();
            if (!heard.hasRemaining()) {
                throw new ProtocolException("a line longer than " + MOST_LINE_BYTES);
            }
            int count = from.read(heard);
            heard.flip();
            if (count < 0) {
                return null;
            }
        }
    }
}
