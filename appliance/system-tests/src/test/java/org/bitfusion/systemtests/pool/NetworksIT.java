package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Two appliances with two data networks: net2 with jumbo frames, net3 without. What is broken is
/// the first one's.
class NetworksIT {
    private static final int JUMBO = 9000;
    private static final int USUAL = 1500;
    private static final int RENEWAL_SECONDS = 60;
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final long LARGEST_COPY = 70L << 20;
    private static final Pattern BYTES_IN = Pattern.compile("bytes-in=(\\d+)");

    private static PoolOfAppliances pool;
    private static CProgram program;

    @BeforeAll
    static void startPool() {
        try (Network tried = Network.make()) {
            assumeTrue(
                    tried.isOfNamespaces(),
                    "data networks need network namespaces, which are not allowed here");
        }
        program = CProgram.build("breaks");
        pool = PoolOfAppliances.start(2, Map.of(2, JUMBO, 3, USUAL));
    }

    @AfterAll
    static void stopPool() {
        if (pool != null) {
            pool.close();
        }
    }

    @BeforeEach
    @AfterEach
    void allIsWell() {
        pool.network().plug(appliance(), true);
        for (int number : List.of(2, 3)) {
            pool.network().plug(appliance(), number, true);
        }
        pool.network().narrow(appliance(), 2, JUMBO);
        prefer();
    }

    private static Network.Machine appliance() {
        return pool.member(1).machine();
    }

    private static void prefer(String... networks) {
        String names = networks.length == 0 ? "none" : String.join(",", networks);
        String settings = pool.member(1).succeeds("settings", "set", "--data-networks", names);
        assertThat(settings)
                .contains(
                        "Data networks: "
                                + String.join(
                                        "",
                                        List.of(networks).stream()
                                                .map(name -> name + ", then ")
                                                .toList())
                                + "the fastest");
    }

    /// `bitfusion run` of a program that notices if a call is lost, or executed twice.
    private record Run(Process process, Path folder) {
        static Run start(int seconds) {
            return start(
                    List.of("-n", "1", "--server_list", appliance().address()),
                    List.of(program.executable().toString(), "every_call_is_executed_once"),
                    Map.of("BF_TEST_SECONDS", Integer.toString(seconds)));
        }

