package org.bitfusion.cluster.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.tls.store.MemoryRecordStore;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.junit.jupiter.api.Test;

class PoolSettingsTest {
    private static final ClientTerms TERMS = new ClientTerms(4, -1, Duration.ofMinutes(30), true);
    private static final Client CLIENT = new Client("one", 2, null, Duration.ofHours(1), true);

    private final RecordStore store = new MemoryRecordStore();
    private final PoolSettings settings = new PoolSettings(store);

    @Test
    void beforeAnythingIsSetThereIsNoLimit() {
        assertThat(settings.defaults()).isEqualTo(ClientTerms.UNLIMITED);
        assertThat(settings.client("one")).isEqualTo(Client.plain("one"));
        assertThat(settings.clients()).isEmpty();
    }

    @Test
    void whatWasSetHolds() {
        assertThat(settings.changeDefaults(_ -> TERMS)).isEqualTo(TERMS);
        settings.changeClient("one", _ -> CLIENT);
        PoolSettings another = new PoolSettings(store);
        assertThat(another.defaults()).isEqualTo(TERMS);
        assertThat(another.client("one")).isEqualTo(CLIENT);
        assertThat(another.clients()).containsExactly(CLIENT);
        another.removeClient("one");
        assertThat(settings.client("one")).isEqualTo(Client.plain("one"));
    }

    @Test
    void thePreferredDataNetworksAreKeptInTheirOrder() {
        assertThat(settings.dataNetworks()).isEmpty();
        settings.changeDataNetworks(List.of("net3", "net1"));
        assertThat(new PoolSettings(store).dataNetworks()).containsExactly("net3", "net1");
        assertThat(settings.defaults()).isEqualTo(ClientTerms.UNLIMITED);
        settings.changeDataNetworks(List.of());
        assertThat(settings.dataNetworks()).isEmpty();
        assertThatThrownBy(() -> settings.changeDataNetworks(List.of("net1", "net1")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> settings.changeDataNetworks(List.of("net7")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aChangeInBetweenIsNotLost() {
        AtomicInteger asked = new AtomicInteger();
        settings.changeDefaults(terms -> {
            if (asked.getAndIncrement() == 0) {
                new PoolSettings(store)
                        .changeDefaults(_ -> new ClientTerms(7, 0, Duration.ZERO, false));
            }
            return new ClientTerms(terms.gpuLimit(), 5, terms.idleTimeout(), terms.disabled());
        });
        assertThat(settings.defaults()).isEqualTo(new ClientTerms(7, 5, Duration.ZERO, false));
        assertThat(asked).hasValue(2);
    }

    @Test
    void aDamagedRecordIsNamed() {
        store.create(new RecordPath(PoolSettings.CLIENTS, "one"), new byte[] {1});
        assertThatThrownBy(() -> settings.client("one"))
                .isInstanceOf(ClusterException.class)
                .hasMessageContaining("client one");
    }
}
