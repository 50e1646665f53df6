package org.bitfusion.protocol.control;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.Secret;

/// What the dispatcher tells a worker, a line each.
public sealed interface WorkerOrder {
    /// A device of the session.
    ///
    /// @param index of the device in the driver
    /// @param bytes the session's share of its memory
    record Share(int index, long bytes) {}

    /// Serve one session: open a data port, answer [WorkerReport.Listening], let in who knows the
    /// secret.
    ///
    /// @param lease all zeros: none
    /// @param session what the dispatcher calls it, and a client names in its hello
    /// @param hostWord whether the client's host tells the dispatcher when the program has ended,
    ///   which then says [End]: so a lost connection alone does not mean that the program died
    /// @param portMinimum first port to try; 0 with `portMaximum` 0: any
    /// @param process of the client, for the log
    /// @param ledger the file in which memory of the devices is reserved, in their order; the file
    ///   `host` beside it says where the ledger of the machine is
    /// @param images the folder of the lease's own images; empty: that of all
    /// @param user of the operating system to become before the client comes, or [#SAME_USER]
    record Open(
            String lease,
            UUID session,
            boolean hostWord,
            Secret secret,
            int portMinimum,
            int portMaximum,
            long windowBase,
            long windowBytes,
            int process,
            String program,
            String ledger,
            String images,
            int user,
            List<Share> devices)
            implements WorkerOrder {
        /// To go on as who one is.
        public static final int SAME_USER = -1;

        public Open {
            devices = List.copyOf(devices);
        }

        @Override
        public String line() {
            StringBuilder line =
                    new StringBuilder(
                            Words.line(
                                    "open",
                                    lease,
                                    session,
                                    hostWord ? 1 : 0,
                                    secret.hex(),
                                    portMinimum,
                                    portMaximum,
                                    Long.toHexString(windowBase),
                                    windowBytes,
                                    process,
                                    Words.escaped(program),
                                    Words.escaped(ledger),
                                    Words.escaped(images),
                                    user));
            for (Share share : devices) {
                line.append(' ').append(share.index()).append(' ').append(share.bytes());
            }
            return line.toString();
        }
    }

    /// The lease or the session is over: end now.
    ///
    /// @param reason what the program's user is told; empty: nothing
    record End(String reason) implements WorkerOrder {
        /// With nothing to tell.
        public End() {
            this("");
        }

        @Override
        public String line() {
            return Words.line("end", Words.escaped(reason));
        }
    }

    /// The line without its end. May hold a secret: not for logs.
    String line();

    static WorkerOrder parse(String line) throws ProtocolException {
        Words words = new Words(line);
        WorkerOrder order =
                switch (words.next()) {
                    case "open" -> open(words);
                    case "end" -> new End(words.text());
                    default -> throw words.broken();
                };
        if (words.hasNext()) {
            throw words.broken();
        }
        return order;
    }

    private static Open open(Words words) throws ProtocolException {
        String lease = words.next();
        UUID session = words.uuid();
        boolean hostWord;
        Secret secret;
        try {
            hostWord = words.number() == 1;
            secret = Secret.parse(words.next());
        } catch (IllegalArgumentException e) {
            throw words.broken();
        }
        int portMinimum = words.number();
        int portMaximum = words.number();
        long windowBase = words.address();
        long windowBytes = words.longNumber();
        int process = words.number();
        String program = words.text();
        String ledger = words.text();
        String images = words.text();
        int user = words.number();
        List<Share> devices = new ArrayList<>();
        while (words.hasNext()) {
            devices.add(new Share(words.number(), words.longNumber()));
        }
        return new Open(
                lease,
                session,
                hostWord,
                secret,
                portMinimum,
                portMaximum,
                windowBase,
                windowBytes,
                process,
                program,
                ledger,
                images,
                user,
                devices);
    }
}
