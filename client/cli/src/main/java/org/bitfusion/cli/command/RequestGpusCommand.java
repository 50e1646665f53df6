package org.bitfusion.cli.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.AdaptorFile;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.LeasePart;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.options.RequestOptions;
import org.bitfusion.cli.pool.GrantedLease;
import org.bitfusion.cli.pool.LeaseOrder;
import org.bitfusion.cli.pool.LeaseWish;
import org.bitfusion.cli.pool.Pool;
import org.bitfusion.cli.session.Transcript;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.file.PrivateFiles;

/// `request_gpus`: GPUs of a pool that stay leased when the command has ended, in a file for
/// `client`.
///
/// @param surroundings of the command
/// @param options what the user typed
record RequestGpusCommand(PoolCommands.Surroundings surroundings, RequestOptions options) {
    int execute() {
        ServerChoice servers = surroundings.servers(options.serverList(), options.serversFile());
        Path file = surroundings.adaptorFile(options.adaptorFile());
        if (Files.exists(file) && AdaptorFile.isLeased(file)) {
            throw new Fault(
                    ExitCode.CANNOT_CREATE,
                    file
                            + ": holds GPUs already; give them back with: bitfusion release_gpus -f "
                            + file);
        }
        List<ServerAddress> managers = servers.managers();
        Transcript transcript = new Transcript(false);
        PoolRequest words = new PoolRequest(transcript);
        PoolAccess access = servers.membership().access(managers, words.enrolling());
        LeaseWish wish =
                new LeaseWish(
                        options.gpuCount(),
                        options.share(),
                        options.filters(),
                        servers.pinned(),
                        options.patience(),
                        "request_gpus",
                        Optional.empty(),
                        "request_gpus");
        try (Pool pool = new Pool(managers, access.tls(), Optional.empty(), words)) {
            LeaseOrder order = new LeaseOrder(pool, wish);
            Keeping keeping = new Keeping(order::withdraw);
            // Of a signal; the usual end has no hooks.
            Runtime.getRuntime().addShutdownHook(new Thread(keeping::end));
            GrantedLease lease = words.await(order, wish);
            try {
                String lines = lines(lease);
                keeping.keep(() -> write(file, lines, access));
            } catch (Fault fault) {
                order.withdraw();
                throw fault;
            }
            new ResourceTexts(transcript).tell(PoolRequest.servers(lease), lease.idleTimeout());
            transcript.info(
                    "Locked "
                            + lease.gpuCount()
                            + " GPUs with partial memory "
                            + ResourceTexts.shown(options.share())
                            + ", configuration saved to '"
                            + file
                            + "'");
        }
        return 0;
    }

    /// Either the lease is in its file when the command ends, or it is given back and there is no
    /// file, whenever a signal comes.
    static final class Keeping {
        private final ReentrantLock lock = new ReentrantLock();
        private final Runnable giveBack;
        private boolean isKept;

        Keeping(Runnable giveBack) {
            this.giveBack = giveBack;
        }

        /// Waits for ever once the end has begun.
        void keep(Runnable write) {
            lock.lock();
            try {
                write.run();
                isKept = true;
            } finally {
                lock.unlock();
            }
        }

        /// From now on nothing is kept any more.
        void end() {
            lock.lock(); // never unlocked: the process ends
            if (!isKept) {
                giveBack.run();
            }
        }
    }

    private static String lines(GrantedLease lease) {
        StringBuilder lines = new StringBuilder();
        for (GrantedLease.Part part : lease.parts()) {
            LeasePart joined = part.joined();
            ServerAddress address = Lease.reachable(joined.addresses());
            lines.append(address.host()).append(' ').append(address.port()).append(' ');
            lines.append(lease.id()).append(' ').append(joined.controlPort()).append(' ');
            lines.append(joined.build()).append(' ').append(joined.secret().hex());
            lines.append(" tls").append(joined.networkWords()).append('\n');
        }
        return lines.toString();
    }

    private static void write(Path file, String lines, PoolAccess access) {
        try {
            Path tls = AdaptorFile.tlsFolder(file);
            Files.createDirectories(
                    tls,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            copy(access.authority(), tls.resolve("ca.crt"));
            copy(access.identity(), tls.resolve("client.pem"));
            PrivateFiles.writePrivate(file, lines.getBytes(StandardCharsets.US_ASCII));
        } catch (IOException | TlsException exception) {
            throw new Fault(
                    ExitCode.CANNOT_CREATE,
                    file
                            + ": cannot be written ("
                            + exception.getMessage()
                            + "); name another file with -f; the GPUs are given back");
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        PrivateFiles.writePrivate(to, Files.readAllBytes(from));
    }
}
