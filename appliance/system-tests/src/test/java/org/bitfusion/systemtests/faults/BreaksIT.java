package org.bitfusion.systemtests.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.Relay;
import org.junit.jupiter.api.Test;

/// Connections that break under running programs. Short by default; as long as the product's
/// promise with `-Dbitfusion.breaks.seconds=60`.
class BreaksIT {
    private static final int SECONDS = Integer.getInteger("bitfusion.breaks.seconds", 4);
    private static final int CUTS = 20;
    private static final Pattern FAILED = Pattern.compile("status (\\d+) after (\\d+) ms");

    private static final List<Integer> PORTS = Relay.freePorts(8);

    private static Appliance appliance() {
        Appliance appliance =
                Appliance.start(
                        Map.of(
                                "BF_SERVER_PORT_MIN", PORTS.getFirst().toString(),
                                "BF_SERVER_PORT_MAX", PORTS.getLast().toString()));
        await().atMost(Duration.ofMinutes(2)).until(() -> appliance.log().contains(" served"));
        return appliance;
    }

    private static Relay relay(Appliance appliance) {
        List<Integer> ports = new ArrayList<>(PORTS);
        ports.add(appliance.port());
        return Relay.start(Duration.ZERO, ports);
    }

    /// A program that has said that it works.
    private static FaultsIT.Running start(
            Appliance appliance, String test, Map<String, String> settings) throws IOException {
        Map<String, String> environment = new HashMap<>(appliance.clientEnvironment());
        Path adaptor = Path.of(environment.get("BF_ADAPTOR_CONFIG"));
        Files.writeString(adaptor, Relay.HOST + ":" + appliance.port() + "\n");
        environment.put("BF_TEST_SECONDS", Integer.toString(SECONDS));
        environment.putAll(settings);
        return FaultsIT.Running.start("breaks", test, environment);
    }

    @Test
    void aProgramWhoseConnectionIsCutOftenEndsRightAndSaysNothing() throws Exception {
        Random random = new Random();
        try (Appliance appliance = appliance();
                Relay relay = relay(appliance)) {
            FaultsIT.Running program = start(appliance, "every_call_is_executed_once", Map.of());
            int before = relay.accepted();
            for (int i = 0; i < CUTS; i++) {
                program.process()
                        .waitFor(random.nextInt(2 * 900 * SECONDS / CUTS), TimeUnit.MILLISECONDS);
                relay.cut();
            }
            assertThat(program.rest()).isEqualTo("PASSED every_call_is_executed_once\n");
            assertThat(relay.accepted() - before).isGreaterThan(CUTS / 2);
        }
    }

    @Test
    void aFrozenServerIsWaitedFor() throws Exception {
        try (Appliance appliance = appliance();
                Relay relay = relay(appliance)) {
            assertThat(relay.accepted()).isZero();
            FaultsIT.Running program =
                    start(
                            appliance,
                            "every_call_is_executed_once",
                            Map.of("BF_SILENCE_MILLISECONDS", "1000"));
            List<ProcessHandle> workers = appliance.workers();
            signal("STOP", workers);
            program.process().waitFor(1000L * SECONDS, TimeUnit.MILLISECONDS);
            signal("CONT", workers);
            assertThat(program.rest()).isEqualTo("PASSED every_call_is_executed_once\n");
        }
    }

    private static void signal(String name, List<ProcessHandle> processes) throws Exception {
        for (ProcessHandle process : processes) {
            new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
        }
    }

    @Test
    void aRelayThatIsGoneForGoodIsAnErrorWithinASecond() throws Exception {
        try (Appliance appliance = appliance();
                Relay relay = relay(appliance)) {
            FaultsIT.Running program = start(appliance, "says_when_it_fails", Map.of());
            relay.vanish();
            assertThat(milliseconds(program.rest())).isLessThan(1000);
        }
    }

    @Test
    void aNetworkThatIsSilentForGoodIsAnErrorInTime() throws Exception {
        try (Appliance appliance = appliance();
                Relay relay = relay(appliance)) {
            Map<String, String> settings =
                    Map.of(
                            "BF_SILENCE_MILLISECONDS", "800",
                            "BF_RECONNECT_MILLISECONDS", "2000");
            FaultsIT.Running program = start(appliance, "says_when_it_fails", settings);
            relay.fallSilent();
            // An attempt to connect may last 3 s beyond the time in which attempts begin.
            assertThat(milliseconds(program.rest())).isBetween(2000, 800 + 200 + 2000 + 3500);
        }
    }

    private static int milliseconds(String output) {
        Matcher matcher = FAILED.matcher(output);
        assertThat(matcher.find()).as(output).isTrue();
        return Integer.parseInt(matcher.group(2));
    }
}
