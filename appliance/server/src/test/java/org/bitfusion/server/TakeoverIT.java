package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.bitfusion.dispatcher.DispatcherSettings.PortRange;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.protocol.message.LeaseRenew;
import org.bitfusion.server.TestAppliance.TestLease;
import org.bitfusion.server.TestAppliance.TestOpened;
import org.junit.jupiter.api.Test;

/// A dispatcher takes over what the one before it left behind. (One that is killed:
/// `systemtests.faults.TakeoverIT`.)
class TakeoverIT {
    private static final long CONTEXT = 0x0001_0000_0000_0001L;
    private static final long MIB = 1 << 20;

    private static TestConnection owner(TestAppliance appliance, TestLease lease)
            throws IOException {
        return TestConnection.open(
                appliance.dispatcher.port(), Hello.KIND_LEASE, lease.id(), lease.secret());
    }

    private static int renew(TestConnection connection, TestLease lease) throws IOException {
        LeaseRenew renew = new LeaseRenew(lease.id());
        return connection.ask(renew.wireBytes(), renew::writeFrame).header().status();
    }

    @Test
    void leasesAndTheirSessionsGoOnAndMemoryIsNotPromisedTwice() throws IOException {
        TestAppliance first = new TestAppliance();
        try (TestConnection leasing = first.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 1, 200 * MIB);
            try (TestSession session = first.session(lease)) {
                session.createContext(CONTEXT, 0);
                assertThat(session.allocate(CONTEXT, 100 * MIB)).isPositive();
                first.close();

                // Nobody is there: within the share it goes on.
                assertThat(session.allocate(CONTEXT, 50 * MIB)).isPositive();
                assertThat(session.allocate(CONTEXT, 100 * MIB)).isNegative();
                assertThat(session.information(CONTEXT).freeBytes()).isEqualTo(50 * MIB);

                try (TestAppliance next = first.next();
                        TestConnection owner = owner(next, lease);
                        TestConnection other = next.leasing()) {
                    assertThat(renew(owner, lease)).isZero();
                    assertThat(renew(other, lease)).isEqualTo(CudaResult.ERROR_INVALID_HANDLE);
                    assertThatThrownBy(() -> TestAppliance.lease(other, 2, 57 * MIB))
                            .hasMessage("status " + CudaResult.ERROR_OUT_OF_MEMORY);
                    assertThat(session.allocate(CONTEXT, 30 * MIB)).isPositive();
                    try (TestSession second = next.session(lease)) {
                        second.createContext(CONTEXT, 0);
                        assertThat(second.allocate(CONTEXT, 30 * MIB)).isNegative();
                        assertThat(second.allocate(CONTEXT, 20 * MIB)).isPositive();
                    }
                    assertThat(TestAppliance.release(owner, lease)).isZero();
                    await().atMost(
                                    Duration.ofSeconds(
                                            2)) // for its parent, here, to hear of its end
                            .until(() -> ProcessHandle.of(session.process()).isEmpty());
                    TestLease all = TestAppliance.lease(other, 2, TestAppliance.DEVICE_BYTES);
                    assertThat(TestAppliance.release(other, all)).isZero();
                }
            }
        }
    }

    @Test
    void theSecretOfALeaseStaysAndNoOtherIsTaken() throws IOException {
        TestAppliance first = new TestAppliance();
        TestConnection leasing = first.leasing();
        TestLease lease = TestAppliance.lease(leasing, 1, 64 * MIB);
        first.close();
        try (TestAppliance next = first.next()) {
            TestLease guessed = new TestLease(lease.granted(), Secret.NONE);
            assertThatThrownBy(
                            () -> {
                                try (TestConnection other = owner(next, guessed)) {
                                    renew(other, guessed);
                                }
                            })
                    .isInstanceOf(IOException.class);
            next.session(lease).close();
        }
        leasing.close();
    }

    @Test
    void theWordOfTheHostEndsASessionOfTheDispatcherBefore() throws IOException {
        TestAppliance first = new TestAppliance();
        TestOpened opened = first.openSession(Optional.empty());
        try (TestSession session = first.join(opened)) {
            session.createContext(CONTEXT, 0);
            assertThat(session.synchronize(CONTEXT)).isZero();
            first.close();
            try (TestAppliance next = first.next();
                    TestConnection host = next.leasing()) {
                assertThat(TestAppliance.sessionEnded(host, Hello.NO_LEASE, opened.id())).isZero();
                await().atMost(Duration.ofSeconds(2))
                        .until(() -> ProcessHandle.of(session.process()).isEmpty());
            }
        }
    }

    @Test
    void whatASessionWithoutALeaseHoldsIsNotLeasedByTheNext() throws IOException {
        TestAppliance first = new TestAppliance();
        TestSession session = first.session();
        session.createContext(CONTEXT, 0);
        assertThat(session.allocate(CONTEXT, 100 * MIB)).isPositive();
        first.close();
        try (TestAppliance next = first.next();
                TestConnection leasing = next.leasing()) {
            assertThatThrownBy(() -> TestAppliance.lease(leasing, 2, 200 * MIB))
                    .hasMessage("status " + CudaResult.ERROR_OUT_OF_MEMORY);
            session.close();
            await().atMost(Duration.ofSeconds(5))
                    .ignoreExceptions()
                    .until(() -> {
                        TestAppliance.lease(leasing, 2, TestAppliance.DEVICE_BYTES);
                        return true;
                    });
        }
    }

    @Test
    void aLeaseThatNobodyRenewsAfterwardsEnds() throws IOException {
        TestAppliance first = new TestAppliance(new PortRange(0, 0), 1, Duration.ofSeconds(1));
        TestConnection leasing = first.leasing();
        TestAppliance.lease(leasing, 2, TestAppliance.DEVICE_BYTES);
        first.close();
        try (TestAppliance next = first.next();
                TestConnection other = next.leasing()) {
            await().atMost(Duration.ofSeconds(10))
                    .ignoreExceptions()
                    .until(() -> {
                        TestAppliance.lease(other, 2, TestAppliance.DEVICE_BYTES);
                        return true;
                    });
        }
        leasing.close();
    }
}
