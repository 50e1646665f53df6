package org.bitfusion.manager.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.springframework.web.filter.OncePerRequestFilter;

/// No body is longer than [#MOST_BYTES], nor takes longer to come than [#MOST_TIME]; a single wait
/// for its next byte is the connector's to end.
public final class BodyLimit extends OncePerRequestFilter {
    /// A signing request has 16 KiB at most; nothing else is longer.
    static final int MOST_BYTES = 64 * 1024;

    static final Duration MOST_TIME = Duration.ofSeconds(20);

    @Override
    protected void doFilterInternal(
            HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        if (request.getContentLengthLong() > MOST_BYTES) {
            response.setHeader("Connection", "close");
            ProblemText.write(response, 413, tooLong().detail());
            return;
        }
        chain.doFilter(new Limited(request), response);
    }

    private static Problem tooLong() {
        return new Problem(413, "the body is longer than " + MOST_BYTES + " bytes");
    }

    private static final class Limited extends HttpServletRequestWrapper {
        Limited(HttpServletRequest request) {
            super(request);
        }

        @Override
        public ServletInputStream getInputStream() throws IOException {
            return new LimitedInput(super.getInputStream());
        }

        @Override
        public BufferedReader getReader() throws IOException {
            return new BufferedReader(
                    new InputStreamReader(getInputStream(), StandardCharsets.UTF_8));
        }
    }

    private static final class LimitedInput extends ServletInputStream {
        private final ServletInputStream input;
        private final long end = System.nanoTime() + MOST_TIME.toNanos();
        private int left = MOST_BYTES;

        LimitedInput(ServletInputStream input) {
            this.input = input;
        }

        @Override
        public int read() throws IOException {
            int value = input.read();
            count(value < 0 ? 0 : 1);
            return value;
        }

        @Override
        public int read(byte[] bytes, int from, int length) throws IOException {
            int read = input.read(bytes, from, length);
            count(Math.max(read, 0));
            return read;
        }

        private void count(int read) {
            left -= read;
            if (left < 0) {
                throw tooLong();
            }
            if (System.nanoTime() - end > 0) {
                throw new Problem(
                        408, "the body took longer than " + MOST_TIME.toSeconds() + " seconds");
            }
        }

        @Override
        public boolean isFinished() {
            return input.isFinished();
        }

        @Override
        public boolean isReady() {
            return input.isReady();
        }

        @Override
        public void setReadListener(ReadListener listener) {
            input.setReadListener(listener);
        }
    }
}
