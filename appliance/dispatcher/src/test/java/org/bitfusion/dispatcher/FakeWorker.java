package org.bitfusion.dispatcher;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;

/// A worker process without a GPU, which behaves as the test says.
final class FakeWorker {
    /// Of the client that comes to it.
    static final int CLIENT_PROCESS = 4711;

    static final long DEVICE_BYTES = 1L << 30;
    static final int PORT = 4711;

    /// What a worker does.
    enum Behaviour {
        /// Serves its session until it is told to end.
        GOOD,
        /// Never gets ready.
        SLOW,
        /// Has no GPU.
        FAILS,
        /// Ends with code 5 before it is ready.
        CRASHES,
        /// Ends with code 5 as soon as it was ready.
        CRASHES_IDLE,
        /// Finds every port taken.
        NO_PORT,
        /// Cannot open the GPU when a session comes.
        FAILS_TO_OPEN,
        /// Opens its port, and nobody comes.
        LONELY,
        /// Does not end when it is told to.
        STUBBORN,
        /// Says what makes no sense.
        RAVES
    }

    private FakeWorker() {}

    static List<String> command(Behaviour behaviour) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                FakeWorker.class.getName(),
                behaviour.name());
    }

    public static void main(String[] arguments) throws IOException {
        Behaviour behaviour = Behaviour.valueOf(arguments[0]);
        try (SocketChannel channel =
                        SocketChannel.open(UnixDomainSocketAddress.of(Path.of(arguments[1])));
                BufferedReader orders =
                        new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8))) {
            say(
                    channel,
                    new WorkerReport.Hello(
                            UUID.fromString(System.getenv(WorkerReport.NAME_VARIABLE))));
            start(behaviour, channel);
            for (String line = orders.readLine(); line != null; line = orders.readLine()) {
                switch (WorkerOrder.parse(line)) {
                    case WorkerOrder.Open _ -> open(behaviour, channel);
                    case WorkerOrder.End _ -> {
                        if (behaviour != Behaviour.STUBBORN) {
                            System.exit(0);
                        }
                    }
                }
            }
        }
    }

    private static void start(Behaviour behaviour, SocketChannel channel) throws IOException {
        say(
                channel,
                new WorkerReport.Device(
                        0, new UUID(1, 1), "fake", DEVICE_BYTES, 8, 0, "0000:01:00.0"));
        switch (behaviour) {
            case SLOW -> {}
            case FAILS -> {
                say(channel, new WorkerReport.Failed("no GPU in this test"));
                System.exit(3);
            }
            case CRASHES -> System.exit(5);
            case CRASHES_IDLE -> {
                say(channel, new WorkerReport.Ready());
                System.exit(5);
            }
            case GOOD, NO_PORT, FAILS_TO_OPEN, LONELY, STUBBORN, RAVES ->
                    say(channel, new WorkerReport.Ready());
        }
    }

    private static void open(Behaviour behaviour, SocketChannel channel) throws IOException {
        switch (behaviour) {
            case NO_PORT -> {
                say(channel, new WorkerReport.NoPort());
                System.exit(3);
            }
            case FAILS_TO_OPEN -> {
                say(channel, new WorkerReport.Failed("no memory in this test"));
                System.exit(3);
            }
            case RAVES ->
                    channel.write(
                            ByteBuffer.wrap("who are you\n".getBytes(StandardCharsets.UTF_8)));
            case LONELY -> say(channel, new WorkerReport.Listening(PORT));
            case GOOD, STUBBORN, SLOW, FAILS, CRASHES, CRASHES_IDLE -> {
                say(channel, new WorkerReport.Listening(PORT));
                say(channel, new WorkerReport.Connected(CLIENT_PROCESS));
            }
        }
    }

    private static void say(SocketChannel channel, WorkerReport report) throws IOException {
        channel.write(ByteBuffer.wrap((report.line() + "\n").getBytes(StandardCharsets.UTF_8)));
    }
}
