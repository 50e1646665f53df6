package org.bitfusion.cli.connection;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;

/// A connection over which bytes go both ways. One thread may read while another writes, and any
/// may close it.
public interface Connection extends AutoCloseable {
    /// Waits for bytes, at least one.
    ///
    /// @return how many came; -1 at the end
    /// @throws java.net.SocketTimeoutException if none came in time; one may read on
    int read(byte[] to, int offset, int count) throws IOException;

    void write(byte[] from, int offset, int count) throws IOException;

    default void write(byte[] bytes) throws IOException {
        write(bytes, 0, bytes.length);
    }

    /// Waits for so many bytes.
    ///
    /// @throws EOFException if there are fewer
    default byte[] readFully(int count) throws IOException {
        byte[] bytes = new byte[count];
        for (int done = 0; done < count; ) {
            int came = read(bytes, done, count - done);
            if (came < 0) {
                throw new EOFException("closed the connection");
            }
            done += came;
        }
        return bytes;
    }

    /// How long reading waits from now on.
    ///
    /// @param milliseconds 0: without an end
    void setReadTimeout(int milliseconds) throws IOException;

    /// Who is at the other end.
    InetAddress peer();

    /// Reading and writing threads get an [IOException].
    @Override
    void close();
}
