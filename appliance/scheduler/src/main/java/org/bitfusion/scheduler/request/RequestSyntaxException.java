package org.bitfusion.scheduler.request;

/// A text that a user wrote means nothing; the message says what is expected.
public final class RequestSyntaxException extends IllegalArgumentException {
    private final Refusal refusal;

    RequestSyntaxException(Refusal refusal, String message) {
        super(message);
        this.refusal = refusal;
    }

    public Refusal refusal() {
        return refusal;
    }
}
