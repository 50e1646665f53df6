package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.bitfusion.dispatcher.DispatcherSettings.PortRange;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.VersionRange;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.protocol.message.LeaseRenew;
import org.bitfusion.protocol.message.LeaseRequest;
import org.bitfusion.protocol.message.MemSet;
import org.bitfusion.protocol.message.SessionOpen;
import org.bitfusion.protocol.message.SessionOpenAnswer;
import org.bitfusion.server.TestAppliance.TestLease;
import org.bitfusion.server.TestAppliance.TestOpened;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SessionIT {
    private static final long CONTEXT = 0x0001_0000_0000_0001L;

    /// Less than the dispatcher's patience with a waiter that has become silent.
    private static final Duration WAITS_BEFORE_SILENT_ONES_ARE_FORGOTTEN = Duration.ofSeconds(3);

    private static TestAppliance appliance;

    @BeforeAll
    static void start() throws IOException {
        appliance = new TestAppliance();
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    @Test
    void theSnapshotTellsDevicesAndTheirPartsOfTheWindow() throws IOException {
        try (TestSession session = appliance.session()) {
            assertThat(session.devices().devices()).hasSize(2);
            var first = session.devices().devices().getFirst();
            assertThat(first.totalBytes()).isEqualTo(TestAppliance.DEVICE_BYTES);
            assertThat(first.windowBase()).isEqualTo(TestAppliance.WINDOW_BASE);
            assertThat(first.attributes()).isNotEmpty();
        }
    }

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        byte[] bytes = new byte[3_456_789];
        new Random(7).nextBytes(bytes);
        try (TestSession session = appliance.session()) {
            session.createContext(CONTEXT, 1);
            long address = session.allocate(CONTEXT, bytes.length);
            assertThat(address)
                    .isBetween(
                            TestAppliance.WINDOW_BASE,
                            TestAppliance.WINDOW_BASE + TestAppliance.WINDOW_BYTES);
            session.write(CONTEXT, address, bytes);
            session.fill(CONTEXT, address + 5, 0x77, 3);
            byte[] back = session.read(CONTEXT, address, bytes.length);
            bytes[5] = bytes[6] = bytes[7] = 0x77;
            assertThat(back).isEqualTo(bytes);
        }
    }

    /// What tests before this one leased is free when their workers have gone.
    private static void awaitAllIsFree(TestConnection connection) throws IOException {
        TestLease all =
                await().ignoreExceptionsInstanceOf(TestAppliance.RefusedException.class)
                        .until(
                                () ->
                                        TestAppliance.lease(
                                                connection, 2, TestAppliance.DEVICE_BYTES),
                                _ -> true);
        assertThat(TestAppliance.release(connection, all)).isZero();
    }

    @Test
    void whoAsksForMuchIsNotOvertakenByWhoAsksForLittle() throws IOException {
        try (TestConnection holder = appliance.leasing();
                TestConnection much = appliance.leasing();
                TestConnection little = appliance.leasing()) {
            awaitAllIsFree(holder);
            TestLease held = TestAppliance.lease(holder, 1, TestAppliance.DEVICE_BYTES);
            assertThatThrownBy(() -> TestAppliance.lease(much, 2, TestAppliance.DEVICE_BYTES))
                    .hasMessage("status " + CudaResult.ERROR_OUT_OF_MEMORY);
            assertThatThrownBy(() -> TestAppliance.lease(little, 1, 2 << 20))
                    .as("a device is free, but not for the second in the line")
                    .hasMessage("status " + CudaResult.ERROR_OUT_OF_MEMORY);
            assertThatThrownBy(() -> TestAppliance.lease(little, 3, 2 << 20))
                    .hasMessage("status " + CudaResult.ERROR_INVALID_DEVICE);
            assertThat(TestAppliance.release(holder, held)).isZero();
            TestLease got = TestAppliance.lease(much, 2, TestAppliance.DEVICE_BYTES);
            assertThat(TestAppliance.release(much, got)).isZero();
            TestAppliance.release(little, TestAppliance.lease(little, 1, 2 << 20));
        }
    }

    @Test
    void aWaiterWhoseConnectionEndsHoldsUpNobody() throws IOException {
        try (TestConnection holder = appliance.leasing();
                TestConnection little = appliance.leasing()) {
            TestLease held = TestAppliance.lease(holder, 1, TestAppliance.DEVICE_BYTES);
            try (TestConnection much = appliance.leasing()) {
                assertThatThrownBy(() -> TestAppliance.lease(much, 2, TestAppliance.DEVICE_BYTES))
                        .isInstanceOf(IOException.class);
            }
            TestLease got =
                    await().atMost(WAITS_BEFORE_SILENT_ONES_ARE_FORGOTTEN)
                            .ignoreExceptions()
                            .until(() -> TestAppliance.lease(little, 1, 2 << 20), _ -> true);
            assertThat(TestAppliance.release(little, got)).isZero();
            assertThat(TestAppliance.release(holder, held)).isZero();
        }
    }

    @Test
    void anErrorOfAnUnansweredCallIsTheNextAnswersAndTheContextGoesOn() throws IOException {
        try (TestSession session = appliance.session()) {
            session.createContext(CONTEXT, 0);
            session.free(CONTEXT, TestAppliance.WINDOW_BASE + (1L << 30));
            assertThat(session.synchronize(CONTEXT)).isNotZero();
            assertThat(session.synchronize(CONTEXT)).isZero();
        }
    }

    @Test
    void theWordThatAProgramHasEndedEndsItsSessionAndNoOther() throws IOException {
        try (TestConnection leasing = appliance.leasing();
                TestConnection other = appliance.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 1, 100L << 20);
            TestOpened opened = appliance.openSession(Optional.of(lease));
            try (TestSession ended = appliance.join(opened);
                    TestSession bystander = appliance.session(lease)) {
                bystander.createContext(CONTEXT, 0);
                assertThat(TestAppliance.sessionEnded(other, lease.id(), opened.id()))
                        .as("the word of one who does not hold the lease")
                        .isEqualTo(CudaResult.ERROR_NOT_PERMITTED);
                assertThat(TestAppliance.sessionEnded(leasing, lease.id(), UUID.randomUUID()))
                        .as("no such session")
                        .isZero();
                ended.createContext(CONTEXT, 0);
                assertThat(ended.synchronize(CONTEXT)).isZero();
                for (int i = 0; i < 2; i++) {
                    assertThat(TestAppliance.sessionEnded(leasing, lease.id(), opened.id()))
                            .isZero();
                }
                assertThat(ended.connection().isClosedByPeer()).isTrue();
                assertThat(bystander.synchronize(CONTEXT)).isZero();
            }
            assertThat(TestAppliance.release(leasing, lease)).isZero();
        }
    }

    @Test
    void memoryIsLimitedByTheLeaseAndSharedByItsPrograms() throws IOException {
        try (TestConnection leasing = appliance.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 1, 100L << 20);
            try (TestSession first = appliance.session(lease);
                    TestSession second = appliance.session(lease)) {
                first.createContext(CONTEXT, 0);
                second.createContext(CONTEXT, 0);
                assertThat(first.devices().devices()).hasSize(1);
                assertThat(first.devices().devices().getFirst().totalBytes()).isEqualTo(100L << 20);
                assertThat(first.allocate(CONTEXT, 60L << 20)).isPositive();
                assertThat(second.allocate(CONTEXT, 60L << 20))
                        .isEqualTo(-CudaResult.ERROR_OUT_OF_MEMORY);
                assertThat(second.information(CONTEXT).totalBytes()).isEqualTo(100L << 20);
                assertThat(second.allocate(CONTEXT, 20L << 20)).isPositive();
                assertThat(second.synchronize(CONTEXT)).isZero();
            }
            assertThat(TestAppliance.release(leasing, lease)).isZero();
        }
    }

    /// Both use the same device and the same window of addresses, under one lease.
    @Test
    void noProgramSeesOrChangesAnothersMemory() throws IOException {
        int bytes = 8 << 20;
        byte[] secret = new byte[bytes];
        Arrays.fill(secret, (byte) 0xA5);
        try (TestConnection leasing = appliance.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 1, 64L << 20);
            try (TestSession first = appliance.session(lease);
                    TestSession second = appliance.session(lease)) {
                first.createContext(CONTEXT, 0);
                second.createContext(CONTEXT, 0);
                long its = first.allocate(CONTEXT, bytes);
                first.write(CONTEXT, its, secret);
                long own = second.allocate(CONTEXT, bytes);
                assertThat(own).as("the test means the same addresses").isEqualTo(its);
                assertThat(second.read(CONTEXT, own, bytes)).doesNotContain(0xA5);
                second.fill(CONTEXT, own, 0x11, bytes);
                assertThat(second.synchronize(CONTEXT)).isZero();
                assertThat(first.read(CONTEXT, its, bytes)).isEqualTo(secret);
            }
            try (TestSession later = appliance.session(lease)) {
                later.createContext(CONTEXT, 0);
                long own = later.allocate(CONTEXT, bytes);
                assertThat(later.read(CONTEXT, own, bytes))
                        .doesNotContain(0xA5)
                        .doesNotContain(0x11);
            }
            assertThat(TestAppliance.release(leasing, lease)).isZero();
        }
    }

    @Test
    void theMemoryOfAGoneProgramIsFreeWithinTwoSeconds() throws IOException {
        try (TestConnection leasing = appliance.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 1, 64L << 20);
            TestSession first = appliance.session(lease);
            first.createContext(CONTEXT, 0);
            assertThat(first.allocate(CONTEXT, 60L << 20)).isPositive();
            try (TestSession second = appliance.session(lease)) {
                second.createContext(CONTEXT, 0);
                assertThat(second.allocate(CONTEXT, 60L << 20)).isNegative();
                first.close();
                await().atMost(Duration.ofSeconds(2))
                        .until(() -> second.allocate(CONTEXT, 60L << 20) > 0);
            }
            TestAppliance.release(leasing, lease);
        }
    }

    @Test
    void theEndOfALeaseEndsItsWorkers() throws IOException {
        try (TestConnection leasing = appliance.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 1, 64L << 20);
            try (TestSession session = appliance.session(lease)) {
                assertThat(TestAppliance.release(leasing, lease)).isZero();
                assertThat(session.connection().isClosedByPeer()).isTrue();
            }
            assertThatThrownBy(() -> appliance.session(lease))
                    .hasMessageContaining("UNKNOWN_LEASE");
        }
    }

    @Test
    void nonsenseClosesThatConnectionAndNothingElse() throws IOException {
        try (TestSession bystander = appliance.session()) {
            bystander.createContext(CONTEXT, 0);
            for (byte[] nonsense : nonsense()) {
                try (TestSession session = appliance.session()) {
                    session.connection().sendBytes(nonsense);
                    assertThat(session.connection().isClosedByPeer()).isTrue();
                    await().atMost(Duration.ofSeconds(2))
                            .until(() -> ProcessHandle.of(session.process()).isEmpty());
                }
            }
            assertThat(bystander.synchronize(CONTEXT)).isZero();
        }
    }

    private static List<byte[]> nonsense() {
        byte[] random = new byte[4096];
        new Random(1).nextBytes(random);
        return List.of(
                header(0, 0x7777, 0, 0),
                header(Integer.MAX_VALUE, MemSet.CALL, 0, 0),
                header(3, MemSet.CALL, 0, 0),
                header(0, MemSet.CALL, FrameHeader.ANSWER, 1),
                random);
    }

    private static byte[] header(int length, int call, int flags, int request) {
        java.nio.ByteBuffer frame = java.nio.ByteBuffer.allocate(FrameHeader.BYTES);
        FrameHeader.write(frame, length, call, flags, request, 0);
        return frame.array();
    }

    @Test
    void aLeasesConnectionOpensOneSessionOfTheLeaseThatItWasGranted() throws IOException {
        int port = appliance.dispatcher.port();
        SessionOpen open = new SessionOpen(1, "test", 16L << 40, 1L << 30, (byte) 0);
        try (TestConnection connection =
                TestConnection.open(port, Hello.KIND_LEASE, Hello.NO_LEASE, appliance.secret)) {
            assertThat(connection.ask(open.wireBytes(), open::writeFrame).header().status())
                    .as("without a lease")
                    .isEqualTo(CudaResult.ERROR_INVALID_HANDLE);
            LeaseRequest request = new LeaseRequest(1, 0, 16L << 20, "test", "test", 1);
            TestConnection.Frame granted = connection.ask(request.wireBytes(), request::writeFrame);
            assertThat(granted.header().status()).isZero();
            TestConnection.Frame answer = connection.ask(open.wireBytes(), open::writeFrame);
            assertThat(answer.header().status()).isZero();
            SessionOpenAnswer opened = SessionOpenAnswer.read(answer.body());
            assertThat(opened.port()).isPositive();
            Secret secret = connection.handshake().sessionSecret(opened.session());
            TestConnection.open(opened.port(), Hello.KIND_DATA, opened.session(), secret).close();
            connection.send(open.wireBytes(), out -> open.writeFrame(out, 77));
            assertThat(connection.isClosedByPeer()).isTrue();
        }
    }

    @Test
    void aStrangerOnTheDataPortIsRefusedAndTheRightOneComesIn() throws IOException {
        TestOpened opened = appliance.openSession(Optional.empty());
        try (TestConnection silent = new TestConnection(opened.port());
                TestConnection stranger = new TestConnection(opened.port());
                TestConnection guesser = new TestConnection(opened.port())) {
            Hello other = Hello.of(Hello.KIND_DATA, "test", UUID.randomUUID(), 1);
            assertThat(stranger.hello(other).answeredStatus()).isEqualTo(Hello.Status.NOT_ALLOWED);
            assertThat(stranger.isClosedByPeer()).isTrue();
            guesser.hello(Hello.of(Hello.KIND_DATA, "test", opened.id(), 1));
            guesser.prove(Proof.NONE);
            assertThat(guesser.isClosedByPeer()).isTrue();
            try (TestSession session = appliance.join(opened)) {
                session.createContext(CONTEXT, 0);
                assertThat(session.synchronize(CONTEXT)).isZero();
            }
            assertThat(silent.isClosedByPeer()).isTrue();
        }
    }

    @Test
    void theDispatcherRefusesWrongSecretsVersionsAndLeases() throws IOException {
        int port = appliance.dispatcher.port();
        try (TestConnection connection = new TestConnection(port)) {
            Hello hello = Hello.of(Hello.KIND_LEASE, "test", Hello.NO_LEASE, 1);
            Hello answer = connection.hello(hello);
            Secret wrong = Secret.random(new SecureRandom());
            assertThat(new Handshake(hello, answer, appliance.secret).serverIsProved()).isTrue();
            assertThat(new Handshake(hello, answer, wrong).serverIsProved()).isFalse();
            connection.prove(new Handshake(hello, answer, wrong).clientProof());
            assertThat(connection.isClosedByPeer()).isTrue();
        }
        for (VersionRange versions : List.of(new VersionRange(1, 1), new VersionRange(90, 99))) {
            try (TestConnection connection = new TestConnection(port)) {
                Hello answer =
                        connection.hello(
                                Hello.of(versions, Hello.KIND_LEASE, "other", Hello.NO_LEASE, 1));
                assertThat(answer.answeredStatus()).isEqualTo(Hello.Status.OTHER_VERSION);
                assertThat(answer.build()).isEqualTo("test appliance");
                assertThat(answer.versions()).isEqualTo(VersionRange.OWN);
            }
        }
        try (TestConnection connection = new TestConnection(port)) {
            Hello newer =
                    Hello.of(
                            new VersionRange(VersionRange.OWN.maximum(), 99),
                            Hello.KIND_LEASE,
                            "newer",
                            Hello.NO_LEASE,
                            1);
            Hello answer = connection.hello(newer);
            assertThat(answer.answeredStatus()).isEqualTo(Hello.Status.WELCOME);
            assertThat(answer.chosen()).isEqualTo(VersionRange.OWN.maximum());
        }
        assertThatThrownBy(() ->
                        TestConnection.open(
                                port, Hello.KIND_SESSION, UUID.randomUUID(), appliance.secret))
                .hasMessageContaining("UNKNOWN_LEASE");
        try (TestConnection connection = new TestConnection(port)) {
            connection.sendBytes(
                    "GET / HTTP/1.1\r\n\r\n"
                            .repeat(20)
                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            assertThat(connection.isClosedByPeer()).isTrue();
        }
    }

    /// The access secret alone does not do: all users of an appliance know it.
    @Test
    void onlyItsOwnerRenewsAndReleasesALease() throws IOException {
        try (TestConnection owner = appliance.leasing();
                TestConnection other = appliance.leasing()) {
            TestLease lease = TestAppliance.lease(owner, 1, 64L << 20);
            LeaseRenew renew = new LeaseRenew(lease.id());
            assertThat(other.ask(renew.wireBytes(), renew::writeFrame).header().status())
                    .isEqualTo(CudaResult.ERROR_INVALID_HANDLE);
            assertThat(TestAppliance.release(other, lease))
                    .isEqualTo(CudaResult.ERROR_INVALID_HANDLE);
            assertThat(owner.ask(renew.wireBytes(), renew::writeFrame).header().status()).isZero();
            try (TestConnection again =
                    TestConnection.open(
                            appliance.dispatcher.port(),
                            Hello.KIND_LEASE,
                            lease.id(),
                            lease.secret())) {
                assertThat(again.ask(renew.wireBytes(), renew::writeFrame).header().status())
                        .isZero();
                assertThat(TestAppliance.release(again, lease)).isZero();
            }
        }
    }

    @Test
    void aRefusedLeaseSaysWhetherWaitingHelps() throws IOException {
        try (TestConnection leasing = appliance.leasing()) {
            TestLease all =
                    TestAppliance.lease(leasing, 2, TestAppliance.DEVICE_BYTES - (64L << 20));
            assertThatThrownBy(() -> TestAppliance.lease(leasing, 1, 100L << 20))
                    .hasMessage("status " + CudaResult.ERROR_OUT_OF_MEMORY);
            assertThatThrownBy(() -> TestAppliance.lease(leasing, 3, 1L << 20))
                    .hasMessage("status " + CudaResult.ERROR_INVALID_DEVICE);
            assertThatThrownBy(() -> TestAppliance.lease(leasing, 1, 1L << 40))
                    .hasMessage("status " + CudaResult.ERROR_INVALID_DEVICE);
            assertThat(TestAppliance.release(leasing, all)).isZero();
            assertThat(TestAppliance.release(leasing, all))
                    .isEqualTo(CudaResult.ERROR_INVALID_HANDLE);
        }
    }

    @Test
    void aUsedUpPortRangeIsSaidAndFreedPortsServeAgain() throws IOException {
        int port = TestAppliance.ports(1).getFirst();
        try (TestAppliance narrow =
                new TestAppliance(new PortRange(port, port), 1, Duration.ofSeconds(30))) {
            try (TestSession session = narrow.session()) {
                session.createContext(CONTEXT, 0);
                assertThatThrownBy(() -> narrow.openSession(Optional.empty()))
                        .hasMessage("status " + CudaResult.ERROR_OPERATING_SYSTEM);
                assertThat(session.synchronize(CONTEXT)).isZero();
            }
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptions()
                    .until(() -> {
                        narrow.session().close();
                        return true;
                    });
        }
    }

    @Test
    void aLeaseThatIsNotRenewedEnds() throws IOException {
        try (TestAppliance hasty =
                        new TestAppliance(new PortRange(0, 0), 1, Duration.ofMillis(300));
                TestConnection leasing = hasty.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 2, TestAppliance.DEVICE_BYTES);
            assertThat(lease.granted().renewWithinMilliseconds()).isEqualTo(300);
            await().atMost(Duration.ofSeconds(5))
                    .until(() -> {
                        try {
                            TestAppliance.lease(leasing, 2, TestAppliance.DEVICE_BYTES);
                            return true;
                        } catch (TestAppliance.RefusedException e) {
                            return false;
                        }
                    });
        }
    }
}
