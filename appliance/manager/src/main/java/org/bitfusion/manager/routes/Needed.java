package org.bitfusion.manager.routes;

import java.util.UUID;
import org.bitfusion.manager.web.Problem;
import org.jspecify.annotations.Nullable;

/// Values of a request that must be there.
final class Needed {
    private Needed() {}

    static <T> T value(String what, @Nullable T value) {
        if (value == null) {
            throw Problem.badRequest(what + ": missing");
        }
        return value;
    }

    /// @throws Problem 404 where it is none: nothing has such a name
    static UUID id(String what, String text) {
        try {
            return UUID.fromString(text);
        } catch (IllegalArgumentException _) {
            throw Problem.notFound("there is no such " + what);
        }
    }
}
