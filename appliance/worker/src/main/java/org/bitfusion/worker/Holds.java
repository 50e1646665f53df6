package org.bitfusion.worker;

import java.util.HashMap;
import java.util.Map;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.protocol.ProtocolException;
import org.jspecify.annotations.Nullable;

/// Streams that stand still until the client says that what they wait for, at another worker, is
/// reached. A hold is said by the thread that executes and stood on by a stream's; a release may be
/// said by the other thread of [FrameLoop] meanwhile, also while the driver does not take the hold.
final class Holds {
    private static final int MOST = 1 << 20;

    private final Map<Long, Hold> holds = new HashMap<>();
    private final Map<Long, Integer> releasedEarly = new HashMap<>();

    private static final class Hold {
        private final ClientStream stream;
        private @Nullable Runnable goOn;
        private boolean released;

        Hold(ClientStream stream) {
            this.stream = stream;
        }

        /// The stream has come here.
        void stand(Runnable next) {
            synchronized (this) {
                if (!released) {
                    goOn = next;
                    return;
                }
            }
            next.run();
        }

        void release() {
            Runnable next;
            synchronized (this) {
                released = true;
                next = goOn;
            }
            if (next != null) {
                next.run();
            }
        }
    }

    void hold(ClientStream stream, long id) {
        Hold hold = new Hold(stream);
        Integer early;
        synchronized (this) {
            early = releasedEarly.remove(id);
            if (early == null) {
                holds.put(id, hold);
            }
        }
        if (early != null) {
            tell(stream, early);
            return;
        }
        CudaStatus status = stream.gpu().hostFunction(hold::stand);
        if (status != CudaStatus.SUCCESS) {
            stream.check(status);
            synchronized (this) {
                holds.remove(id);
            }
        }
    }

    /// @param status why what was waited for will not be reached; 0: it is
    void release(long id, int status) throws ProtocolException {
        Hold hold;
        synchronized (this) {
            hold = holds.remove(id);
            if (hold == null) {
                if (releasedEarly.size() >= MOST) {
                    throw new ProtocolException("%d releases without a hold".formatted(MOST));
                }
                releasedEarly.put(id, status);
                return;
            }
        }
        tell(hold.stream, status);
        hold.release();
    }

    private static void tell(ClientStream stream, int status) {
        if (status != 0) {
            stream.check(CudaStatus.of(status));
        }
    }
}
