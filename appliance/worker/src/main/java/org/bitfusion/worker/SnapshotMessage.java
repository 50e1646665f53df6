package org.bitfusion.worker;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.cuda.DeviceAttribute;
import org.bitfusion.protocol.message.DeviceSnapshot;
import org.bitfusion.protocol.message.SessionDevices;

/// Puts what does not change about a session's devices into one message, so that the client never
/// asks again.
final class SnapshotMessage {
    private SnapshotMessage() {}

    static SessionDevices of(GpuDriver driver, List<GpuDevice> devices, WorkerOrder.Open order) {
        List<DeviceSnapshot> snapshots = new ArrayList<>();
        for (int i = 0; i < devices.size(); i++) {
            GpuDevice device = devices.get(i);
            var known = device.snapshot();
            long peers = 0;
            for (int other = 0; other < devices.size(); other++) {
                if (other != i && device.canAccess(devices.get(other))) {
                    peers |= 1L << other;
                }
            }
            snapshots.add(
                    new DeviceSnapshot(
                            known.name(),
                            uuid(known.uuid()),
                            0,
                            0,
                            pciBusId(known.attributes()),
                            Math.min(known.totalMemory(), order.devices().get(i).bytes()),
                            device.window().base(),
                            device.window().bytes(),
                            peers,
                            attributes(known.attributes())));
        }
        return new SessionDevices(driver.version(), snapshots);
    }

    static UUID uuid(String digits) {
        String hex = digits.replace("-", "");
        return new UUID(
                Long.parseUnsignedLong(hex.substring(0, 16), 16),
                Long.parseUnsignedLong(hex.substring(16), 16));
    }

    /// As cuDeviceGetPCIBusId writes it.
    static String pciBusId(Map<Integer, Integer> attributes) {
        return "%04x:%02x:%02x.0"
                .formatted(
                        attributes.getOrDefault(DeviceAttribute.PCI_DOMAIN_ID, 0),
                        attributes.getOrDefault(DeviceAttribute.PCI_BUS_ID, 0),
                        attributes.getOrDefault(DeviceAttribute.PCI_DEVICE_ID, 0));
    }

    private static List<org.bitfusion.protocol.message.DeviceAttribute> attributes(
            Map<Integer, Integer> attributes) {
        return attributes.entrySet().stream()
                .map(entry ->
                        new org.bitfusion.protocol.message.DeviceAttribute(
                                entry.getKey(), entry.getValue()))
                .toList();
    }
}
