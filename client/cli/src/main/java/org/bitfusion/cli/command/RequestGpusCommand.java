package org.bitfusion.cli.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
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
/// `client`. The file names the request before it is sent: if the command is killed at whatever
/// moment, `release_gpus` of that file gives back what came of it.
///
/// @param surroundings of the command
/// @param options what the user typed
record RequestGpusCommand(PoolCommands.Surroundings surroundings, RequestOptions options) {
    int execute() {
        ServerChoice servers = surroundings.servers(options.serverList(), options.serversFile());
        Path file = surroundings.adaptorFile(options.adaptorFile());
        requireFree(file);
        LeaseFiles files = LeaseFiles.of(file);
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
            Keeping keeping =
                    new Keeping(() -> {
                        order.withdraw();
                        files.discard();
                    });
            // Of a signal; the usual end has no hooks.
            Runtime.getRuntime().addShutdownHook(new Thread(keeping::end));
            prepare(file, AdaptorFile.request(order.id()), access);
            GrantedLease lease = kept(files, order, keeping, () -> words.await(order, wish));
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

    private static void requireFree(Path file) {
        if (Files.exists(file) && AdaptorFile.isLeased(file)) {
            throw new Fault(
                    ExitCode.CANNOT_CREATE,
                    file
                            + ": holds GPUs already; give them back with: bitfusion release_gpus -f "
                            + file);
        }
        if (Files.exists(file) && AdaptorFile.requested(file).isPresent()) {
            throw new Fault(
                    ExitCode.CANNOT_CREATE,
                    file
                            + ": another request_gpus waits with this file, or was killed; in that case run: bitfusion release_gpus -f "
                            + file);
        }
    }

    /// The lease is in its file, or there is neither.
    private static GrantedLease kept(
            LeaseFiles files, LeaseOrder order, Keeping keeping, Supplier<GrantedLease> waiting) {
        GrantedLease lease;
        try {
            lease = waiting.get();
        } catch (Fault fault) {
            files.discard();
            throw fault;
        }
        try {
            String lines = lines(lease);
            keeping.keep(() ->
                    write(
                            files.file(),
                            lines,
                            "; name another file with -f; the GPUs are given back"));
        } catch (Fault fault) {
            order.withdraw();
            files.discard();
            throw fault;
        }
        return lease;
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

    private static void prepare(Path file, String request, PoolAccess access) {
        String remedy = "; name another file with -f";
        try {
            Path tls = AdaptorFile.tlsFolder(file);
            Files.createDirectories(
                    tls,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            copy(access.authority(), tls.resolve("ca.crt"));
            copy(access.identity(), tls.resolve("client.pem"));
        } catch (IOException | TlsException exception) {
            throw unwritable(file, exception, remedy);
        }
        write(file, request, remedy);
    }

    private static void write(Path file, String lines, String remedy) {
        try {
            PrivateFiles.writePrivate(file, lines.getBytes(StandardCharsets.US_ASCII));
        } catch (TlsException exception) {
            throw unwritable(file, exception, remedy);
        }
    }

    private static Fault unwritable(Path file, Exception exception, String remedy) {
        return new Fault(
                ExitCode.CANNOT_CREATE,
                file + ": cannot be written (" + exception.getMessage() + ")" + remedy);
    }

    private static void copy(Path from, Path to) throws IOException {
        PrivateFiles.writePrivate(to, Files.readAllBytes(from));
    }
}
