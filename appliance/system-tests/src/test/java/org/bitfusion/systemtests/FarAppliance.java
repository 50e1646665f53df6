package org.bitfusion.systemtests;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// An appliance that serves, and a network in front of it.
public record FarAppliance(Appliance appliance, Relay relay) implements AutoCloseable {
    private static final int WORKERS = 8;

    public static FarAppliance start() {
        List<Integer> ports = new ArrayList<>(Relay.freePorts(WORKERS));
        Appliance appliance =
                Appliance.start(
                        Map.of(
                                "BF_SERVER_PORT_MIN", ports.getFirst().toString(),
                                "BF_SERVER_PORT_MAX", ports.getLast().toString()));
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
