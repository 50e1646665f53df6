package org.bitfusion.cli.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.AdaptorFile;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.options.RequestOptions;
import org.bitfusion.cli.pool.Notices;
import org.bitfusion.cli.pool.Pool;
import org.bitfusion.cli.session.Transcript;
import org.bitfusion.protocol.Secret;

/// `release_gpus`: gives back what `request_gpus` got. Who can read the file can.
///
/// @param surroundings of the command
/// @param options what the user typed
record ReleaseGpusCommand(PoolCommands.Surroundings surroundings, RequestOptions options) {
    int execute() {
        Path file = surroundings.adaptorFile(options.adaptorFile());
        List<AdaptorFile.LeasedPart> parts = AdaptorFile.leasedParts(file);
        Optional<UUID> request = AdaptorFile.requested(file);
        if (parts.isEmpty() && request.isPresent()) {
            return releaseRequest(file, request.get());
        }
        if (parts.isEmpty()) {
            throw new Fault(
                    ExitCode.BROKEN_CONFIGURATION,
                    file + ": holds no GPUs of request_gpus; name the right file with -f");
        }
        Transcript transcript = new Transcript(false);
        transcript.info("Releasing GPUs from config file '" + file + "'...");
        Path tls = AdaptorFile.tlsFolder(file);
        PoolAccess access = PoolAccess.readFiles(tls.resolve("ca.crt"), tls.resolve("client.pem"));
        int given = 0;
        List<String> unheard = new ArrayList<>();
        for (AdaptorFile.LeasedPart part : parts) {
            String where = part.dispatcher().toString();
            switch (release(part, access)) {
                case GIVEN_BACK -> given++;
                case ENDED_BEFORE -> transcript.warn(where + ": the lease had ended before");
                case APPLIANCE_GONE, NOT_TOLD -> unheard.add(where);
            }
        }
        if (!unheard.isEmpty() && !isToldToThePool(parts.getFirst().lease(), access)) {
            throw new Fault(
                    ExitCode.UNAVAILABLE,
                    unheard.getFirst()
                            + ": cannot be told that the GPUs are given back, nor can the pool; try again, or leave it: they are free again after 10 minutes without a program");
        }
        remove(file);
        transcript.info(
                "Released GPUs on "
                        + given
                        + " servers and removed generated config file '"
                        + file
                        + "'");
        return 0;
    }

    /// Of a request_gpus that was killed before the answer, or waits yet.
    private int releaseRequest(Path file, UUID request) {
        Transcript transcript = new Transcript(false);
        transcript.info("Releasing GPUs from config file '" + file + "'...");
        Path tls = AdaptorFile.tlsFolder(file);
        PoolAccess access = PoolAccess.readFiles(tls.resolve("ca.crt"), tls.resolve("client.pem"));
        if (!isToldToThePool(request, access)) {
            throw new Fault(
                    ExitCode.UNAVAILABLE,
                    file
                            + ": the pool cannot be told that the GPUs are given back; try again, or leave it: they are free again after 10 minutes without a program");
        }
        remove(file);
        transcript.info("Took back the request and removed generated config file '" + file + "'");
        return 0;
    }

    private static Lease.Release release(AdaptorFile.LeasedPart part, PoolAccess access) {
        Secret secret;
        try {
            secret = Secret.parse(part.secret());
        } catch (IllegalArgumentException _) {
            throw new Fault(
                    ExitCode.BROKEN_CONFIGURATION,
                    "the file's line of "
                            + part.dispatcher()
                            + " was changed since request_gpus wrote it");
        }
        return Lease.release(part.dispatcher(), part.lease(), secret, Access.of(access));
    }

    private boolean isToldToThePool(UUID lease, PoolAccess access) {
        try {
            List<ServerAddress> managers =
                    surroundings.servers(options.serverList(), options.serversFile()).managers();
            try (Pool pool = new Pool(managers, access.tls(), Optional.empty(), Notices.NONE)) {
                var _ = pool.succeed(Pool.Request.delete("/api/v1/leases/" + lease));
                return true;
            }
        } catch (Fault _) {
            return false;
        }
    }

    private static void remove(Path file) {
        try {
            LeaseFiles.remove(file);
        } catch (IOException | UncheckedIOException exception) {
            throw new Fault(
                    ExitCode.CANNOT_CREATE,
                    file
                            + ": the GPUs are given back, but the file cannot be removed ("
                            + exception.getMessage()
                            + ")");
        }
    }
}
