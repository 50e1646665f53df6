package org.bitfusion.gpu;

import java.util.List;
import java.util.Map;

/// Opens one kind of GPU.
public interface GpuDriverProvider {
    /// Short name for settings and logs: `soft` or `cuda`.
    String name();

    /// What devices there are, without claiming anything; needs no window.
    Outcome<List<DeviceSnapshot>> probe(Map<String, String> environment);

    Outcome<GpuDriver> open(DriverOptions options);
}
