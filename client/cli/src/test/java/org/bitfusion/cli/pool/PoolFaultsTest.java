package org.bitfusion.cli.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.tls.TestPool;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Managers that are not what they should be: one line each, and never a wait without an end.
class PoolFaultsTest {
    private static final TestPool POOL = new TestPool();
    private static final Pool.Request LIST = Pool.Request.get("/api/v1/servers");

    @TempDir static Path home;
    private static PoolAccess access;

    @BeforeAll
    static void enrol() throws IOException {
        access = StandInManager.client(home, POOL);
    }

    private static Pool pool(List<ServerAddress> managers, List<String> told) {
        return new Pool(
                managers,
                access.tls(),
                Optional.empty(),
                new Notices() {
                    @Override
                    public void asking(ServerAddress address) {
                        told.add("asking " + address);
                    }

                    @Override
                    public void enrolled(ServerAddress address, String id) {}

                    @Override
                    public void warning(String text) {
                        told.add(text);
                    }
                });
    }

    private static Fault fault(
            Function<StandInManager.Asked, StandInManager.Answer> answers, Pool.Request request)
            throws IOException {
        try (StandInManager manager = new StandInManager(POOL, answers);
                Pool pool = pool(List.of(manager.address()), new ArrayList<>())) {
            Fault fault = catchThrowableOfType(Fault.class, () -> pool.succeed(request));
            assertThat(fault).isNotNull();
            assertThat(fault.line()).doesNotContain("\n");
            return fault;
        }
    }

    private static Fault faultOf(String answer) throws IOException {
        Fault fault = fault(_ -> StandInManager.Answer.raw(answer), LIST);
        assertThat(fault.line()).startsWith("Error querying server 127.0.0.1:");
        return fault;
    }

    @ParameterizedTest
    @CsvSource({"400,64", "401,77", "403,77", "404,69", "408,75", "409,69", "422,69", "503,69"})
    void aProblemIsItsDetailAndACode(int status, int code) throws IOException {
        Fault fault = fault(_ -> StandInManager.Answer.problem(status, "no, for a reason"), LIST);
        assertThat(fault.line()).endsWith("no, for a reason");
        assertThat(fault.code().number()).isEqualTo(code);
    }

    @Test
    void aProblemWithoutAReasonIsItsStatus() throws IOException {
        Fault fault = fault(_ -> StandInManager.Answer.json(500, "<html>oops"), LIST);
        assertThat(fault.line()).contains("status 500");
        Fault lines = fault(_ -> StandInManager.Answer.problem(409, "a\\nb\\u0007c"), LIST);
        assertThat(lines.line()).isEqualTo("a b c");
    }

    @Test
    void nonsenseIsNoManager() throws IOException {
        assertThat(faultOf("SSH-2.0-OpenSSH_9.2\r\n".repeat(3)).code())
                .isEqualTo(ExitCode.PROTOCOL);
        for (String answer :
                List.of(
                        "HTTP/1.1 OK\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
                        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                        "HTTP/1.1 200 OK\r\n" + "a: b\r\n".repeat(101) + "\r\n",
                        "HTTP/1.1 " + "2".repeat(9000))) {
            assertThat(faultOf(answer).line()).contains("is no Bitfusion manager (");
        }
    }

    @Test
    void anAnswerOfTenMegabytesIsNotRead() throws IOException {
        String body = "x".repeat(10 << 20);
        assertThat(faultOf("HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n" + body).line())
                .contains("more than 4194304 bytes");
        assertThat(
                        faultOf(
                                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                                + ("100000\r\n" + "x".repeat(1 << 20) + "\r\n")
                                                        .repeat(10))
                                .line())
                .contains("more than 4194304 bytes");
        assertThat(faultOf("HTTP/1.1 200 OK\r\n\r\n" + body).line())
                .contains("more than 4194304 bytes");
    }

