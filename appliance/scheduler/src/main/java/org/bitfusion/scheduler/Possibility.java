package org.bitfusion.scheduler;

import java.util.stream.Collectors;
import org.bitfusion.scheduler.Decision.Refused;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.Refusal;
import org.bitfusion.scheduler.request.Request;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.scheduler.request.Wish;
import org.jspecify.annotations.Nullable;

/// Whether a request could be served if nobody else used the pool and all its appliances gave
/// leases.
final class Possibility {
    private Possibility() {}

    /// @return null if it could
    static @Nullable Refused refused(
            Request request, ClientTerms terms, Eligible eligible, Snapshot snapshot) {
        Wish wish = request.wish();
        int wanted = wish.gpuCount();
        if (terms.disabled()) {
            return new Refused(
                    Refusal.CLIENT_DISABLED,
                    "client %s is disabled: ask an administrator to enable it"
                            .formatted(request.client()));
        }
        if (wanted > terms.gpuLimit()) {
            return new Refused(
                    Refusal.OVER_CLIENT_LIMIT,
                    "%s asked for, but client %s may hold at most %d at a time: ask for fewer, or have an administrator raise its limit (bitfusion clients set %s --gpu-limit N)"
                            .formatted(
                                    gpus(wanted),
                                    request.client(),
                                    terms.gpuLimit(),
                                    request.client()));
        }
        if (eligible.known(wish.share()) >= wanted) {
            return null;
        }
        int inPool = snapshot.topology().eligible(Choice.ANY).known();
        if (wanted > inPool) {
            return new Refused(
                    Refusal.TOO_FEW_GPUS,
                    "%s asked for, but there %s: ask for fewer, or add appliances"
                            .formatted(gpus(wanted), are(inPool)));
        }
        Refused refused = byChoice(wish, eligible);
        return refused == null ? byShare(wish, eligible) : refused;
    }

    private static @Nullable Refused byChoice(Wish wish, Eligible eligible) {
        Choice choice = wish.choice();
        if (!choice.servers().isEmpty()
                && eligible.unknownServers().size() == choice.servers().size()) {
            return new Refused(
                    Refusal.NO_SUCH_SERVER,
                    "no appliance of the pool has the address %s: look at --server_list; list_gpus shows all appliances"
                            .formatted(joined(choice.servers())));
        }
        if (eligible.known() == 0) {
            return new Refused(
                    Refusal.FILTER_MATCHES_NOTHING,
                    "no GPU passes %s: list_gpus shows what there is".formatted(words(choice)));
        }
        if (eligible.known() < wish.gpuCount()) {
            return new Refused(
                    Refusal.TOO_FEW_GPUS,
                    "%s asked for, but only %d of the pool's pass %s: ask for fewer, or let more pass"
                            .formatted(gpus(wish.gpuCount()), eligible.known(), words(choice)));
        }
        return null;
    }

    private static Refused byShare(Wish wish, Eligible eligible) {
        int largest = eligible.largestMemory();
        int enough = eligible.known(wish.share());
        if (wish.share().mebibytesOf(largest) < Share.SMALLEST_MIB) {
            return new Refused(
                    Refusal.SHARE_TOO_SMALL,
                    "%s: a share is at least %d MiB, since GPUs give memory in pages of that size: ask for more"
                            .formatted(wish.words(), Share.SMALLEST_MIB));
        }
        if (enough == 0) {
            return new Refused(
                    Refusal.SHARE_TOO_LARGE,
                    "%s asked for, but the largest GPU%s has %d MiB: ask for at most that much"
                            .formatted(wish.words(), ofChoice(wish.choice()), largest));
        }
        return new Refused(
                Refusal.TOO_FEW_GPUS,
                "%s asked for, but only %s%s can give so much: ask for fewer GPUs, or for another share"
                        .formatted(wish.words(), gpus(enough), ofChoice(wish.choice())));
    }

    private static String ofChoice(Choice choice) {
        return choice.isAny() ? "" : " that passes " + words(choice);
    }

    private static String words(Choice choice) {
        String filters =
                choice.filters().stream()
                        .map(filter -> "--filter " + filter)
                        .collect(Collectors.joining(" "));
        String servers =
                choice.servers().isEmpty() ? "" : "--server_list " + joined(choice.servers());
        return filters.isEmpty() || servers.isEmpty() ? filters + servers : filters + " " + servers;
    }

    private static String joined(Iterable<?> parts) {
        StringBuilder text = new StringBuilder();
        parts.forEach(part -> text.append(text.isEmpty() ? "" : ";").append(part));
        return text.toString();
    }

    private static String gpus(int count) {
        return count == 1 ? "1 GPU" : count + " GPUs";
    }

    private static String are(int count) {
        return count == 1 ? "is only 1" : "are only " + count;
    }
}
