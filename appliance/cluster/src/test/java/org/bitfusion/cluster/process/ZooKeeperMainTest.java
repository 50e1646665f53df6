package org.bitfusion.cluster.process;

import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.bitfusion.tls.revocation.RevocationList;
import org.bitfusion.tls.store.FileRecordStore;
import org.bitfusion.tls.store.RecordPath;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZooKeeperMainTest {
    @Test
    void whoIsRevokedIsLookedForAgainWhereThatFailed(@TempDir Path folder) throws Exception {
        FileRecordStore store = new FileRecordStore(folder);
        AtomicInteger looks = new AtomicInteger();
        Thread watch =
                Thread.ofPlatform()
                        .daemon()
                        .start(() ->
                                ZooKeeperMain.endRevoked(
                                        store,
                                        () -> {
                                            if (looks.incrementAndGet() == 1) {
                                                throw new IllegalStateException("too many files");
                                            }
                                        }));
        store.create(new RecordPath(RevocationList.FOLDER, "peer"), new byte[1]);
        await().until(() -> looks.get() == 2);
        store.create(new RecordPath(RevocationList.FOLDER, "another"), new byte[1]);
        await().until(() -> looks.get() == 3);
        watch.interrupt();
        watch.join();
    }
}
