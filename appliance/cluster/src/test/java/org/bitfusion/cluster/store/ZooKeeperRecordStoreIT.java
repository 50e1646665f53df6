package org.bitfusion.cluster.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.TestMembers;
import org.bitfusion.cluster.connection.PoolConnection;
import org.bitfusion.cluster.connection.Watch;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.RecordStoreContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZooKeeperRecordStoreIT extends RecordStoreContract {
    private static final Duration LONG = Duration.ofSeconds(60);

    @TempDir static Path temporary;

    private static TestMembers members;
    private static PoolConnection connection;

    @BeforeAll
    static void start() {
        members = new TestMembers(temporary);
        Member member = TestMembers.member(1);
        members.start(member, List.of(member), List.of());
        connection = members.connect(member, List.of(member));
        assertThat(connection.awaitConnected(LONG)).isTrue();
    }

    @AfterAll
    static void stop() {
        members.close();
    }

    @Override
    protected RecordStore store() throws Exception {
        connection.change(curator -> {
            if (curator.checkExists().forPath("/records") != null) {
                curator.delete().deletingChildrenIfNeeded().forPath("/records");
            }
            return "";
        });
        return new ZooKeeperRecordStore(connection);
    }

    @Test
    void whoWatchesAFolderIsToldOfItsChanges() throws Exception {
        ZooKeeperRecordStore store = (ZooKeeperRecordStore) store();
        AtomicInteger told = new AtomicInteger();
        try (Watch _ = store.watch("users", told::incrementAndGet)) {
            await().atMost(LONG).until(() -> told.get() >= 1);
            int before = told.get();
            store.create(new RecordPath("users", "a"), new byte[1]);
            await().atMost(LONG).until(() -> told.get() > before);
            int created = told.get();
            store.compareAndSet(new RecordPath("users", "a"), 0, new byte[2]);
            await().atMost(LONG).until(() -> told.get() > created);
        }
    }
}
