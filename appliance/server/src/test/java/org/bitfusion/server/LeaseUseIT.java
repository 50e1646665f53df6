package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.protocol.message.DeviceUse;
import org.bitfusion.protocol.message.LeaseUse;
import org.bitfusion.protocol.message.LeaseUseAnswer;
import org.bitfusion.protocol.message.ProgramUse;
import org.bitfusion.server.TestAppliance.TestLease;
import org.junit.jupiter.api.Test;

/// What an appliance says of who uses a lease.
class LeaseUseIT {
    private static final long MIB = 1 << 20;
    private static final long CONTEXT = 0x0001_0000_0000_0001L;

    private static TestConnection joining(TestAppliance appliance, UUID lease, Secret secret)
            throws IOException {
        return TestConnection.open(appliance.dispatcher.port(), Hello.KIND_SESSION, lease, secret);
    }

    private static LeaseUseAnswer use(TestAppliance appliance, UUID lease, Secret secret)
            throws IOException {
        try (TestConnection connection = joining(appliance, lease, secret)) {
            TestConnection.Frame frame = ask(connection);
            assertThat(frame.header().status()).isZero();
            return LeaseUseAnswer.read(frame.body());
        }
    }

    private static TestConnection.Frame ask(TestConnection connection) throws IOException {
        LeaseUse message = new LeaseUse();
        return connection.ask(message.wireBytes(), message::writeFrame);
    }

    private static LeaseUseAnswer use(TestAppliance appliance, TestLease lease) throws IOException {
        return use(appliance, lease.id(), lease.secret());
    }

    @Test
    void aLeaseShowsItsOwnShareAndProgramsAndNoOthers() throws IOException {
        try (TestAppliance appliance = new TestAppliance();
                TestConnection leasing = appliance.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 2, 100 * MIB);
            TestLease other = TestAppliance.lease(leasing, 1, 50 * MIB);
            assertThat(use(appliance, lease).programs()).isEmpty();
            try (TestSession session = appliance.session(lease)) {
                session.createContext(CONTEXT, 1);
                assertThat(session.allocate(CONTEXT, 40 * MIB)).isPositive();
                LeaseUseAnswer used = use(appliance, lease);
                assertThat(used.devices())
                        .extracting(DeviceUse::shareBytes)
                        .containsExactly(100 * MIB, 100 * MIB);
                assertThat(used.devices())
                        .extracting(DeviceUse::pciBusId)
                        .containsExactly("0000:01:00.0", "0000:02:00.0");
                assertThat(used.devices().get(1).usedBytes()).isBetween(40 * MIB, 60 * MIB);
                assertThat(used.devices().get(0).usedBytes()).isLessThan(40 * MIB);
                await().atMost(Duration.ofSeconds(5)) // for its worker's word
                        .untilAsserted(() ->
                                assertThat(use(appliance, lease).programs())
                                        .extracting(ProgramUse::process)
                                        .containsExactly(1, 1));
                LeaseUseAnswer unused = use(appliance, other);
                assertThat(unused.programs()).isEmpty();
                assertThat(unused.devices())
                        .singleElement()
                        .satisfies(device -> assertThat(device.usedBytes()).isZero());
            }
            await().atMost(Duration.ofSeconds(5))
                    .untilAsserted(() -> {
                        assertThat(use(appliance, lease).programs()).isEmpty();
                        assertThat(use(appliance, lease).devices())
                                .allSatisfy(device -> assertThat(device.usedBytes()).isZero());
                    });
        }
    }

    @Test
    void theNextDispatcherKnowsThePrograms() throws IOException {
        TestAppliance first = new TestAppliance();
        try (TestConnection leasing = first.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 1, 100 * MIB);
            try (TestSession session = first.session(lease)) {
                session.createContext(CONTEXT, 0);
                assertThat(session.allocate(CONTEXT, 10 * MIB)).isPositive();
                LeaseUseAnswer before = use(first, lease);
                first.close();
                try (TestAppliance next = first.next()) {
                    LeaseUseAnswer after = use(next, lease);
                    assertThat(after.devices()).isEqualTo(before.devices());
                    assertThat(after.programs()).isEqualTo(before.programs()).hasSize(1);
                }
            }
        }
    }

    @Test
    void withoutALeaseItIsWhatLeasesHaveLeft() throws IOException {
        try (TestAppliance appliance = new TestAppliance();
                TestSession session = appliance.session()) {
            session.createContext(CONTEXT, 0);
            assertThat(session.allocate(CONTEXT, 30 * MIB)).isPositive();
            LeaseUseAnswer use = use(appliance, Hello.NO_LEASE, appliance.secret);
            assertThat(use.devices()).hasSize(2);
            assertThat(use.devices().getFirst().shareBytes()).isEqualTo(TestAppliance.DEVICE_BYTES);
            assertThat(use.devices().getFirst().usedBytes()).isGreaterThanOrEqualTo(30 * MIB);
        }
    }

    @Test
    void aLeaseThatHasEndedMeanwhileIsRefusedAndWhoMayOnlyLeaseIsSentAway() throws IOException {
        try (TestAppliance appliance = new TestAppliance();
                TestConnection leasing = appliance.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 1, 100 * MIB);
            try (TestConnection late = joining(appliance, lease.id(), lease.secret())) {
                assertThat(ask(late).header().status()).isZero();
                assertThat(TestAppliance.release(leasing, lease)).isZero();
                assertThat(ask(late).header().status()).isEqualTo(CudaResult.ERROR_INVALID_HANDLE);
            }
            assertThatThrownBy(() -> ask(leasing)).isInstanceOf(EOFException.class);
        }
    }
}