        static Run start(List<String> options, List<String> application, Map<String, String> more) {
            try {
                Path folder = Files.createTempDirectory(pool.home(), "run");
                List<String> words = new ArrayList<>(List.of("run"));
                words.addAll(options);
                words.add("--");
                words.addAll(application);
                Map<String, String> environment = new HashMap<>(pool.clientEnvironment());
                environment.putAll(more);
                environment.put("BF_LOG_FILE", folder.resolve("log").toString());
                environment.put("BF_LOG_LEVEL", "info");
                ProcessBuilder builder =
                        new ProcessBuilder(pool.onClient(words.toArray(String[]::new)));
                builder.environment().putAll(environment);
                builder.redirectInput(Path.of("/dev/null").toFile());
                builder.redirectOutput(folder.resolve("output").toFile());
                builder.redirectError(folder.resolve("errors").toFile());
                return new Run(builder.start(), folder);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private String text(String name) {
            try {
                Path file = folder.resolve(name);
                return Files.exists(file) ? Files.readString(file) : "";
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        Run working() {
            await("works")
                    .atMost(PATIENCE)
                    .until(() -> !process.isAlive() || text("output").contains("working"));
            return this;
        }

        String errors() {
            return text("errors");
        }

        /// The networks that its data went over, in turn.
        List<String> networks() {
            List<String> names = new ArrayList<>();
            text("log")
                    .lines()
                    .filter(line -> line.contains("connected to the worker over "))
                    .map(line -> line.replaceFirst(".* over (net.) .*", "$1"))
                    .forEach(names::add);
            return names;
        }

        Run endsWell() {
            try {
                assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                        .as("ends: " + errors() + text("log"))
                        .isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            assertThat(process.exitValue()).as(errors() + text("output") + text("log")).isZero();
            return this;
        }
    }

    @Test
    void aProgramGoesOnOverTheOtherNetworkWhenOneIsCut() {
        prefer("net2");
        Run run = Run.start(20).working();
        pool.network().plug(appliance(), 2, false);
        run.endsWell();
        assertThat(run.networks()).containsExactly("net2", "net3");
    }

    @Test
    void aProgramGoesToAndFro() {
        prefer("net3");
        Run run = Run.start(35).working();
        pool.network().plug(appliance(), 3, false);
        await().atMost(PATIENCE).until(() -> run.networks().size() == 2);
        pool.network().plug(appliance(), 3, true);
        pool.network().plug(appliance(), 2, false);
        run.endsWell();
        assertThat(run.networks()).containsExactly("net3", "net2", "net3");
    }

    @Test
    void thePreferredNetworkIsTaken() {
        prefer("net3", "net2");
        assertThat(Run.start(0).endsWell().networks()).containsExactly("net3");
        prefer("net2");
        assertThat(Run.start(0).endsWell().networks()).containsExactly("net2");
    }

    @Test
    void ofTwoEqualNetworksTheFasterIsTaken() throws InterruptedException {
        for (int slow : List.of(2, 3)) {
            Process way = pool.network().slow(pool.clientMachine(), slow, 20);
            try {
                assertThat(Run.start(0).endsWell().networks()).containsExactly("net" + (5 - slow));
            } finally {
                way.destroy();
                way.waitFor();
                pool.network().unslow(pool.clientMachine(), slow);
            }
        }
    }

    @Test
    void aPreferredNetworkThatIsDownCostsLittle() {
        prefer("net2");
        pool.network().plug(appliance(), 2, false);
        Run run = Run.start(0).endsWell();
        assertThat(run.networks()).containsExactly("net3");
    }

    @Test
    void aNetworkThatDropsLargePacketsIsFoundAndAvoided() {
        prefer("net2");
        pool.network().narrow(appliance(), 2, USUAL);
        Run run = Run.start(1).endsWell();
        assertThat(run.networks()).containsExactly("net3");
        assertThat(run.errors())
                .contains("large packets do not get through net2 (10.79.2.1)")
                .contains("net3 (10.79.3.1) is used instead")
                .contains("MTU");
    }

    @Test
    void whereThereIsNoOtherNetworkSmallPacketsAreUsed() {
        pool.network().narrow(appliance(), 2, USUAL);
        pool.network().plug(appliance(), 3, false);
        Run run = Run.start(1).endsWell();
        assertThat(run.networks()).containsExactly("net2");
        assertThat(run.errors())
                .contains("large packets do not get through")
                .contains("small ones");
    }

    /// As when a switch in between is exchanged: found while the program runs.
    @Test
    void aProgramLeavesANetworkThatBeginsToDropLargePackets() {
        prefer("net2");
        Run run = Run.start(25).working();
        pool.network().narrow(appliance(), 2, USUAL);
        run.endsWell();
        assertThat(run.networks()).containsExactly("net2", "net3");
        assertThat(run.errors()).contains("large packets do not get through net2");
    }

    /// Its lease is renewed over a data network.
    @Test
    void aProgramOutlivesTheManagingNetwork() {
        Run run = Run.start(RENEWAL_SECONDS + 25).working();
        pool.network().plug(appliance(), false);
        run.endsWell();
        assertThat(run.errors()).doesNotContain("has ended this session's lease");
    }

    /// The client is connected to the second appliance over net2, in which the first one is not.
    @Test
    void workersReachEachOtherInAnotherNetworkThanTheClient() {
        prefer("net2");
        long through = receivedOfACopy("off");
        pool.network().plug(appliance(), 2, false);
        assertThat(through - receivedOfACopy("auto")).isGreaterThan(LARGEST_COPY);
    }

    /// What the program's process receives in all.
    private static long receivedOfACopy(String direct) {
        Run run =
                Run.start(
                                List.of("-n", "4"),
                                List.of(
                                        CProgram.build("peers").executable().toString(),
                                        "copies_of_all_sizes_arrive"),
                                Map.of(
                                        "BF_STATS", "1",
                                        "BF_COMPRESSION", "off",
                                        "BF_DIRECT_COPIES", direct))
                        .endsWell();
        Matcher bytes = BYTES_IN.matcher(run.errors());
        long all = 0;
        while (bytes.find()) {
            all += Long.parseLong(bytes.group(1));
        }
        assertThat(all).as(run.errors()).isPositive();
        return all;
    }

    @Test
    void theCertificateNamesAllAddresses() {
        assertThat(pool.member(1).certificate())
                .contains("IP Address:10.78.0.1", "IP Address:10.79.2.1", "IP Address:10.79.3.1");
    }

    @Test
    void serversShowTheirNetworks() {
        String servers = pool.client("list_gpus", "--output", "json").output().replace(" ", "");
        assertThat(servers).contains("\"networks\":").contains("\"name\":\"net2\"");
        assertThat(servers).contains("\"address\":\"10.79.2.1\"").contains("\"mtu\":9000");
    }
}
