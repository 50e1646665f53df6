package org.bitfusion.manager.routes;

import java.time.Duration;
import org.bitfusion.manager.web.Problem;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Numbers of a change, where null is a value too.
final class Numbers {
    private Numbers() {}

    static @Nullable Integer integer(String what, JsonNode value) {
        if (value.isNull()) {
            return null;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw Problem.badRequest(what + ": (expected: a whole number, or null)");
        }
        return value.intValue();
    }

    static @Nullable Duration seconds(String what, JsonNode value) {
        Integer seconds = integer(what, value);
        if (seconds != null && seconds < 0) {
            throw Problem.badRequest(what + ": (expected: 0 or more)");
        }
        return seconds == null ? null : Duration.ofSeconds(seconds);
    }
}
