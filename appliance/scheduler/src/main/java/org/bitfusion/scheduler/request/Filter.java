package org.bitfusion.scheduler.request;

import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.request.FilterKey.Kind;

/// One `--filter`: which GPUs are wanted. Written `key operator value`, for example
/// `device.name=*A100*` or `server.cuda-version>=12.1`.
///
/// Versions are compared number by number; texts may be patterns ([Glob]), `=` and `!=` compare
/// only. A version that an appliance does not tell is unlike every other, and neither older nor
/// newer.
public final class Filter {
    private static final int LENGTH_LIMIT = 256;
    private static final int NUMBER_DIGITS_LIMIT = 9;

    private final FilterKey key;
    private final FilterOperator operator;
    private final String value;

    private Filter(FilterKey key, FilterOperator operator, String value) {
        this.key = key;
        this.operator = operator;
        this.value = value;
    }

    /// @throws RequestSyntaxException if the text is no filter; it lists what would be
    public static Filter parse(String text) {
        if (text.length() > LENGTH_LIMIT) {
            throw bad(text, "at most " + LENGTH_LIMIT + " characters are allowed");
        }
        int at = operatorPosition(text);
        FilterOperator operator = operatorAt(text, at);
        String name = text.substring(0, at).strip();
        FilterKey key =
                FilterKey.of(name)
                        .orElseThrow(() ->
                                bad(
                                        text,
                                        "no key "
                                                + Quoted.text(name)
                                                + "; use one of "
                                                + FilterKey.list()));
        String value = text.substring(at + operator.text().length()).strip();
        if (operator.needsOrder() && !key.kind().hasOrder()) {
            throw bad(
                    text,
                    "%s knows only %s, not %s"
                            .formatted(key.text(), FilterOperator.WITHOUT_ORDER, operator.text()));
        }
        if (!isValue(key.kind(), value)) {
            throw bad(
                    text,
                    "%s needs %s after %s"
                            .formatted(key.text(), key.kind().expected(), operator.text()));
        }
        return new Filter(key, operator, canonical(key.kind(), value));
    }

    private static int operatorPosition(String text) {
        for (int i = 0; i < text.length(); i++) {
            if ("=!<>".indexOf(text.charAt(i)) >= 0) {
                return i;
            }
        }
        throw bad(
                text,
                "write key, operator and value, for example device.name=*A100*; operators are "
                        + FilterOperator.ALL
                        + ", keys are "
                        + FilterKey.list());
    }

    private static FilterOperator operatorAt(String text, int at) {
        for (FilterOperator operator : FilterOperator.values()) {
            if (text.startsWith(operator.text(), at)) {
                return operator;
            }
        }
        throw bad(
                text,
                "no operator "
                        + Quoted.text(text.substring(at, at + 1))
                        + "; use one of "
                        + FilterOperator.ALL);
    }

    private static boolean isValue(Kind kind, String value) {
        return switch (kind) {
            case TEXT -> !value.isEmpty();
            case TRUTH ->
                    switch (value.toLowerCase(Locale.ROOT)) {
                        case "true", "false" -> true;
                        default -> false;
                    };
            case VERSION -> Version.parse(value).isPresent();
            case NUMBER ->
                    !value.isEmpty()
                            && value.length() <= NUMBER_DIGITS_LIMIT
                            && value.chars().allMatch(c -> c >= '0' && c <= '9');
        };
    }

    private static String canonical(Kind kind, String value) {
        return switch (kind) {
            case TEXT, VERSION -> value;
            case TRUTH -> value.toLowerCase(Locale.ROOT);
            case NUMBER -> Integer.toString(Integer.parseInt(value));
        };
    }

    private static RequestSyntaxException bad(String text, String problem) {
        return new RequestSyntaxException(
                Refusal.FILTER_SYNTAX, "--filter " + Quoted.text(text) + ": " + problem);
    }

    public FilterKey key() {
        return key;
    }

    /// Whether the filter lets this GPU of this appliance pass.
    public boolean accepts(Appliance appliance, Gpu gpu) {
        Appliance.Host host = appliance.host();
        return switch (key) {
            case SERVER_ADDR ->
                    operator.accepts(host.addresses().stream().anyMatch(this::isAddress) ? 0 : 1);
            case SERVER_HOSTNAME -> acceptsText(host.name());
            case SERVER_HAS_RDMA -> acceptsText(Boolean.toString(host.hasRdma()));
            case SERVER_CUDA_VERSION -> acceptsVersion(host.cudaVersion());
            case SERVER_DRIVER_VERSION -> acceptsVersion(host.driverVersion());
            case DEVICE_ID -> operator.accepts(isDevice(gpu) ? 0 : 1);
            case DEVICE_NAME -> acceptsText(gpu.name());
            case DEVICE_PHY_MEMORY ->
                    operator.accepts(Integer.compare(gpu.memoryMiB(), Integer.parseInt(value)));
        };
    }

    private boolean acceptsText(String text) {
        return operator.accepts(Glob.matches(value, text) ? 0 : 1);
    }

    private boolean isAddress(String address) {
        return Glob.matches(value, address)
                || Glob.matches(value, ServerAddress.parse(address).host());
    }

    private boolean isDevice(Gpu gpu) {
        String uuid = gpu.uuid().toString();
        return value.equals(Integer.toString(gpu.index()))
                || Glob.matches(value, uuid)
                || Glob.matches(value, "GPU-" + uuid);
    }

    private boolean acceptsVersion(String text) {
        Optional<Version> wanted = Version.parse(value);
        Optional<Version> there = Version.parse(text);
        if (wanted.isEmpty() || there.isEmpty()) {
            return operator == FilterOperator.NOT_EQUAL;
        }
        return operator.accepts(there.get().compare(wanted.get()));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Filter filter
                && key == filter.key
                && operator == filter.operator
                && value.equals(filter.value);
    }

    @Override
    public int hashCode() {
        return Objects.hash(key, operator, value);
    }

    /// As it is written.
    @Override
    public String toString() {
        return key.text() + operator.text() + value;
    }
}
