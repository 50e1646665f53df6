package org.bitfusion.manager.lease;

import io.swagger.v3.oas.annotations.media.Schema;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.allocator.Ask;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.Filter;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.ServerAddress;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.scheduler.request.Wish;
import org.jspecify.annotations.Nullable;

/// A request for a lease.
///
/// @param id a UUID of the client's: the same again is the same request
/// @param client between managers only: who asked the other one
/// @param filters as `--filter` takes them
/// @param servers as `--server_list` takes them, one each
/// @param timeoutSeconds how long it waits; 30 minutes if nothing is said
/// @param origin `run` or `request_gpus`
/// @param parent the lease out of whose share it is cut
/// @param user of the operating system there, for people
/// @param command what is to run, for people
/// @param ticket of the answer before
public record AskText(
        @Nullable UUID id,
        @Nullable UUID client,
        @Nullable Integer gpuCount,
        @Nullable ShareText share,
        @Nullable List<String> filters,
        @Nullable List<String> servers,
        @Nullable Long timeoutSeconds,
        @Nullable String origin,
        @Nullable UUID parent,
        @Nullable String user,
        @Nullable String command,
        @Nullable String ticket) {
    private static final long USUAL_TIMEOUT = Duration.ofMinutes(30).toSeconds();

    /// For people, so that no more of it is kept.
    private static final int LONGEST_WORD = 200;

    private static final String RUN = "run";
    private static final String REQUEST_GPUS = "request_gpus";

    /// Neither of them: whole GPUs.
    ///
    /// @param fraction of each GPU's memory, as `0.5`
    @Schema(name = "Share")
    public record ShareText(@Nullable String fraction, @Nullable Integer mebibytes) {
        Share share() {
            if (fraction != null && mebibytes != null) {
                throw new IllegalArgumentException(
                        "share: (expected: either fraction or mebibytes)");
            }
            if (fraction != null) {
                return Share.parseFraction(fraction);
            }
            return mebibytes == null
                    ? new Share.Whole()
                    : Share.parseMebibytes(Integer.toString(mebibytes));
        }

        static ShareText of(Share share) {
            return switch (share) {
                case Share.Whole() -> new ShareText(null, null);
                // Made of decimal digits, so that the division ends.
                case Share.Fraction(long numerator, long denominator) ->
                        new ShareText(
                                new BigDecimal(numerator)
                                        .divide(new BigDecimal(denominator))
                                        .toPlainString(),
                                null);
                case Share.Mebibytes(int amount) -> new ShareText(null, amount);
            };
        }
    }

    /// @param asking whose certificate was shown
    /// @throws IllegalArgumentException for a value that makes no sense, of which
    ///   `RequestSyntaxException` has a number
    public Ask ask(UUID asking) {
        Wish wish =
                new Wish(
                        needed("gpuCount", gpuCount),
                        share == null ? new Share.Whole() : share.share(),
                        new Choice(
                                filters == null
                                        ? List.of()
                                        : filters.stream().map(Filter::parse).toList(),
                                servers == null || servers.isEmpty()
                                        ? List.of()
                                        : ServerAddress.parseList(String.join(";", servers))));
        return new Ask(
                new Request(needed("id", id), asking.toString(), originOf(), wish, parent),
                new Ask.Asker(asking, word(user), word(command)),
                Duration.ofSeconds(timeoutSeconds == null ? USUAL_TIMEOUT : timeoutSeconds),
                Optional.ofNullable(ticket));
    }

    private Lease.Origin originOf() {
        return switch (origin == null ? RUN : origin) {
            case RUN -> Lease.Origin.RUN;
            case REQUEST_GPUS -> Lease.Origin.REQUEST_GPUS;
            default -> throw new IllegalArgumentException("origin: (expected: run, request_gpus)");
        };
    }

    private static <T> T needed(String what, @Nullable T value) {
        if (value == null) {
            throw new IllegalArgumentException(what + ": missing");
        }
        return value;
    }

    /// Nothing that could end a line, steer a terminal, or is half a character.
    private static String word(@Nullable String text) {
        String cut = text == null ? "" : text;
        cut = cut.length() > LONGEST_WORD ? cut.substring(0, LONGEST_WORD) : cut;
        return cut.replaceAll("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]", " ");
    }

    /// The same for another manager.
    public static AskText of(Ask ask) {
        Request request = ask.request();
        Wish wish = request.wish();
        return new AskText(
                request.id(),
                ask.asker().client(),
                wish.gpuCount(),
                ShareText.of(wish.share()),
                wish.choice().filters().stream().map(Filter::toString).toList(),
                wish.choice().servers().stream().map(ServerAddress::toString).toList(),
                ask.timeout().toSeconds(),
                request.origin() == Lease.Origin.RUN ? RUN : REQUEST_GPUS,
                request.parent(),
                ask.asker().user(),
                ask.asker().command(),
                ask.ticket().orElse(null));
    }
}
