package org.bitfusion.cli.pool;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import org.bitfusion.cli.connection.Connection;

/// Reads answers of HTTP/1.1 (RFC 9112) from a connection: by length, in chunks, or to the end.
/// Neither a long nor a slow answer can hold it up: both are limited.
final class HttpInput {
    private static final int LINE_LIMIT = 8 * 1024;
    private static final int HEADER_LINES_LIMIT = 100;

    /// A pool of 1,000 appliances with 8 GPUs each is listed in 1.5 MiB.
    static final int BODY_LIMIT = 4 * 1024 * 1024;

    private static final int BUFFER_BYTES = 16 * 1024;
    private static final int NO_CONTENT = 204;
    private static final int NOT_MODIFIED = 304;

    private final Connection connection;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private int position;
    private int limit;
    private boolean keepsAlive;

    HttpInput(Connection connection) {
        this.connection = connection;
    }

    /// Something that is no HTTP, or not such as a manager speaks it.
    static final class NoHttpException extends IOException {
        private static final long serialVersionUID = 1;

        NoHttpException(String message) {
            super(message);
        }
    }

    /// Whether the connection may be used again after the answer that was read last.
    boolean keepsAlive() {
        return keepsAlive;
    }

    HttpAnswer read(Deadline deadline) throws IOException {
        int status = status(line(deadline));
        while (status >= 100 && status < 200) {
            skipHeader(deadline);
            status = status(line(deadline));
        }
        long length = -1;
        boolean chunked = false;
        boolean closes = false;
        int lines = 0;
        for (String line = line(deadline); !line.isEmpty(); line = line(deadline)) {
            if (++lines > HEADER_LINES_LIMIT) {
                throw new NoHttpException("more than " + HEADER_LINES_LIMIT + " header lines");
            }
            int colon = line.indexOf(':');
            if (colon <= 0) {
                throw new NoHttpException("a header line without a name");
            }
            String name = line.substring(0, colon);
            String value = line.substring(colon + 1).strip();
            if (name.equalsIgnoreCase("Content-Length")) {
                length = number(value, 10);
            } else if (name.equalsIgnoreCase("Transfer-Encoding")) {
                chunked = value.equalsIgnoreCase("chunked");
                if (!chunked) {
                    throw new NoHttpException("an encoding that was not asked for");
                }
            } else if (name.equalsIgnoreCase("Connection")) {
                closes = value.equalsIgnoreCase("close");
            }
        }
        keepsAlive = !closes && (chunked || length >= 0);
        if (status == NO_CONTENT || status == NOT_MODIFIED) {
            keepsAlive = !closes;
            return new HttpAnswer(status, new byte[0]);
        }
        return new HttpAnswer(status, body(chunked, length, deadline));
    }

    private void skipHeader(Deadline deadline) throws IOException {
        for (int i = 0; i < HEADER_LINES_LIMIT; i++) {
            if (line(deadline).isEmpty()) {
                return;
            }
        }
        throw new NoHttpException("more than " + HEADER_LINES_LIMIT + " header lines");
    }

    private static int status(String line) throws NoHttpException {
        boolean known =
                line.startsWith("HTTP/1.")
                        && line.length() >= "HTTP/1.1 200".length()
                        && line.charAt("HTTP/1.1".length()) == ' ';
        if (!known) {
            throw new NoHttpException("its answer does not begin with HTTP/1.1");
        }
        int begin = "HTTP/1.1 ".length();
        int status = (int) number(line.substring(begin, begin + 3), 10);
        if (status < 100) {
            throw new NoHttpException("status " + status);
        }
        return status;
    }

    private byte[] body(boolean chunked, long length, Deadline deadline) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        if (!chunked) {
            take(body, length < 0 ? Long.MAX_VALUE : length, length < 0, deadline);
            return body.toByteArray();
        }
        while (true) {
            String line = line(deadline);
            int end = line.indexOf(';');
            long bytes = number((end < 0 ? line : line.substring(0, end)).strip(), 16);
            if (bytes == 0) {
                skipHeader(deadline);
                return body.toByteArray();
            }
            take(body, bytes, false, deadline);
            if (!line(deadline).isEmpty()) {
                throw new NoHttpException("a chunk that does not end where it should");
            }
        }
    }

    private void take(ByteArrayOutputStream body, long count, boolean toEnd, Deadline deadline)
            throws IOException {
        if (!toEnd && count > BODY_LIMIT - body.size()) {
            throw tooLong();
        }
        long left = count;
        while (left > 0) {
            if (position == limit && !fill(deadline)) {
                if (toEnd) {
                    return;
                }
                throw cut();
            }
            int part = (int) Math.min(left, limit - position);
            if (part > BODY_LIMIT - body.size()) {
                throw tooLong();
            }
            body.write(buffer, position, part);
            position += part;
            left -= part;
        }
    }

    private static NoHttpException tooLong() {
        return new NoHttpException("an answer of more than " + BODY_LIMIT + " bytes");
    }

    private static EOFException cut() {
        return new EOFException("closed the connection before its answer was whole");
    }

    private static long number(String text, int radix) throws NoHttpException {
        if (text.isEmpty() || text.length() > 10) {
            throw new NoHttpException("a number that is none");
        }
        long number = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = Character.digit(text.charAt(i), radix);
            if (digit < 0) {
                throw new NoHttpException("a number that is none");
            }
            number = number * radix + digit;
        }
        return number;
    }

    private String line(Deadline deadline) throws IOException {
        StringBuilder line = new StringBuilder();
        while (true) {
            if (position == limit && !fill(deadline)) {
                throw cut();
            }
            byte next = buffer[position++];
            if (next == '\n') {
                int length = line.length();
                if (length > 0 && line.charAt(length - 1) == '\r') {
                    line.setLength(length - 1);
                }
                return line.toString();
            }
            if (line.length() == LINE_LIMIT) {
                throw new NoHttpException("a line of more than " + LINE_LIMIT + " bytes");
            }
            line.append((char) (next & 0xFF));
        }
    }

    /// False at the connection's end.
    private boolean fill(Deadline deadline) throws IOException {
        connection.setReadTimeout(deadline.millisecondsLeft());
        int count = connection.read(buffer, 0, buffer.length);
        position = 0;
        limit = Math.max(0, count);
        return count > 0;
    }
}
