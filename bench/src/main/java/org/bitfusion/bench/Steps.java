package org.bitfusion.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The eager training step: how often it waits, and what that costs over a long link.
final class Steps implements AutoCloseable {
    private static final double ROUND_TRIP_MILLISECONDS = 30;
    private static final double TO_MILLISECONDS = 1e3;
    private static final int FEW = 10;
    private static final int MANY = 30;
    private static final Pattern WAITS = Pattern.compile("waits=(\\d+)");

    private final String program;
    private final BenchAppliance appliance;
    private final DelayingRelay relay;
    private final Dialogue near;
    private final Dialogue far;

    Steps(String program, BenchAppliance appliance) throws IOException {
        this.program = program;
        this.appliance = appliance;
        relay = new DelayingRelay("127.0.0.2", appliance.ports(), ROUND_TRIP_MILLISECONDS);
        near = new Dialogue(List.of(program), appliance.environment());
        far = new Dialogue(List.of(program), appliance.environment(relay.address()));
    }

    /// What a step asks for and waits for: reading a value waits once.
    Row waits() {
        return new Row(
                "step.waits",
                "waits",
                true,
                1,
                () -> (waits(MANY) - waits(FEW)) / (MANY - FEW),
                () -> 1,
                "the wait for the value that it reads");
    }

    Row roundTrips() {
        return new Row(
                "step.rtt",
                "ms",
                true,
                1.1,
                far.probe("step", TO_MILLISECONDS),
                () -> ROUND_TRIP_MILLISECONDS + near.ask("step") * TO_MILLISECONDS,
                "a round trip of 30 ms and the step without it");
    }

    private double waits(int steps) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(program, Integer.toString(steps));
        Map<String, String> environment = new HashMap<>(appliance.environment());
        environment.put("BF_STATS", "1");
        builder.environment().putAll(environment);
        builder.redirectErrorStream(true);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        process.waitFor(1, TimeUnit.MINUTES);
        Matcher matcher = WAITS.matcher(output);
        if (!matcher.find()) {
            throw new IOException(output);
        }
        return Integer.parseInt(matcher.group(1));
    }

    @Override
    public void close() throws IOException {
        near.close();
        far.close();
        relay.close();
    }
}
