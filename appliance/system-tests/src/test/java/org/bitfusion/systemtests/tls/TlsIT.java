package org.bitfusion.systemtests.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLSocket;
import org.bitfusion.protocol.Hello;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.FarAppliance;
import org.bitfusion.systemtests.Relay;
import org.bitfusion.systemtests.Repository;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.identity.CurrentIdentity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// An appliance with a certificate of a pool, its clients, and others.
class TlsIT {
    private static final PoolFiles POOL = new PoolFiles();
    private static final CProgram PROGRAM = CProgram.build("memory");
    private static final List<String> WORK =
            List.of(
                    "addresses_of_two_devices_never_meet",
                    "a_pageable_source_is_free_once_the_call_returns",
                    "a_copy_into_pinned_memory_does_not_block_and_has_landed_at_synchronise",
                    "a_copy_of_narrow_rows_from_a_bad_pointer_fails_the_call");
    private static final String COMMAND = Repository.bitfusion().toString();
    private static final int SECONDS = 120;
    private static final int LESS_THAN_A_HELLO = 100;
    private static final String UNPREPARED =
            "while [ -e $BF_ADAPTOR_CONFIG.d/preparing ]; do sleep 0.01; done;"
                    + " rm -f $BF_ADAPTOR_CONFIG.d/prepared; ";
    private static Appliance appliance;
    private static Path client;

