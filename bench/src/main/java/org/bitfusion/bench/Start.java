package org.bitfusion.bench;

import java.io.IOException;
import java.util.List;

/// From the start of `bitfusion run` to the first result of its program, over a long link.
final class Start implements AutoCloseable {
    private static final double ROUND_TRIP_MILLISECONDS = 30;
    private static final double TO_SECONDS = 1e-3;

    /// A worker and a lease are free again this long after the last command.
    private static final long REST_MILLISECONDS = 1500;

    private final String program;
    private final BenchAppliance appliance;
    private final DelayingRelay relay;

    Start(String program, BenchAppliance appliance) throws IOException {
        this.program = program;
        this.appliance = appliance;
        relay = new DelayingRelay("127.0.0.3", appliance.ports(), ROUND_TRIP_MILLISECONDS);
    }

    Row roundTrips() {
        return new Row(
                "start.rtt",
                "trips",
                true,
                8,
                this::trips,
                () -> 1,
                "a round trip of 30 ms: run until a program's first result");
    }

    private double trips() throws IOException, InterruptedException {
        double far = seconds(relay.address());
        double near = seconds("127.0.0.1");
        return (far - near) / (ROUND_TRIP_MILLISECONDS * TO_SECONDS);
    }

    private double seconds(String address) throws IOException, InterruptedException {
        Thread.sleep(REST_MILLISECONDS);
        List<String> command = appliance.runCommandAt(address, program, "result");
        return Commands.secondsUntil(command, appliance.runEnvironment());
    }

    @Override
    public void close() {
        relay.close();
    }
}
