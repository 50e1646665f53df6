package org.bitfusion.cluster.pool;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/// Stands between a connection and ZooKeeper, and loses what it is told to lose. Virtual threads
/// carry the bytes.
public final class Relay implements AutoCloseable {
    private final ServerSocket listener;
    private final int target;
    private final List<Socket> open = new ArrayList<>();
    private final AtomicLong requestBytesLost = new AtomicLong();
    private volatile boolean losesRequests;
    private volatile boolean losesAnswers;
    private volatile boolean isIsolated;

    public Relay(int target) throws IOException {
        this.target = target;
        listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    public int port() {
        return listener.getLocalPort();
    }

    public void loseRequests() {
        losesRequests = true;
    }

    public void loseAnswers() {
        losesAnswers = true;
    }

    long requestBytesLost() {
        return requestBytesLost.get();
    }

    /// Breaks all connections, and lets nobody through until [#heal].
    public void isolate() throws IOException {
        isIsolated = true;
        cut();
    }

    public void heal() {
        isIsolated = false;
    }

    /// Breaks all connections; new ones lose nothing.
    public void cut() throws IOException {
        List<Socket> broken;
        synchronized (open) {
            broken = List.copyOf(open);
            open.clear();
        }
        for (Socket socket : broken) {
            socket.close();
        }
        losesRequests = false;
        losesAnswers = false;
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listener.accept();
                if (isIsolated) {
                    client.close();
                    continue;
                }
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
                synchronized (open) {
                    open.add(client);
                    open.add(server);
                }
                Thread.ofVirtual().start(() -> carry(client, server, true));
                Thread.ofVirtual().start(() -> carry(server, client, false));
            }
        } catch (IOException _) {
            // Closed.
        }
    }

    private void carry(Socket from, Socket to, boolean areRequests) {
        byte[] buffer = new byte[8192];
        try (from;
                to) {
            InputStream input = from.getInputStream();
            OutputStream output = to.getOutputStream();
            while (true) {
                int count = input.read(buffer);
                if (count < 0) {
                    return;
                }
                if (areRequests && losesRequests) {
                    requestBytesLost.addAndGet(count);
                } else if (areRequests || !losesAnswers) {
                    output.write(buffer, 0, count);
                }
            }
        } catch (IOException _) {
            // The other side sees the same.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        cut();
    }
}