    @BeforeAll
    static void start() {
        appliance = Appliance.start(POOL.settings("127.0.0.1"));
        client = POOL.client();
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    /// `bitfusion run` as that client.
    private static CProgram.Result run(Path home, String... words) {
        return run(appliance, home, words);
    }

    private static CProgram.Result run(Appliance appliance, Path home, String... words) {
        List<String> command =
                new java.util.ArrayList<>(
                        List.of(
                                COMMAND,
                                "run",
                                "-q",
                                "-n",
                                "2",
                                "-l",
                                "127.0.0.1:" + appliance.port(),
                                "--"));
        command.addAll(List.of(words));
        return CProgram.run(command, Map.of("HOME", home.toString(), "BF_TLS", "always"), SECONDS);
    }

    @Test
    void programsOfAClientWork() {
        String program = PROGRAM.executable().toString();
        StringBuilder expected = new StringBuilder();
        StringBuilder script = new StringBuilder();
        for (String test : WORK) {
            script.append(program).append(' ').append(test).append("; ");
            expected.append("PASSED ").append(test).append('\n');
        }
        CProgram.Result result = run(client, "bash", "-c", script.toString());
        assertThat(result.output()).isEqualTo(expected.toString());
        assertThat(result.exitCode()).isZero();
    }

    /// Whose state of TLS they have copies of.
    @Test
    void childrenOfAProgramLeaveItsSessionAlone() {
        String program = CProgram.build("process").executable().toString();
        StringBuilder expected = new StringBuilder();
        StringBuilder script = new StringBuilder();
        for (String test :
                List.of(
                        "a_forked_child_is_not_initialised_and_the_parent_goes_on",
                        "a_forked_child_can_exec_a_program_of_its_own",
                        "children_of_a_program_whose_threads_call_leave_its_session_alone")) {
            script.append(program).append(' ').append(test).append("; ");
            expected.append("PASSED ").append(test).append('\n');
        }
        CProgram.Result result = run(client, "bash", "-c", script.toString());
        assertThat(result.output())
                .isEqualTo(
                        expected.toString()
                                .replace(
                                        "PASSED a_forked_child_can",
                                        "PASSED exit_leaves_nothing_behind\nPASSED a_forked_child_can"));
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void nothingOfTheSessionIsLeft() throws Exception {
        CProgram.Result result =
                run(
                        client,
                        "bash",
                        "-c",
                        "ls -l $BF_ADAPTOR_CONFIG.d/tls; echo $BF_ADAPTOR_CONFIG");
        Path own = client.resolve(".bitfusion/tls");
        assertThat(result.output().lines().filter(line -> !line.startsWith("total")))
                .as("names of the client's files, no copies")
                .hasSize(3)
                .anyMatch(line -> line.endsWith("client.pem -> " + own.resolve("client.pem")))
                .anyMatch(line -> line.endsWith("ca.crt -> " + own.resolve("ca.crt")));
        assertThat(own.resolve("client.pem")).exists();
        Path file = Path.of(result.output().lines().toList().getLast());
        assertThat(Files.exists(file)).isFalse();
        assertThat(Files.exists(file.resolveSibling(file.getFileName() + ".d"))).isFalse();
    }

    @Test
    void aClientOfAnotherPoolIsToldWhatToDo() {
        CProgram.Result result = run(new PoolFiles().client(), "true");
        assertThat(result.exitCode()).isNotZero();
        assertThat(result.output())
                .contains("127.0.0.1:" + appliance.port())
                .contains("authority")
                .contains("token");
    }

    /// Who believes the appliance, which does not believe him: it says so last.
    private static Path disbelieved() throws Exception {
        Path home = new PoolFiles().client();
        Files.copy(
                POOL.root(),
                home.resolve(".bitfusion/tls/ca.crt"),
                StandardCopyOption.REPLACE_EXISTING);
        return home;
    }

    @Test
    void aClientThatTheApplianceDoesNotBelieveIsToldWhatToDo() throws Exception {
        CProgram.Result result = run(disbelieved(), "true");
        assertThat(result.exitCode()).isNotZero();
        assertThat(result.output())
                .contains("127.0.0.1:" + appliance.port())
                .contains("does not accept this machine's certificate")
                .contains("token");
    }

    @Test
    void aProgramThatTheApplianceDoesNotBelieveSaysWhatToDo() throws Exception {
        CProgram.Result result = runWith(disbelieved().resolve(".bitfusion/tls/client.pem"));
        assertThat(result.output()).contains("does not let this client in").contains("FAILED");
    }

    @Test
    void aUserOfTheAppliancesMachineIsToldOfTls() {
        CProgram.Result result =
                CProgram.run(
                        List.of(
                                COMMAND,
                                "run",
                                "-n",
                                "1",
                                "-l",
                                "127.0.0.1:" + appliance.port(),
                                "--",
                                "true"),
                        appliance.clientEnvironment(),
                        SECONDS);
        assertThat(result.exitCode()).isNotZero();
        assertThat(result.output()).contains("BF_TLS=always");
    }

    @Test
    void aUserWithoutACertificateIsToldWhatToDo() throws Exception {
        Path home = Files.createTempDirectory(Repository.target(), "nobody");
        CProgram.Result result = run(home, "true");
        assertThat(result.exitCode()).isNotZero();
        assertThat(result.output()).contains("client.pem").contains("enrol");
    }

    /// Who has the session's file has the lease's secret, but not its holder's key.
    @Test
    void aLeaseIsOfNoUseToAnotherClient() {
        CProgram.Result result = runWith(POOL.client().resolve(".bitfusion/tls/client.pem"));
        assertThat(result.output())
                .contains("does not know this lease")
                .contains("FAILED")
                .doesNotContain("PASSED");
    }

    /// As by a manager that ends, and starts again, while it greets.
    @Test
    void aGreetingThatIsCutOffIsTriedAgain() {
        try (FarAppliance far = FarAppliance.start(POOL.settings("127.0.0.1"))) {
            CompletableFuture<Void> isCut = far.relay().cutNextAfter(LESS_THAN_A_HELLO);
            CProgram.Result result =
                    run(
                            far.appliance(),
                            client,
                            "bash",
                            "-c",
                            UNPREPARED
                                    + "sed -i s/127.0.0.1/"
                                    + Relay.HOST
                                    + "/ $BF_ADAPTOR_CONFIG; "
                                    + PROGRAM.executable()
                                    + " "
                                    + WORK.getFirst());
            assertThat(isCut).isCompleted();
            assertThat(result.output()).isEqualTo("PASSED " + WORK.getFirst() + "\n");
        }
    }

    /// A program of a session that shows another certificate than the session's owner.
    private static CProgram.Result runWith(Path identity) {
        return run(
                client,
                "bash",
                "-c",
                UNPREPARED
                        + "ln -sf "
                        + identity
                        + " $BF_ADAPTOR_CONFIG.d/tls/client.pem; "
                        + PROGRAM.executable()
                        + " "
                        + WORK.getLast()
                        + "; exit 0");
    }

    @Test
    void withoutTlsNobodyIsAnswered() {
        Map<String, String> environment = new HashMap<>(appliance.clientEnvironment());
        CProgram.Result result = PROGRAM.run(WORK.getLast(), environment);
        assertThat(result.exitCode()).isNotZero();
        assertThat(result.output()).contains("does not answer");
    }

    /// Two machines with a cable between them.
    @Test
    void anApplianceOfAnotherMachineWorks() throws Exception {
        assumeTrue(
                CProgram.run(List.of("unshare", "--net", "true"), Map.of(), 10).exitCode() == 0,
                "network namespaces are not allowed here");
        List<String> machine =
                List.of("unshare", "--net", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh");
        Map<String, String> settings =
                Map.of("BF_TLS_FOLDER", POOL.appliance("10.99.0.1").toString());
        try (Appliance far = Appliance.start(machine, settings)) {
            String script =
                    """
                    set -e
                    ip link set lo up
                    ip link add client type veth peer name server netns %1$d
                    ip addr add 10.99.0.2/24 dev client && ip link set client up
                    nsenter --net --target %1$d sh -c \
                        'ip addr add 10.99.0.1/24 dev server && ip link set server up'
                    exec %2$s run -q -n 2 -l 10.99.0.1:%3$d -- bash -c '%4$s; %4$s'
                    """
                            .formatted(
                                    far.process().pid(),
                                    COMMAND,
                                    far.port(),
                                    PROGRAM.executable() + " " + WORK.getFirst());
            CProgram.Result result =
                    CProgram.run(
                            List.of("unshare", "--net", "bash", "-c", script),
                            Map.of("HOME", client.toString(), "BF_TLS", "always"),
                            SECONDS);
            assertThat(result.output()).isEqualTo(("PASSED " + WORK.getFirst() + "\n").repeat(2));
        }
    }

    /// On loopback the appliance's own user may; in a pool everybody would have everything.
    @Test
    void nobodyWorksWithoutALease() throws Exception {
        TlsContext tls =
                TlsContext.client(
                        Optional.of(
                                new CurrentIdentity(
                                        Identity.readFile(
                                                client.resolve(".bitfusion/tls/client.pem")))),
                        PoolTrust.ofClient(Certificates.readFile(POOL.root()), Clock.systemUTC()));
        try (SSLSocket socket =
                (SSLSocket)
                        tls.context()
                                .getSocketFactory()
                                .createSocket("127.0.0.1", appliance.port())) {
            socket.setSSLParameters(tls.parameters());
            Hello hello = Hello.of(Hello.KIND_SESSION, "test", Hello.NO_LEASE, 1);
            socket.getOutputStream().write(hello.bytes().array());
            ByteBuffer answer =
                    ByteBuffer.wrap(socket.getInputStream().readNBytes(Hello.BYTES))
                            .order(ByteOrder.LITTLE_ENDIAN);
            assertThat(Hello.read(answer).answeredStatus()).isEqualTo(Hello.Status.NOT_ALLOWED);
        }
    }

    private static CProgram.Result openssl(String... options) {
        List<String> command =
                new java.util.ArrayList<>(
                        List.of(
                                "openssl",
                                "s_client",
                                "-connect",
                                "127.0.0.1:" + appliance.port(),
                                "-CAfile",
                                POOL.root().toString()));
        command.addAll(List.of(options));
        return CProgram.run(
                List.of("bash", "-c", "sleep 1 | " + String.join(" ", command)), Map.of(), 30);
    }

    @Test
    void onlyTls13AndOnlyWithACertificate() {
        String pem = client.resolve(".bitfusion/tls/client.pem").toString();
        Path chain = client.resolve("chain.pem"); // what is behind its own certificate
        List<X509Certificate> all = Certificates.readFile(Path.of(pem));
        Certificates.writeFile(chain, all.subList(1, all.size()));
        String[] enrolled = {"-cert", pem, "-key", pem, "-cert_chain", chain.toString()};
        CProgram.Result with = openssl(enrolled);
        assertThat(with.output())
                .contains("TLSv1.3")
                .contains("Verify return code: 0 (ok)")
                .doesNotContain("alert");
        assertThat(openssl().output()).contains("certificate required");
        assertThat(openssl("-tls1_2", "-cert", pem, "-key", pem).output())
                .contains("alert protocol version");
    }
}
