package org.bitfusion.worker.wire;

import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.Credit;
import org.bitfusion.protocol.message.WireConstants;

/// Keeps the client within its window. What has arrived is counted by the reader; what was executed
/// or has landed is returned by any thread, to the client in large steps.
public final class CreditAccount {
    private static final long HARD_LIMIT = 2L * WireConstants.WINDOW;

    private final FrameWriter writer;
    private long arrived;
    private long returned;
    private long sent;

    public CreditAccount(FrameWriter writer) {
        this.writer = writer;
    }

    /// @throws ProtocolException if the client has sent far more than it may
    public synchronized void arrived(long cost) throws ProtocolException {
        arrived += cost;
        if (arrived - returned > HARD_LIMIT) {
            throw new ProtocolException(
                    "%d bytes sent beyond what was returned (expected: at most %d)"
                            .formatted(arrived - returned, WireConstants.WINDOW));
        }
    }

    /// What has arrived ever.
    public synchronized long arrived() {
        return arrived;
    }

    public void giveBack(long cost) {
        long step = 0;
        synchronized (this) {
            returned += cost;
            if (returned - sent >= WireConstants.CREDIT_STEP) {
                step = returned - sent;
                sent = returned;
            }
        }
        if (step > 0) {
            Credit credit = new Credit(step);
            writer.send(credit.wireBytes(), credit::writeFrame);
        }
    }
}
