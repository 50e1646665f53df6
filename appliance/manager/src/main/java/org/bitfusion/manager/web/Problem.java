package org.bitfusion.manager.web;

import java.io.Serial;

/// A request that is not answered as asked: an RFC 9457 problem.
public final class Problem extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    private final int status;

    /// @param status of HTTP
    /// @param detail for who asked: why, and what to do; no secret
    public Problem(int status, String detail) {
        super(detail);
        this.status = status;
    }

    public static Problem badRequest(String detail) {
        return new Problem(400, detail);
    }

    public static Problem notFound(String detail) {
        return new Problem(404, detail);
    }

    public static Problem conflict(String detail) {
        return new Problem(409, detail);
    }

    public static Problem unavailable(String detail) {
        return new Problem(503, detail);
    }

    public int status() {
        return status;
    }

    public String detail() {
        return String.valueOf(getMessage());
    }
}
