package org.bitfusion.cli.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.AdaptorFile;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Lease;
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
            AtomicBoolean kept = new AtomicBoolean();
            // Of a signal; the usual end has no hooks.
            Runtime.getRuntime().addShutdownHook(new Thread(() -> withdraw(order, kept)));
            GrantedLease lease = words.await(order, wish);
            try {
                write(file, lease, access);
            } catch (Fault fault) {
                order.withdraw();
                throw fault;
            }
            kept.set(true);
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

    private static void withdraw(LeaseOrder order, AtomicBoolean kept) {
        if (!kept.get()) {
            order.withdraw();
        }
    }

    private static void write(Path file, GrantedLease lease, PoolAccess access) {
        StringBuilder lines = new StringBuilder();
        for (GrantedLease.Part part : lease.parts()) {
            Lease.Part joined = part.joined();
            ServerAddress address = Lease.reachable(joined.addresses());
            lines.append(address.host()).append(' ').append(address.port()).append(' ');
            lines.append(lease.id()).append(' ').append(joined.controlPort()).append(' ');
            lines.append(joined.build()).append(' ').append(joined.secret().hex());
            lines.append(" tls\n");
        }
        try {
            Path tls = AdaptorFile.tlsFolder(file);
            Files.createDirectories(
                    tls,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            copy(access.authority(), tls.resolve("ca.crt"));
            copy(access.identity(), tls.resolve("client.pem"));
            PrivateFiles.writePrivate(file, lines.toString().getBytes(StandardCharsets.US_ASCII));
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
