package org.bitfusion.gpu;

import java.util.Map;
import java.util.TreeMap;

/// Everything about a device that does not change, taken once.
///
/// @param uuid 32 hexadecimal digits
/// @param totalMemory bytes that programs may be told of
/// @param attributes by CUdevice_attribute number; one that is absent answers 0
public record DeviceSnapshot(
        int index, String name, String uuid, long totalMemory, Map<Integer, Integer> attributes) {
    public DeviceSnapshot {
        attributes = new TreeMap<>(attributes);
    }
}
