package org.bitfusion.cluster.process;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.apache.zookeeper.server.quorum.QuorumPeerMain;
import org.bitfusion.tls.revocation.RevocationList;
import org.bitfusion.tls.store.RecordStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The ZooKeeper process. It ends when its standard input does, which is when the appliance that
/// started it ends, however that ends. What was acknowledged is on the disk by then.
public final class ZooKeeperMain {
    private static final Logger LOG = LoggerFactory.getLogger(ZooKeeperMain.class);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(500);

    private ZooKeeperMain() {}

    /// @param arguments the folder
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 1) {
            throw new IllegalArgumentException("arguments: (expected: a folder)");
        }
        ZooKeeperFolder folder = new ZooKeeperFolder(Path.of(arguments[0]));
        Thread.ofPlatform().daemon().name("appliance-watch").start(ZooKeeperMain::endWithInput);
        // Of two appliances started one after the other, the ZooKeeper of the first may not have
        // ended yet. The lock is the system's: it ends with the process.
        try (FileChannel file =
                        FileChannel.open(
                                folder.lockFile(),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            if (!lock.isValid()) {
                throw new IOException(folder.lockFile() + ": the lock was lost");
            }
            ProcessTrust.of(folder, InstantSource.system());
            Thread.ofPlatform()
                    .daemon()
                    .name("revocation-watch")
                    .start(() ->
                            endRevoked(
                                    folder.revocations(),
                                    () -> ProcessTrust.present().open().look()));
            QuorumPeerMain.main(new String[] {folder.configuration().toString()});
        }
    }

    /// Looks at open connections whenever the appliance has another copy of what is revoked; again
    /// where that failed, as when no more files can be opened.
    static void endRevoked(RecordStore revocations, Runnable look) {
        List<String> known = List.of();
        try {
            while (true) {
                Thread.sleep(BETWEEN_LOOKS);
                try {
                    List<String> now = revocations.list(RevocationList.FOLDER);
                    if (!now.equals(known)) {
                        look.run();
                        known = now;
                    }
                } catch (RuntimeException exception) {
                    LOG.warn("revoked connections not ended yet", exception);
                }
            }
        } catch (InterruptedException _) {
            // The process ends.
        }
    }

    private static void endWithInput() {
        try {
            while (System.in.read() >= 0) {
                // Nothing is said there.
            }
        } catch (IOException _) {
            // As if it had ended.
        }
        Runtime.getRuntime().halt(0);
    }
}
