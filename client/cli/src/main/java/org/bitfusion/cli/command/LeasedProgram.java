package org.bitfusion.cli.command;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.options.Share;
import org.bitfusion.cli.session.SessionFile;
import org.bitfusion.cli.session.ShownCommand;
import org.bitfusion.cli.session.Transcript;
import org.bitfusion.cli.session.Witness;
import org.jspecify.annotations.Nullable;

/// A program in a lease of its own, from the request to the release: what `run` and `local` have in
/// common.
final class LeasedProgram {
    private final CommandContext context;
    private final Transcript transcript;
    private final Share share;
    private final List<String> application;

    LeasedProgram(
            CommandContext context, Transcript transcript, Share share, List<String> application) {
        this.context = context;
        this.transcript = transcript;
        this.share = share;
        this.application = application;
    }

    /// The program's exit code.
    int execute(Holding holding) {
        List<Lease> parts = holding.parts();
        parts.forEach(part -> part.keep(transcript::warn));
        StringBuilder lines = new StringBuilder();
        parts.forEach(part -> lines.append(part.adaptorLine()).append('\n'));
        try (SessionFile file = context.sessionFile(lines.toString())) {
            PoolAccess pool = parts.getFirst().pool();
            if (pool != null) {
                file.showPool(pool.authority(), pool.identity());
            }
            tellLease(holding, file);
            context.starter().watch(file.witnessFolder(), session -> tellEnd(parts, session));
            Lease first = parts.getFirst();
            if (parts.size() == 1 && first.hasPreparedSession()) {
                file.announceSession();
                first.whenSessionIsPrepared(file::prepareSession);
            }
            int code = ProgramRun.execute(context, file.path(), application);
            transcript.info("Releasing GPUs from config file '" + file.path() + "'...");
            file.remove();
            tellRelease(parts, file);
            return code;
        } finally {
            releaseAll(parts);
        }
    }

    private static void tellEnd(List<Lease> parts, Witness.OpenSession session) {
        if (session.server() >= 0 && session.server() < parts.size()) {
            parts.get(session.server()).sessionEnded(session.id());
        }
    }

    /// At once, so that one that does not answer holds up no other.
    private static List<Lease.Release> releaseAll(List<Lease> parts) {
        if (parts.size() == 1) {
            return List.of(parts.getFirst().release());
        }
        List<FutureTask<Lease.Release>> tasks = new ArrayList<>();
        for (Lease part : parts) {
            FutureTask<Lease.Release> task = new FutureTask<>(part::release);
            Thread.ofPlatform().daemon().name("release").start(task);
            tasks.add(task);
        }
        List<Lease.Release> releases = new ArrayList<>();
        for (FutureTask<Lease.Release> task : tasks) {
            try {
                releases.add(task.get());
            } catch (InterruptedException | ExecutionException _) {
                releases.add(Lease.Release.NOT_TOLD);
            }
        }
        return releases;
    }

    private void tellRelease(List<Lease> parts, SessionFile file) {
        String removed = "emoved generated config file '" + file.path() + "'";
        List<Lease.Release> releases = releaseAll(parts);
        int given = 0;
        for (int i = 0; i < parts.size(); i++) {
            String problem = problem(parts.get(i), releases.get(i));
            if (problem == null) {
                given++;
            } else {
                boolean only = parts.size() == 1;
                transcript.warn(
                        parts.get(i).address() + ": " + problem + (only ? ". R" + removed : ""));
            }
        }
        if (parts.size() > 1 || given == 1) {
            transcript.info("Released GPUs on " + given + " servers and r" + removed);
        }
    }

    private static @Nullable String problem(Lease lease, Lease.Release release) {
        return switch (release) {
            case GIVEN_BACK -> null;
            case ENDED_BEFORE -> "the appliance had ended the lease before the program ended";
            case APPLIANCE_GONE -> "the appliance has ended, and the lease with it";
            case NOT_TOLD ->
                    "the appliance cannot be reached; if it still runs, the GPUs are free again within "
                            + lease.renewalSeconds()
                            + " s";
        };
    }

    private void tellLease(Holding holding, SessionFile file) {
        new ResourceTexts(transcript).tell(holding.servers(), holding.idleTimeout());
        int count = holding.deviceCount();
        transcript.info(
                "Locked "
                        + count
                        + " GPUs with partial memory "
                        + ResourceTexts.shown(share)
                        + ", configuration saved to '"
                        + file.path()
                        + "'");
        transcript.info(
                "Running client command '"
                        + ShownCommand.of(application)
                        + "' on "
                        + count
                        + " GPUs, with the following servers:");
        holding.parts().forEach(part -> transcript.info(part.shownLine()));
        transcript.plain("");
    }
}
