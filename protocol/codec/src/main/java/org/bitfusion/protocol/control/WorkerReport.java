package org.bitfusion.protocol.control;

import java.util.UUID;
import org.bitfusion.protocol.ProtocolException;

/// What a worker tells the dispatcher, a line each.
///
/// ```
/// started → Hello, then Device* Ready | Failed
/// after WorkerOrder.Open → Listening | NoPort | NoWindow | Failed, then Connected
/// over another connection → Resumed
/// from time to time → Used
/// ```
public sealed interface WorkerReport {
    /// Of the environment: what the dispatcher calls the worker. A command line could be read by
    /// every user.
    String NAME_VARIABLE = "BF_WORKER_NAME";

    /// The first line of a worker's first connection.
    ///
    /// @param worker what the dispatcher called it when it started the process; nobody can guess it
    record Hello(UUID worker) implements WorkerReport {
        @Override
        public String line() {
            return Words.line("hello", worker);
        }
    }

    /// The first line of a later connection, to the same dispatcher or its successor: the worker
    /// serves a session whose client has come.
    ///
    /// @param idleMilliseconds since the session was last used, as [Used] means it
    record Resumed(UUID worker, UUID session, long idleMilliseconds) implements WorkerReport {
        @Override
        public String line() {
            return Words.line("resumed", worker, session, idleMilliseconds);
        }
    }

    /// The session was used since the last such word: the program made a call, or work of it is
    /// queued or runs.
    record Used() implements WorkerReport {
        @Override
        public String line() {
            return "used";
        }
    }

    /// A GPU of this machine; told once after the start, in the order of the driver.
    ///
    /// @param pciBusId as `cuDeviceGetPCIBusId` tells it
    record Device(
            int index,
            UUID uuid,
            String name,
            long totalBytes,
            int major,
            int minor,
            String pciBusId)
            implements WorkerReport {
        @Override
        public String line() {
            return Words.line(
                    "device",
                    index,
                    uuid,
                    totalBytes,
                    major,
                    minor,
                    Words.escaped(name),
                    Words.escaped(pciBusId));
        }
    }

    /// All devices are told; a session may come.
    record Ready() implements WorkerReport {
        @Override
        public String line() {
            return "ready";
        }
    }

    /// The worker cannot do what it is for, and ends.
    record Failed(String reason) implements WorkerReport {
        @Override
        public String line() {
            return Words.line("failed", Words.escaped(reason));
        }
    }

    /// The session's data port is open.
    record Listening(int port) implements WorkerReport {
        @Override
        public String line() {
            return Words.line("listening", port);
        }
    }

    /// Every data port of the range is taken.
    record NoPort() implements WorkerReport {
        @Override
        public String line() {
            return "noport";
        }
    }

    /// The driver does not give the client's window of addresses; the worker ends.
    record NoWindow() implements WorkerReport {
        @Override
        public String line() {
            return "nowindow";
        }
    }

    /// The client has come and proved that it is the right one.
    ///
    /// @param process its number on its own host; another than asked for the session where that was
    ///   prepared for it
    record Connected(int process) implements WorkerReport {
        @Override
        public String line() {
            return Words.line("connected", process);
        }
    }

    /// The line without its end.
    String line();

    static WorkerReport parse(String line) throws ProtocolException {
        Words words = new Words(line);
        WorkerReport report =
                switch (words.next()) {
                    case "hello" -> new Hello(words.uuid());
                    case "resumed" -> new Resumed(words.uuid(), words.uuid(), words.longNumber());
                    case "used" -> new Used();
                    case "device" -> device(words);
                    case "ready" -> new Ready();
                    case "failed" -> new Failed(words.text());
                    case "listening" -> new Listening(words.number());
                    case "noport" -> new NoPort();
                    case "nowindow" -> new NoWindow();
                    case "connected" -> new Connected(words.number());
                    default -> throw words.broken();
                };
        if (words.hasNext()) {
            throw words.broken();
        }
        return report;
    }

    private static Device device(Words words) throws ProtocolException {
        int index = words.number();
        UUID uuid = words.uuid();
        long totalBytes = words.longNumber();
        int major = words.number();
        int minor = words.number();
        return new Device(index, uuid, words.text(), totalBytes, major, minor, words.text());
    }
}
