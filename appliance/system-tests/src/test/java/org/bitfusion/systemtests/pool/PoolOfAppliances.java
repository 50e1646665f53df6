package org.bitfusion.systemtests.pool;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;

/// Appliances with software GPUs that form a pool, and a client that is enrolled with it.
final class PoolOfAppliances implements AutoCloseable {
    /// What each appliance has.
    static final int GPUS = 2;

    static final int MEBIBYTES = 256;

    private static final Duration START = Duration.ofMinutes(3);
    private static final int SECONDS = 60;
    private static final Pattern SERVER =
            Pattern.compile("(?s)\"name\": \"(a\\d+)\".*?\"gpus\": \\[(.*?)]");
    private static final Pattern GPU = Pattern.compile("\"uuid\": \"(?:GPU-)?([0-9A-Fa-f-]{36})\"");
    private static final Pattern LEADER = Pattern.compile("\"leader\" ?: ?\"([^\"]+)\"");
    private static final Pattern ID = Pattern.compile("\"id\" ?: ?\"([^\"]+)\"");

    private final Network network;
    private final Path folder;
    private final Map<Integer, Integer> dataNetworks;
    private final List<Member> members = new ArrayList<>();
    private final Network.Machine clientMachine;

    private PoolOfAppliances(Network network, Path folder, Map<Integer, Integer> dataNetworks) {
        this.network = network;
        this.folder = folder;
        this.dataNetworks = dataNetworks;
        clientMachine = network.client(1);
        dataNetworks.forEach((number, mtu) -> network.join(clientMachine, number, mtu));
    }

    static Path command() {
        return Repository.bitfusion();
    }

    /// Starts a pool, waits until all of it is there, and enrols a client's home by a token.
    static PoolOfAppliances start(int appliances) {
        return start(appliances, Map.of());
    }

