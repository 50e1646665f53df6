package org.bitfusion.cli.command;

import java.util.List;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Access;
import org.bitfusion.cli.lease.Lease;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.options.Share;
import org.bitfusion.cli.session.SessionFile;
import org.bitfusion.cli.session.Transcript;

/// A program in a lease of its own, from the request to the release: what `run` and `local` have in
/// common.
final class LeasedProgram {
    private final CommandContext context;
    private final Transcript transcript;
    private final GpuChoice choice;
    private final List<String> application;

    LeasedProgram(
            CommandContext context,
            Transcript transcript,
            GpuChoice choice,
            List<String> application) {
        this.context = context;
        this.transcript = transcript;
        this.choice = choice;
        this.application = application;
    }

    /// The program's exit code.
    int execute(List<ServerAddress> servers, Access access) {
        Lease lease = choice.lease(servers, access, transcript, context.starter());
        lease.keep(transcript::warn);
        try (SessionFile file = context.sessionFile(lease.adaptorLine() + "\n")) {
            PoolAccess pool = lease.pool();
            if (pool != null) {
                file.showPool(pool.authority(), pool.identity());
            }
            tellLease(servers, lease, file);
            context.starter()
                    .watch(file.witnessFolder(), session -> lease.sessionEnded(session.id()));
            if (lease.hasPreparedSession()) {
                file.announceSession();
                lease.whenSessionIsPrepared(file::prepareSession);
            }
            int code = ProgramRun.execute(context, file.path(), application);
            transcript.info("Releasing GPUs from config file '" + file.path() + "'...");
            file.remove();
            tellRelease(lease, file);
            return code;
        } finally {
            lease.release();
        }
    }

    private void tellRelease(Lease lease, SessionFile file) {
        String removed = "emoved generated config file '" + file.path() + "'";
        switch (lease.release()) {
            case GIVEN_BACK -> transcript.info("Released GPUs on 1 servers and r" + removed);
            case ENDED_BEFORE ->
                    transcript.warn(
                            lease.address()
                                    + ": the appliance had ended the lease before the program ended. R"
                                    + removed);
            case APPLIANCE_GONE ->
                    transcript.warn(
                            lease.address()
                                    + ": the appliance has ended, and the lease with it. R"
                                    + removed);
            case NOT_TOLD ->
                    transcript.warn(
                            lease.address()
                                    + ": the appliance cannot be reached; if it still runs, the GPUs are free again within "
                                    + lease.renewalSeconds()
                                    + " s. R"
                                    + removed);
        }
    }

    private void tellLease(List<ServerAddress> servers, Lease lease, SessionFile file) {
        transcript.plain("Requested resources:");
        StringBuilder list = new StringBuilder("Server List:");
        for (ServerAddress server : servers) {
            list.append(' ').append(server);
        }
        transcript.plain(list.toString());
        transcript.plain("Client idle timeout: 0 min");
        transcript.info(
                "Locked "
                        + lease.deviceCount()
                        + " GPUs with partial memory "
                        + shown(choice.share())
                        + ", configuration saved to '"
                        + file.path()
                        + "'");
        transcript.info(
                "Running client command '"
                        + choice.command()
                        + "' on "
                        + lease.deviceCount()
                        + " GPUs, with the following servers:");
        transcript.info(lease.shownLine());
        transcript.plain("");
    }

    /// `1`, `0.5`, `0.8`; an amount in MiB as such.
    private static String shown(Share share) {
        return switch (share) {
            case Share.Whole() -> "1";
            case Share.Mebibytes(long amount) -> amount + " MiB";
            case Share.Fraction(long numerator, long denominator) ->
                    decimal(numerator, denominator);
        };
    }

    private static String decimal(long numerator, long denominator) {
        StringBuilder text = new StringBuilder("0.");
        long rest = numerator;
        long unit = denominator / 10;
        while (rest > 0) {
            text.append(rest / unit);
            rest %= unit;
            unit /= 10;
        }
        return text.toString();
    }
}
