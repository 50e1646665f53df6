package org.bitfusion.systemtests;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// An appliance that serves, and a network in front of it.
public record FarAppliance(Appliance appliance, Relay relay) implements AutoCloseable {
    private static final int WORKERS = 8;

    public static FarAppliance start() {
        return start(Map.of());
    }

    public static FarAppliance start(Map<String, String> settings) {
        List<Integer> ports = new ArrayList<>(Relay.freePorts(WORKERS));
        Map<String, String> all = new HashMap<>(settings);
        all.put("BF_SERVER_PORT_MIN", ports.getFirst().toString());
        all.put("BF_SERVER_PORT_MAX", ports.getLast().toString());
        Appliance appliance = Appliance.start(all);
        await().atMost(Duration.ofMinutes(2)).until(() -> appliance.log().contains(" served"));
        ports.add(appliance.port());
        return new FarAppliance(appliance, Relay.start(Duration.ZERO, ports));
    }

    /// Where the appliance is found through the network.
    public String address() {
        return Relay.HOST + ":" + appliance.port();
    }

    @Override
    public void close() {
        relay.close();
        appliance.close();
    }
}
