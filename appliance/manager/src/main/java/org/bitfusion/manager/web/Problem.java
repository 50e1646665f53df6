package org.bitfusion.manager.web;

import java.io.Serial;

/// A request that is not answered as asked: an RFC 9457 problem.
public final class Problem extends RuntimeException {
    @Serial private static final long serialVersionUID = 1;

    private final int status;
    private final int code;

    /// @param status of HTTP
    /// @param detail for who asked: why, and what to do; no secret
    public Problem(int status, String detail) {
        this(status, detail, 0);
    }

    /// @param code a number of its reason; 0 for none but the one that the detail begins with
    public Problem(int status, String detail, int code) {
        super(detail);
        this.status = status;
        this.code = code;
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

    int code() {
        return code;
    }

    public String detail() {
        return String.valueOf(getMessage());
    }
}
