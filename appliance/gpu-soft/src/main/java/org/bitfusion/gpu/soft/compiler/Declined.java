package org.bitfusion.gpu.soft.compiler;

/// Why the compiler leaves a kernel to the interpreter. An expected outcome, used inside the
/// compiler only; callers see a declined preparation.
public final class Declined extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Declined(String reason) {
        super(reason, null, false, false);
    }
}