    @Test
    void chunksAndConnectionsThatCloseAreRead() throws IOException {
        for (String answer :
                List.of(
                        "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\n[\r\n1\r\n]\r\n0\r\na: b\r\n\r\n",
                        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")) {
            try (StandInManager manager =
                            new StandInManager(POOL, _ -> StandInManager.Answer.raw(answer));
                    Pool pool = pool(List.of(manager.address()), new ArrayList<>())) {
                assertThat(pool.succeed(LIST).text()).isEqualTo("[]");
                assertThat(pool.succeed(LIST).text()).isEqualTo("[]");
            }
        }
    }

    @Test
    void aSlowManagerIsWaitedForOnlySoLong() throws IOException {
        long begin = System.nanoTime();
        Fault fault =
                fault(
                        _ -> StandInManager.Answer.raw("HTTP/1.1 200 OK\r\nContent-Len"),
                        LIST.within(Duration.ofMillis(1500)));
        assertThat(fault.line()).contains("context deadline exceeded");
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(20));
    }

    @Test
    void oneThatSpeaksNoTlsIsNamed() throws IOException {
        try (ServerSocket plain = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                Pool pool =
                        pool(
                                List.of(new ServerAddress("127.0.0.1", plain.getLocalPort())),
                                new ArrayList<>())) {
            Thread.ofVirtual()
                    .start(() -> {
                        while (!plain.isClosed()) {
                            try (Socket peer = plain.accept()) {
                                peer.getOutputStream()
                                        .write(
                                                "HTTP/1.1 400 No\r\n\r\n"
                                                        .getBytes(StandardCharsets.US_ASCII));
                                peer.getInputStream().readNBytes(9999);
                            } catch (IOException _) {
                                // The client has left.
                            }
                        }
                    });
            Fault fault = catchThrowableOfType(Fault.class, () -> pool.ask(LIST));
            assertThat(fault.line()).contains("no TLS 1.3 there").doesNotContain("\n");
        }
    }

    @Test
    void anotherManagerIsAskedWhereOneCannotAnswer() throws IOException {
        List<String> told = new ArrayList<>();
        try (StandInManager minority =
                        new StandInManager(
                                POOL, _ -> StandInManager.Answer.problem(503, "no majority"));
                StandInManager whole =
                        new StandInManager(POOL, _ -> StandInManager.Answer.json(200, "[]"));
                Pool pool =
                        pool(
                                List.of(
                                        new ServerAddress("127.0.0.1", 1),
                                        minority.address(),
                                        whole.address()),
                                told)) {
            assertThat(pool.succeed(LIST).status()).isEqualTo(200);
            assertThat(told)
                    .hasSize(5)
                    .anyMatch(line -> line.contains("127.0.0.1:1: nobody listens"))
                    .anyMatch(line -> line.contains(minority.address() + ": no majority"));
            told.clear();
            assertThat(pool.succeed(LIST).status()).isEqualTo(200);
            assertThat(told).as("the one that answered goes first").isEmpty();
        }
    }

    @Test
    void allThatCannotBeReachedAreNamed() {
        List<ServerAddress> nobody =
                List.of(new ServerAddress("127.0.0.1", 1), new ServerAddress("127.0.0.1", 2));
        try (Pool pool = pool(nobody, new ArrayList<>())) {
            Fault fault = catchThrowableOfType(Fault.class, () -> pool.ask(LIST));
            assertThat(fault.line())
                    .startsWith(
                            "Unable to contact any of the existing servers: 127.0.0.1:1 127.0.0.1:2");
            assertThat(fault.code()).isEqualTo(ExitCode.UNAVAILABLE);
        }
    }

    /// A token made twice is one that nobody knows of.
    @Test
    void whatMayHaveBeenDoneIsNotAskedForAgain() throws IOException {
        try (StandInManager breaks =
                        new StandInManager(POOL, _ -> StandInManager.Answer.raw("HTTP"));
                StandInManager other =
                        new StandInManager(POOL, _ -> StandInManager.Answer.json(201, "{}"));
                Pool pool = pool(List.of(breaks.address(), other.address()), new ArrayList<>())) {
            Pool.Request create =
                    Pool.Request.post("/api/v1/tokens", java.util.Map.of())
                            .within(Duration.ofSeconds(2));
            Fault fault = catchThrowableOfType(Fault.class, () -> pool.ask(create));
            assertThat(fault.line()).contains("may have been done");
            assertThat(other.asked).isEmpty();
        }
    }
}
