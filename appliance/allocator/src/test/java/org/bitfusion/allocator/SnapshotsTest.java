package org.bitfusion.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bitfusion.cluster.pool.PoolView;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.junit.jupiter.api.Test;

class SnapshotsTest {
    private static int limit(ClientTerms defaults, Client... clients) {
        return Snapshots.of(
                        new PoolView(List.of(), Map.of(), List.of()),
                        new Snapshots.Terms(defaults, List.of(clients)),
                        Set.of())
                .terms("anna")
                .gpuLimit();
    }

    /// Each is a record of the pool, however small the share.
    @Test
    void nobodyHoldsWithoutEndWhereNobodySaidHowMany() {
        assertThat(limit(ClientTerms.UNLIMITED)).isEqualTo(Snapshots.GPUS_WITHOUT_LIMIT);
        assertThat(limit(ClientTerms.UNLIMITED, Client.plain("anna")))
                .isEqualTo(Snapshots.GPUS_WITHOUT_LIMIT);
    }

    @Test
    void anAdministratorsWordHolds() {
        assertThat(limit(new ClientTerms(9000, 0, Duration.ZERO, false))).isEqualTo(9000);
        assertThat(limit(ClientTerms.UNLIMITED, new Client("anna", 10_000, null, null, false)))
                .isEqualTo(10_000);
    }
}
