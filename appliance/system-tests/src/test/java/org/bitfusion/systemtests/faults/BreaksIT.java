package org.bitfusion.systemtests.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.FarAppliance;
import org.junit.jupiter.api.Test;

/// Connections that break under running programs. Short by default; as long as the product's
/// promise with `-Dbitfusion.breaks.seconds=60`.
class BreaksIT {
    private static final int SECONDS = Integer.getInteger("bitfusion.breaks.seconds", 4);
    private static final int FROZEN_SECONDS = Math.min(SECONDS, 20);
    private static final int CUTS = 20;
    private static final Pattern FAILED = Pattern.compile("status (\\d+) after (\\d+) ms");

    /// A program that has said that it works.
    private static FaultsIT.Running start(
            FarAppliance far, String name, String test, Map<String, String> settings)
            throws IOException {
        Map<String, String> environment = new HashMap<>(far.appliance().clientEnvironment());
        Files.writeString(Path.of(environment.get("BF_ADAPTOR_CONFIG")), far.address() + "\n");
        environment.put("BF_TEST_SECONDS", Integer.toString(SECONDS));
        environment.putAll(settings);
        return FaultsIT.Running.start(name, test, environment);
    }

    @Test
    void aProgramWhoseConnectionIsCutOftenEndsRightAndSaysNothing() throws Exception {
        cutOften(Map.of());
    }

    @Test
    void theSameWhereEverythingIsCompressed() throws Exception {
        cutOften(Map.of("BF_COMPRESSION", "always"));
    }

    /// @param settings of both sides
    private static void cutOften(Map<String, String> settings) throws Exception {
        Random random = new Random();
        try (FarAppliance far = FarAppliance.start(settings)) {
            FaultsIT.Running program =
                    start(far, "breaks", "every_call_is_executed_once", settings);
            int before = far.relay().accepted();
            for (int i = 0; i < CUTS; i++) {
                program.process()
                        .waitFor(random.nextInt(2 * 900 * SECONDS / CUTS), TimeUnit.MILLISECONDS);
                far.relay().cut();
            }
            assertThat(program.rest()).isEqualTo("PASSED every_call_is_executed_once\n");
            assertThat(far.relay().accepted() - before).isGreaterThan(CUTS / 2);
        }
    }

    @Test
    void aFrozenServerIsWaitedFor() throws Exception {
        try (FarAppliance far = FarAppliance.start()) {
            FaultsIT.Running program =
                    start(
                            far,
                            "breaks",
                            "every_call_is_executed_once",
                            Map.of("BF_SILENCE_MILLISECONDS", "1000"));
            List<ProcessHandle> workers = far.appliance().workers();
            signal("STOP", workers);
            assertThat(program.process().waitFor(FROZEN_SECONDS, TimeUnit.SECONDS)).isFalse();
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
        try (FarAppliance far = FarAppliance.start()) {
            FaultsIT.Running program = start(far, "process", "works_until_it_fails", Map.of());
            far.relay().vanish();
            assertThat(milliseconds(program.rest())).isLessThan(1000);
        }
    }

    /// As patient as the product is where the tests are to last as long as its promise, 70 s.
    @Test
    void aNetworkThatIsSilentForGoodIsAnErrorInTime() throws Exception {
        boolean whole = SECONDS >= 60;
        try (FarAppliance far = FarAppliance.start()) {
            Map<String, String> settings =
                    whole
                            ? Map.of()
                            : Map.of(
                                    "BF_SILENCE_MILLISECONDS", "800",
                                    "BF_RECONNECT_MILLISECONDS", "2000");
            FaultsIT.Running program = start(far, "process", "works_until_it_fails", settings);
            far.relay().fallSilent();
            // An attempt to connect may last 3 s beyond the time in which attempts begin.
            assertThat(milliseconds(program.rest()))
                    .isBetween(whole ? 50_000 : 2000, whole ? 70_000 : 800 + 200 + 2000 + 3500);
        }
    }

    private static int milliseconds(String output) {
        Matcher matcher = FAILED.matcher(output);
        assertThat(matcher.find()).as(output).isTrue();
        return Integer.parseInt(matcher.group(2));
    }
}