    /// The same, with data networks that the client and all appliances are in.
    ///
    /// @param dataNetworks by number, from 2, with their MTU; only where machines are namespaces
    static PoolOfAppliances start(int appliances, Map<Integer, Integer> dataNetworks) {
        try {
            Path folder =
                    Files.createTempDirectory(Files.createDirectories(Repository.target()), "pool");
            PoolOfAppliances pool = new PoolOfAppliances(Network.make(), folder, dataNetworks);
            try {
                pool.found(appliances);
                pool.makeHome();
                pool.awaitGpus(appliances * GPUS);
            } catch (RuntimeException | IOException e) {
                pool.close();
                throw e;
            }
            return pool;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void found(int appliances) {
        members.add(new Member(1, List.of()).listening());
        Path join = folder.resolve("join.tar");
        token("appliance", join);
        for (int number = 2; number <= appliances; number++) {
            members.add(new Member(number, List.of("--join", join.toString())));
        }
        members.forEach(Member::listening);
    }

    private void awaitGpus(int count) {
        await().atMost(START)
                .pollInterval(Duration.ofMillis(500))
                .until(() -> client("list_gpus").output().split("GPU ", -1).length - 1 == count);
    }

    /// Makes a token and downloads it.
    ///
    /// @param purpose `client` or `appliance`
    private void token(String purpose, Path file) {
        String made =
                member(1).succeeds("token", "create", "--purpose", purpose, "--output", "json");
        Matcher id = ID.matcher(made);
        if (!id.find()) {
            throw new IllegalStateException(made);
        }
        member(1).succeeds("token", "download", id.group(1), "-f", file.toString());
    }

    private void makeHome() throws IOException {
        Path download = folder.resolve("client.tar");
        token("client", download);
        Path own = home().resolve(".bitfusion");
        Files.createDirectories(own.resolve("tls"));
        CProgram.Result result =
                CProgram.run(
                        List.of("tar", "-x", "-f", download.toString(), "-C", own.toString()),
                        Map.of(),
                        SECONDS);
        if (result.exitCode() != 0) {
            throw new IllegalStateException(result.output());
        }
        Files.move(own.resolve("ca.crt"), own.resolve("tls/ca.crt"));
    }

    Path home() {
        return folder.resolve("home");
    }

    /// All files of the pool and its client.
    Path folder() {
        return folder;
    }

    /// @param number from 1
    Member member(int number) {
        return members.get(number - 1);
    }

    List<Member> members() {
        return List.copyOf(members);
    }

    Network network() {
        return network;
    }

    /// A command of the client's.
    List<String> onClient(String... words) {
        List<String> command = new ArrayList<>(List.of(command().toString()));
        command.addAll(List.of(words));
        return clientMachine.command(command);
    }

    Network.Machine clientMachine() {
        return clientMachine;
    }

    Map<String, String> clientEnvironment() {
        return Map.of("HOME", home().toString());
    }

    CProgram.Result client(String... words) {
        return CProgram.run(onClient(words), clientEnvironment(), SECONDS);
    }

    /// Whether nothing of an appliance's GPUs is leased, as the pool says.
    boolean isUnused(Member member) {
        String[] servers = client("list_gpus").output().split("- server ", -1);
        for (String server : servers) {
            if (server.contains("[" + member.machine().address() + ":")) {
                return server.split("free memory %1$d MiB / %1$d MiB".formatted(MEBIBYTES), -1)
                                .length
                        == GPUS + 1;
            }
        }
        return false;
    }

    /// The GPUs of each appliance by its name, as programs write their UUIDs: 32 hexadecimal
    /// digits.
    Map<String, Set<String>> gpus() {
        Map<String, Set<String>> gpus = new HashMap<>();
        String listed = client("list_gpus", "--output", "json").output();
        Matcher server = SERVER.matcher(listed);
        while (server.find()) {
            Set<String> its = new HashSet<>();
            Matcher gpu = GPU.matcher(server.group(2));
            while (gpu.find()) {
                its.add(gpu.group(1).replace("-", "").toLowerCase(Locale.ROOT));
            }
            gpus.put(server.group(1), its);
        }
        return gpus;
    }

    /// The appliance whose ZooKeeper leads, as the first manager that is asked says.
    Member leader() {
        Path chain = folder.resolve("chain.pem");
        try {
            String all = Files.readString(home().resolve(".bitfusion/tls/client.pem"));
            String begin = "-----BEGIN CERTIFICATE";
            int second = all.indexOf(begin, all.indexOf(begin) + 1);
            Files.writeString(chain, all.substring(second));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return await("a leader")
                .atMost(START)
                .pollInterval(Duration.ofMillis(200))
                .until(
                        () ->
                                members.stream()
                                        .map(member -> askedForLeader(member, chain))
                                        .flatMap(Optional::stream)
                                        .findFirst(),
                        Optional::isPresent)
                .orElseThrow();
    }

    /// @param chain of the client's certificate, without that itself: `openssl` wants it apart
    private Optional<Member> askedForLeader(Member asked, Path chain) {
        String own = home() + "/.bitfusion/tls";
        String script =
                ("printf 'GET /api/v1/pool HTTP/1.0\\r\\n\\r\\n' | timeout 3 openssl s_client"
                                + " -connect %1$s:56001 -CAfile %2$s/ca.crt -cert %2$s/client.pem"
                                + " -cert_chain %3$s -key %2$s/client.pem -quiet 2>/dev/null")
                        .formatted(asked.machine.address(), own, chain);
        String answer =
                CProgram.run(
                                clientMachine.command(List.of("bash", "-c", script)),
                                Map.of(),
                                SECONDS)
                        .output();
        Matcher leader = LEADER.matcher(answer);
        if (!leader.find()) {
            return Optional.empty();
        }
        Matcher host =
                Pattern.compile(
                                "\"appliance\" ?: ?\"%s\" ?, ?\"host\" ?: ?\"([^\"]+)\""
                                        .formatted(leader.group(1)))
                        .matcher(answer);
        return host.find()
                ? members.stream()
                        .filter(each -> each.machine.address().equals(host.group(1)))
                        .findFirst()
                : Optional.empty();
    }

    /// An appliance.
    final class Member {
        private final Network.Machine machine;
        private final Path own;
        private Process process;

        Member(int number, List<String> options) {
            machine = network.appliance(number);
            own = folder.resolve("appliance-" + number);
            dataNetworks.forEach((each, mtu) -> network.join(machine, each, mtu));
            process = started(options);
        }

        private Process started(List<String> options) {
            List<String> words =
                    new ArrayList<>(
                            List.of(
                                    command().toString(),
                                    "manager",
                                    "--name",
                                    machine.name(),
                                    "--listen",
                                    machine.address(),
                                    "--addresses",
                                    machine.address()));
            dataNetworks
                    .keySet()
                    .forEach(number ->
                            words.addAll(
                                    List.of(
                                            "--net" + number,
                                            network.dataAddress(machine, number) + "/24")));
            words.addAll(options);
            try {
                Files.createDirectories(own);
                Files.deleteIfExists(own.resolve("output"));
                ProcessBuilder builder = new ProcessBuilder(machine.command(words));
                builder.environment().putAll(environment());
                builder.redirectInput(Path.of("/dev/null").toFile());
                builder.redirectOutput(own.resolve("output").toFile());
                builder.redirectError(
                        ProcessBuilder.Redirect.appendTo(own.resolve("log").toFile()));
                return builder.start();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private Map<String, String> environment() {
            Map<String, String> environment = new HashMap<>();
            environment.put("BF_MANAGER_FOLDER", own.toString());
            environment.put("BF_GPU", "soft");
            environment.put("BF_SOFT_DEVICES", Integer.toString(GPUS));
            environment.put("BF_SOFT_MEMORY", Integer.toString(MEBIBYTES));
            environment.put("BF_PRESTARTED_WORKERS", "1");
            environment.put("BF_WORKER_JAVA_OPTIONS", Appliance.SHORT_LIVED);
            if (!dataNetworks.isEmpty()) {
                environment.put("BF_COMPRESSION", "off"); // bytes are counted
            }
            environment.put("BF_IMAGE_STORE", own.resolve("images").toString());
            environment.put("BF_CRASH_FOLDER", own.resolve("crashes").toString());
            return environment;
        }

        Member listening() {
            await("appliance " + machine.name() + " listens")
                    .atMost(START)
                    .pollInterval(Duration.ofMillis(200))
                    .until(() -> !process.isAlive() || text("output").contains("Listening on"));
            if (!process.isAlive()) {
                throw new IllegalStateException(machine.name() + " has ended: " + log());
            }
            return this;
        }

        Network.Machine machine() {
            return machine;
        }

        Process process() {
            return process;
        }

        String log() {
            return text("log");
        }

        private String text(String name) {
            try {
                Path file = own.resolve(name);
                return Files.exists(file) ? Files.readString(file) : "";
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /// A command of its administrator's, there.
        CProgram.Result bitfusion(String... words) {
            List<String> command = new ArrayList<>(List.of(command().toString()));
            command.addAll(List.of(words));
            return CProgram.run(machine.command(command), environment(), SECONDS);
        }

        String succeeds(String... words) {
            CProgram.Result result = bitfusion(words);
            if (result.exitCode() != 0) {
                throw new IllegalStateException(List.of(words) + ": " + result.output());
            }
            return result.output();
        }

        /// Its certificate, as openssl shows it.
        String certificate() {
            return CProgram.run(
                            List.of(
                                    "openssl",
                                    "x509",
                                    "-noout",
                                    "-text",
                                    "-in",
                                    own.resolve("tls/appliance.pem").toString()),
                            Map.of(),
                            SECONDS)
                    .output();
        }

        /// Ends it with all that it started, as a machine that loses its power.
        void kill() {
            List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
            all.add(process.toHandle());
            all.addAll(network.processes(machine));
            all.forEach(ProcessHandle::destroyForcibly);
            all.forEach(handle -> handle.onExit().join());
        }

        /// Ends the manager alone: ZooKeeper ends with it, workers go on.
        void killManager() {
            process.destroyForcibly();
            process.onExit().join();
        }

        void startAgain() {
            process = started(List.of());
        }

        void stop() {
            List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
            process.destroy();
            try {
                if (!process.waitFor(20, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            all.forEach(ProcessHandle::destroyForcibly);
        }
    }

    @Override
    public void close() {
        members.parallelStream().forEach(Member::stop);
        network.close();
    }
}
