package org.bitfusion.worker;

import java.util.HashMap;
import java.util.Map;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.protocol.ProtocolException;
import org.jspecify.annotations.Nullable;

/// Streams that stand still until the client says that what they wait for, at another worker, is
/// reached. The maps belong to the reader's thread; a hold is stood on by a stream's.
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
        Integer early = releasedEarly.remove(id);
        if (early != null) {
            tell(stream, early);
            return;
        }
        Hold hold = new Hold(stream);
        CudaStatus status = stream.gpu().hostFunction(hold::stand);
        if (status == CudaStatus.SUCCESS) {
            holds.put(id, hold);
        } else {
            stream.check(status);
        }
    }

    /// @param status why what was waited for will not be reached; 0: it is
    void release(long id, int status) throws ProtocolException {
        Hold hold = holds.remove(id);
        if (hold != null) {
            tell(hold.stream, status);
            hold.release();
        } else if (releasedEarly.size() < MOST) {
            releasedEarly.put(id, status);
        } else {
            throw new ProtocolException("%d releases without a hold".formatted(MOST));
        }
    }

    private static void tell(ClientStream stream, int status) {
        if (status != 0) {
            stream.check(CudaStatus.of(status));
        }
    }
}
