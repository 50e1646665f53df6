package org.bitfusion.cli.session;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// The other end of `src/main/c/channel.h`: the process that the shell started, which is the parent
/// of this one and of the user's program. Standard input and output of this process are the channel
/// to it; the user's own are not open here.
///
/// ```
/// to the starter    | kind u8 | length u32 LE | length bytes |
///                     kind 'O' text to print, 'W' folder to watch from, 'R' program to run, 'B' bye
/// from the starter  | "started PID\n" "failed ERRNO\n" "cancel SIGNAL\n" "ended CODE\n" |
/// from its witness  | "opened SERVER SESSION\n" "gone SERVER SESSION\n" |
/// ```
///
/// The end of the stream from the starter means that it was killed, or that it was asked for with
/// 'B'.
public final class Starter {
    private static final int HEADER_BYTES = 5;
    private static final int SIGNAL_KILL = 9;
    private static final int FINISH_MILLISECONDS = 500;

    /// What the starter tells.
    public sealed interface Event {
        /// The program runs.
        record Started(long process) implements Event {}

        /// The program could not be started, for the reason `error` (an errno).
        record Failed(int error) implements Event {}

        /// The user wants to stop before a program was started; or the starter is gone (signal 9).
        record Cancelled(int signal) implements Event {}

        /// The program ended.
        record Ended(int code) implements Event {}
    }

    private final FileInputStream input = new FileInputStream(FileDescriptor.in);
    private final OutputStream output = new FileOutputStream(FileDescriptor.out);
    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Witness witness = new Witness();
    private final Thread listener = new Thread(this::listen, "starter");
    private volatile @Nullable IntConsumer onCancel;
    private volatile boolean finished;

    /// Begins to listen.
    public Starter() {
        listener.setDaemon(true);
        listener.start();
    }

    /// Has `action` run, on another thread, as soon as the user cancels or the starter is gone.
    ///
    /// @param action is given the signal's number
    public void onCancel(IntConsumer action) {
        onCancel = action;
    }

    /// Prints on the user's standard output.
    public void print(String text) {
        send('O', text.getBytes(StandardCharsets.UTF_8));
    }

    /// Has the ends of all programs told that open GPU sessions with the adaptor file that `folder`
    /// belongs to.
    ///
    /// @param onGone given a session whose program has ended, on a thread of its own, in which it
    ///   may wait
    public void watch(Path folder, Consumer<Witness.OpenSession> onGone) {
        witness.passOnTo(onGone);
        send('W', NativeText.encode(folder.toString()));
    }

    /// What the witness sees; nothing before [#watch].
    public Witness witness() {
        return witness;
    }

    /// Asks for the program's start; the answer is the next event.
    ///
    /// @param assignments `KEY=VALUE`, added to the environment that the user's shell gave
    public void run(List<String> assignments, List<String> application) {
        StringBuilder body = new StringBuilder();
        for (String assignment : assignments) {
            body.append(assignment).append('\0');
        }
        body.append('\0');
        for (String word : application) {
            body.append(word).append('\0');
        }
        send('R', NativeText.encode(body));
    }

    /// Ends the listening. A JVM that ends while one of its threads waits in a read takes 300 ms
    /// longer.
    public void finish() {
        finished = true;
        try {
            send('B', new byte[0]);
            listener.join(FINISH_MILLISECONDS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        } catch (UncheckedIOException _) {
            // The starter is gone, and with it the stream.
        }
    }

    /// The next event, waiting for it.
    public Event next() {
        try {
            return events.take();
        } catch (InterruptedException _) {
            return new Event.Cancelled(SIGNAL_KILL);
        }
    }

    /// The next event, or null when none comes within `time`.
    public @Nullable Event next(Duration time) {
        try {
            return events.poll(time.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException _) {
            return new Event.Cancelled(SIGNAL_KILL);
        }
    }

    private void send(char kind, byte[] body) {
        ByteBuffer frame =
                ByteBuffer.allocate(HEADER_BYTES + body.length).order(ByteOrder.LITTLE_ENDIAN);
        frame.put((byte) kind).putInt(body.length).put(body);
        try {
            output.write(frame.array());
        } catch (IOException exception) {
            throw new UncheckedIOException("the starter is gone", exception);
        }
    }

    private void listen() {
        StringBuilder line = new StringBuilder();
        try {
            for (int c = input.read(); c >= 0; c = input.read()) {
                if (c == '\n') {
                    hear(line.toString());
                    line.setLength(0);
                } else {
                    line.append((char) c);
                }
            }
        } catch (IOException _) {
            // The same as its end.
        }
        if (!finished) {
            cancelled(SIGNAL_KILL);
        }
    }

    private void hear(String line) {
        String[] words = line.split(" ", -1);
        int value = Integer.parseInt(words[1]);
        switch (words[0]) {
            case "opened" -> witness.opened(Witness.OpenSession.parse(words[1], words[2]));
            case "gone" -> witness.gone(Witness.OpenSession.parse(words[1], words[2]));
            case "started" -> events.add(new Event.Started(value));
            case "failed" -> events.add(new Event.Failed(value));
            case "ended" -> events.add(new Event.Ended(value));
            case "cancel" -> cancelled(value);
            default -> throw new IllegalStateException("starter says: " + line);
        }
    }

    private void cancelled(int signal) {
        events.add(new Event.Cancelled(signal));
        IntConsumer action = onCancel;
        if (action != null) {
            action.accept(signal);
        }
    }
}
