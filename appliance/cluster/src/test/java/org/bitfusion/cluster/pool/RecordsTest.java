package org.bitfusion.cluster.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.junit.jupiter.api.Test;

class RecordsTest {
    private static final UUID ID = new UUID(1, 2);
    private static final Appliance APPLIANCE =
            new Appliance(
                    ID,
                    new Appliance.Host(
                            "gpu-1",
                            List.of("10.0.0.1", "[fd00::1]:56001"),
                            true,
                            "12.4",
                            "550.54"),
                    ApplianceState.DRAINING,
                    List.of(
                            new Gpu(0, new UUID(3, 4), "NVIDIA A100-PCIE-40GB", 40000, 7),
                            new Gpu(5, new UUID(3, 5), "with  two\nlines", 1, 0)));
    private static final Lease LEASE =
            new Lease(
                    ID,
                    "83a890bb-client",
                    Lease.Origin.REQUEST_GPUS,
                    new UUID(7, 8),
                    List.of(new LeasedGpu(ID, 5, 20), new LeasedGpu(new UUID(9, 9), 0, 20)));
    private static final Promises PROMISES =
            new Promises(
                    ID,
                    3,
                    Map.of(
                            new UUID(7, 8), List.of(new LeasedGpu(ID, 5, 20)),
                            new UUID(6, 6),
                                    List.of(new LeasedGpu(ID, 0, 1), new LeasedGpu(ID, 1, 2))));

    @Test
    void whatIsWrittenIsRead() {
        assertThat(Records.appliance(ID, Records.encode(APPLIANCE), true)).isEqualTo(APPLIANCE);
        assertThat(Records.lease(ID, Records.encode(LEASE))).isEqualTo(LEASE);
        assertThat(Records.promises(ID, 3, Records.encode(PROMISES))).isEqualTo(PROMISES);
        Promises none = new Promises(ID, 0, Map.of());
        assertThat(Records.promises(ID, 0, Records.encode(none))).isEqualTo(none);
    }

    @Test
    void leasesThatAreOverInPartsAndThoseWithinOthersAreRead() {
        HeldLease held =
                new HeldLease(LEASE, new UUID(5, 5), "ada b", Set.of(ID, new UUID(9, 9)), 7);
        assertThat(Records.held(ID, 7, Records.encode(held))).isEqualTo(held);
        assertThat(Records.held(ID, 0, Records.encode(LEASE)))
                .as("of a release before")
                .isEqualTo(HeldLease.of(LEASE, ID, ""));
        Promises both =
                new Promises(
                        ID,
                        3,
                        PROMISES.byLease(),
                        Map.of(new UUID(8, 8), List.of(new LeasedGpu(ID, 5, 10))));
        assertThat(Records.promises(ID, 3, Records.encode(both))).isEqualTo(both);
        assertThat(both.memoryMiB(5)).as("within what its parent has").isEqualTo(20);
        assertThat(both.leases()).hasSize(3);
    }

    @Test
    void whoIsNotConnectedIsUnavailable() {
        assertThat(Records.appliance(ID, Records.encode(APPLIANCE), false).state())
                .isEqualTo(ApplianceState.UNAVAILABLE);
    }

    @Test
    void theFormatStaysAsItIs() {
        assertThat(new String(Records.encode(LEASE), StandardCharsets.UTF_8))
                .isEqualTo(
                        """
                        bitfusion lease 1
                        client=83a890bb-client
                        origin=REQUEST_GPUS
                        gpus=00000000-0000-0001-0000-000000000002:5:20 00000000-0000-0009-0000-000000000009:0:20
                        parent=00000000-0000-0007-0000-000000000008
                        end
                        """);
        assertThat(new String(Records.encode(PROMISES), StandardCharsets.UTF_8))
                .isEqualTo(
                        """
                        bitfusion promises 1
                        00000000-0000-0006-0000-000000000006=0:1 1:2
                        00000000-0000-0007-0000-000000000008=5:20
                        end
                        """);
    }

    private static final List<DataNetwork> NETWORKS =
            List.of(
                    new DataNetwork("net1", "10.1.0.5", 24, 1500),
                    new DataNetwork("net3", "fd00::5", 64, 9000));

    @Test
    void dataNetworksAreTheSameWhenReadAgain() {
        Contact contact = new Contact(56001, 55001, "5", NETWORKS);
        byte[] record = Records.encode(APPLIANCE, contact);
        assertThat(Records.contact(ID, record)).isEqualTo(contact);
        assertThat(new String(record, StandardCharsets.UTF_8))
                .contains("networks=net1=10.1.0.5/24,1500 net3=fd00::5/64,9000\n");
        assertThat(Records.contact(ID, Records.encode(APPLIANCE)).networks()).isEmpty();
    }

    @Test
    void dataNetworksThatCannotBeAreNone() {
        for (String text :
                List.of(
                        "net5=10.1.0.5/24,1500",
                        "net1=host/24,1500",
                        "net1=10.1.0.5/33,1500",
                        "net1=10.1.0.5/24,68",
                        "net1=10.1.0.5/24")) {
            assertThatThrownBy(() -> DataNetwork.parse(text))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void nonsenseIsRefused() {
        holds(Records.encode(APPLIANCE), bytes -> Records.appliance(ID, bytes, true));
        holds(Records.encode(LEASE), bytes -> Records.lease(ID, bytes));
        HeldLease held = new HeldLease(LEASE, ID, "ada", Set.of(ID), 0);
        holds(Records.encode(held), bytes -> Records.held(ID, 0, bytes));
        Contact contact = new Contact(56001, 55001, "5", NETWORKS);
        holds(Records.encode(APPLIANCE, contact), bytes -> Records.contact(ID, bytes));
        holds(Records.encode(PROMISES), bytes -> Records.promises(ID, 0, bytes));
    }

    private static void holds(byte[] good, Consumer<byte[]> decoder) {
        for (int length = 0; length < good.length - 1; length++) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThatThrownBy(() -> decoder.accept(cut)).isInstanceOf(ClusterException.class);
        }
        Random random = new Random(20260101);
        for (int time = 0; time < 5000; time++) {
            byte[] changed = good.clone();
            changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
            try {
                decoder.accept(changed);
            } catch (ClusterException _) {
                // The declared one; any other fails the test.
            }
        }
    }
}
