package org.bitfusion.cli.administration;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.cli.options.AdminOptions;
import org.bitfusion.cli.options.Period;
import org.bitfusion.cli.pool.JsonObject;
import org.jspecify.annotations.Nullable;

/// What an administrator may set for clients, in words: `--gpu-limit`, `--priority`,
/// `--idle-timeout`; for all of them `--data-networks`.
final class Terms {
    static final Set<String> FLAGS = Set.of("gpu-limit", "priority", "idle-timeout");

    private static final String NONE = "none";
    private static final String DEFAULT = "default";
    private static final int DIGITS = 9;
    private static final long UNLIMITED = Integer.MAX_VALUE;
    private static final int MINUTE = 60;
    private static final int HOUR = 60 * MINUTE;

    private Terms() {}

    /// What the flags say, for a PATCH.
    ///
    /// @param ofClient whether `default` is an answer too
    /// @throws org.bitfusion.cli.Fault if nothing is said, or nonsense
    static Map<String, @Nullable Object> change(AdminOptions options, boolean ofClient) {
        Map<String, @Nullable Object> change = new LinkedHashMap<>();
        options.flag("gpu-limit")
                .ifPresent(text -> change.put("gpuLimit", gpuLimit(options, text, ofClient)));
        options.flag("priority")
                .ifPresent(text -> change.put("priority", priority(options, text, ofClient)));
        options.flag("idle-timeout")
                .ifPresent(text ->
                        change.put(
                                "idleTimeoutSeconds",
                                ofClient && text.equals(DEFAULT)
                                        ? null
                                        : Period.parse("--idle-timeout", text).toSeconds()));
        options.flag(NETWORKS)
                .ifPresent(text -> change.put("dataNetworks", dataNetworks(options, text)));
        if (change.isEmpty()) {
            throw options.usage(
                    "set needs --gpu-limit, --priority"
                            + (ofClient
                                    ? " or --idle-timeout"
                                    : ", --idle-timeout or --" + NETWORKS));
        }
        return change;
    }

    /// Of the pool's settings only.
    static final String NETWORKS = "data-networks";

    private static List<String> dataNetworks(AdminOptions options, String text) {
        List<String> names = text.equals(NONE) ? List.of() : List.of(text.split("[,; ]+", -1));
        if (!names.stream().allMatch(name -> name.matches("net[1-4]"))
                || names.stream().distinct().count() < names.size()) {
            throw options.usage(
                    "--"
                            + NETWORKS
                            + " "
                            + text
                            + ": give some of net1 to net4, the best first, for example net2,net3, or none");
        }
        return names;
    }

    private static @Nullable Long gpuLimit(AdminOptions options, String text, boolean ofClient) {
        if (text.equals(NONE)) {
            return ofClient ? UNLIMITED : null; // each is how none is said there
        }
        if (ofClient && text.equals(DEFAULT)) {
            return null;
        }
        if (!isNumber(text)) {
            throw options.usage(
                    "--gpu-limit "
                            + text
                            + ": give how many GPUs a client may hold at a time, or none"
                            + (ofClient ? ", or default" : ""));
        }
        return Long.parseLong(text);
    }

    private static @Nullable Long priority(AdminOptions options, String text, boolean ofClient) {
        if (ofClient && text.equals(DEFAULT)) {
            return null;
        }
        if (!isNumber(text.startsWith("-") ? text.substring(1) : text)) {
            throw options.usage(
                    "--priority "
                            + text
                            + ": give a whole number, the higher the earlier served"
                            + (ofClient ? ", or default" : ""));
        }
        return Long.parseLong(text);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty()
                && text.length() <= DIGITS
                && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    /// @param unset what is said of a client's where the pool's holds
    static String gpuLimit(JsonObject terms, String unset) {
        return terms.anyText("gpuLimit")
                .map(limit -> limit.equals(Long.toString(UNLIMITED)) ? NONE : limit)
                .orElse(unset);
    }

    static String priority(JsonObject terms, String unset) {
        return terms.anyText("priority").orElse(unset);
    }

    static String idleTimeout(JsonObject terms, String unset) {
        Optional<String> text = terms.anyText("idleTimeoutSeconds");
        if (text.isEmpty()) {
            return unset;
        }
        long seconds = isNumber(text.get()) ? Long.parseLong(text.get()) : 0;
        if (seconds == 0) {
            return NONE;
        }
        if (seconds % HOUR == 0) {
            return seconds / HOUR + "h";
        }
        return seconds % MINUTE == 0 ? seconds / MINUTE + "m" : seconds + "s";
    }
}
