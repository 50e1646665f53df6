package org.bitfusion.ptx;

/// The one failure of reading PTX or an image that carries it: malformed or out-of-range input,
/// with the line where it was noticed (1-based; 0 when the input has no lines).
public final class PtxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;

    public PtxException(int line, String message) {
        super(line > 0 ? "line " + line + ": " + message : message);
        this.line = line;
    }

    /// The 1-based line of the PTX text, or 0.
    public int line() {
        return line;
    }
}
