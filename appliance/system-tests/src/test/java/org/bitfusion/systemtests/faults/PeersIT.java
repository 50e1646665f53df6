package org.bitfusion.systemtests.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.FarAppliance;
import org.bitfusion.systemtests.Relay;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Copies between two servers whose workers reach each other, do not, or no longer: the first is
/// found at its own address, the second through a relay, which the first's workers use, too.
class PeersIT {
    /// Bytes are counted.
    private static final Map<String, String> PLAIN = Map.of("BF_COMPRESSION", "off");

    private static final long LARGEST = 70L << 20;
    private static final Pattern BYTES_IN = Pattern.compile("bytes-in=(\\d+)");
    private static final Pattern ROUNDS = Pattern.compile("(\\d+) rounds");
    private static final Pattern FIRST_COPY = Pattern.compile("copy 1: (\\d+) ms");
    private static final Pattern FAILED = Pattern.compile("status 46 after (\\d+) ms");

    private record Servers(Appliance first, FarAppliance second) implements AutoCloseable {
        static Servers start(Map<String, String> settingsOfTheFirst) {
            FarAppliance second = FarAppliance.start(PLAIN);
            Map<String, String> settings = new HashMap<>(PLAIN);
            settings.put("BF_PEER_PORTS", "1024-65535");
            settings.put("BF_ACCESS_SECRET_FILE", second.appliance().accessSecretFile().toString());
            settings.putAll(settingsOfTheFirst);
            return new Servers(Appliance.start(settings), second);
        }

        Map<String, String> environment(Map<String, String> settings) throws IOException {
            Map<String, String> environment = new HashMap<>(first.clientEnvironment());
            environment.put(
                    "BF_ACCESS_SECRET_FILE", second.appliance().accessSecretFile().toString());
            Files.writeString(
                    Path.of(environment.get("BF_ADAPTOR_CONFIG")),
                    "127.0.0.1:" + first.port() + "\n" + second.address() + "\n");
            environment.putAll(PLAIN);
            environment.putAll(settings);
            return environment;
        }

        FaultsIT.Running run(String test, Map<String, String> settings) throws IOException {
            return FaultsIT.Running.start("peers", test, environment(settings));
        }

        @Override
        public void close() {
            first.close();
            second.close();
        }
    }

    private static long number(Pattern pattern, String output) {
        Matcher matcher = pattern.matcher(output);
        assertThat(matcher.find()).as(output).isTrue();
        return Long.parseLong(matcher.group(matcher.groupCount()));
    }

    /// What the program's process receives to look at the result, and for the copies if they go
    /// through it.
    private static long received(Servers servers, String direct) throws IOException {
        String test = "copies_of_all_sizes_arrive";
        CProgram.Result result =
                CProgram.build("peers")
                        .run(
                                test,
                                servers.environment(
                                        Map.of("BF_STATS", "1", "BF_DIRECT_COPIES", direct)));
        assertThat(result.output()).contains("PASSED " + test);
        return number(BYTES_IN, result.output());
    }

    @Test
    void workersThatReachEachOtherNeedNobodyElse() throws IOException {
        try (Servers servers = Servers.start(Map.of())) {
            long through = received(servers, "off");
            long direct = received(servers, "auto");
            assertThat(through - direct).isGreaterThan(LARGEST);
        }
    }

    @Test
    void anApplianceThatMayNotReachTheOtherDoesNotTry() throws IOException {
        try (Servers servers = Servers.start(Map.of("BF_PEER_NETWORKS", "192.0.2.0/24"))) {
            FaultsIT.Running program = servers.run("copies_twice", Map.of());
            int before = servers.second().relay().accepted();
            program.process().outputWriter().append("go on\n").flush();
            String output = program.rest();
            assertThat(output).contains("PASSED copies_twice");
            assertThat(servers.second().relay().accepted()).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void workersThatDoNotReachEachOtherFindOutOnce(boolean refused) throws IOException {
        try (Servers servers = Servers.start(Map.of())) {
            FaultsIT.Running program = servers.run("copies_twice", Map.of());
            if (refused) {
                servers.second().relay().refuseOthers();
            } else {
                servers.second().relay().ignoreOthers(Duration.ofMinutes(5));
            }
            program.process().outputWriter().append("go on\n").flush();
            String output = program.rest();
            assertThat(output).contains("PASSED copies_twice");
            assertThat(number(FIRST_COPY, output)).isBetween(1000L, 5000L);
            assertThat(servers.first().log()).containsOnlyOnce("is not reached");
        }
    }

    /// The client's connection and the workers' break together, or the latter alone.
    @ParameterizedTest
    @CsvSource({"always, true", "always, false", "off, true"})
    void everyCopyIsWholeWhateverBreaks(String direct, boolean all) throws Exception {
        try (Servers servers = Servers.start(Map.of())) {
            FaultsIT.Running program =
                    servers.run(
                            "copies_are_whole_whatever_breaks",
                            Map.of("BF_TEST_SECONDS", "5", "BF_DIRECT_COPIES", direct));
            Relay relay = servers.second().relay();
            for (int i = 1; i <= (all ? 6 : 3); i++) {
                if (all) {
                    long passed = relay.passed();
                    await().until(() -> relay.passed() > passed + (7 << 20));
                    relay.cut();
                } else { // only the workers' connections come anew
                    relay.cutNextAfter(1 << 20).get(30, TimeUnit.SECONDS);
                }
            }
            String output = program.rest();
            assertThat(output).contains("PASSED copies_are_whole_whatever_breaks");
            assertThat(number(ROUNDS, output)).isGreaterThanOrEqualTo(4);
            if (!all) {
                await().untilAsserted(
                                () -> assertThat(servers.first().log()).contains("breaks off"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aServerThatDiesDuringACopyFailsItAndNothingElse(int dying) throws Exception {
        try (Servers servers = Servers.start(Map.of())) {
            FaultsIT.Running program =
                    servers.run("copies_until_a_server_dies", Map.of("BF_DIRECT_COPIES", "always"));
            long passed = servers.second().relay().passed();
            await().until(() -> servers.second().relay().passed() > passed + (20 << 20));
            List<ProcessHandle> workers =
                    (dying == 0 ? servers.first() : servers.second().appliance()).workers();
            workers.forEach(ProcessHandle::destroyForcibly);
            if (dying == 1) {
                servers.second().relay().refuseOthers(); // as a server of which nobody listens
            }
            assertThat(program.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
            String output = program.rest();
            assertThat(output)
                    .contains("PASSED copies_until_a_server_dies", "well: " + (1 - dying));
            assertThat(number(FAILED, output)).isLessThan(5000);
        }
    }

    @Test
    void aPutOffCopyGoesOnWhileAnotherServerIsSilent() throws Exception {
        try (Servers servers = Servers.start(Map.of())) {
            Relay relay = servers.second().relay();
            FaultsIT.Running program =
                    servers.run("a_copy_goes_on_while_another_server_is_silent", Map.of());
            await().pollInterval(Duration.ofMillis(1)).until(() -> relay.passed() > 8 << 20);
            relay.fallSilent();
            program.process().outputWriter().append("go on\n").flush();
            assertThat(program.rest())
                    .contains("PASSED a_copy_goes_on_while_another_server_is_silent");
        }
    }
}
