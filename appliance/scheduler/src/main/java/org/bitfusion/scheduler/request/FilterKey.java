package org.bitfusion.scheduler.request;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/// What a filter can ask of a GPU or of the appliance that it is in.
public enum FilterKey {
    SERVER_ADDR("server.addr", Kind.TEXT),
    SERVER_HOSTNAME("server.hostname", Kind.TEXT),
    SERVER_HAS_RDMA("server.has-rdma", Kind.TRUTH),
    SERVER_CUDA_VERSION("server.cuda-version", Kind.VERSION),
    SERVER_DRIVER_VERSION("server.driver-version", Kind.VERSION),
    /// The GPU's number on its appliance, or its UUID.
    DEVICE_ID("device.id", Kind.TEXT),
    DEVICE_NAME("device.name", Kind.TEXT),
    /// In MiB.
    DEVICE_PHY_MEMORY("device.phy-memory", Kind.NUMBER);

    /// How a key's value is written and compared.
    enum Kind {
        TEXT("a text, in which * stands for any text and ? for any one character"),
        TRUTH("true or false"),
        VERSION("a version, such as 12.4 or 550.54.15"),
        NUMBER("a whole number");

        private final String expected;

        Kind(String expected) {
            this.expected = expected;
        }

        String expected() {
            return expected;
        }

        boolean hasOrder() {
            return this == VERSION || this == NUMBER;
        }
    }

    private final String text;
    private final Kind kind;

    FilterKey(String text, Kind kind) {
        this.text = text;
        this.kind = kind;
    }

    public String text() {
        return text;
    }

    Kind kind() {
        return kind;
    }

    /// The product's own documentation once wrote `dirver`, and scripts copied it.
    static Optional<FilterKey> of(String text) {
        String wanted = text.equals("server.dirver-version") ? "server.driver-version" : text;
        return Arrays.stream(values()).filter(key -> key.text.equals(wanted)).findFirst();
    }

    static String list() {
        return Arrays.stream(values()).map(FilterKey::text).collect(Collectors.joining(", "));
    }
}
