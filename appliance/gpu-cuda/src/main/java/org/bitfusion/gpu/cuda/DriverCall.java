package org.bitfusion.gpu.cuda;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.bitfusion.gpu.CudaStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Calls of the driver whose failure nobody can be told of: they give back what is no longer used.
/// Each failing call is logged once.
final class DriverCall {
    private static final Logger LOG = LoggerFactory.getLogger(DriverCall.class);
    private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();

    private DriverCall() {}

    /// @param call its name
    /// @param code what it answered
    static CudaStatus checked(String call, int code) {
        CudaStatus status = CudaStatus.of(code);
        // After an error of a kernel every call answers that error.
        if (!status.isSuccess() && !status.isSticky() && TOLD.add(call + " " + code)) {
            LOG.error("call={} error={}", call, status.cudaName());
        }
        return status;
    }
}
