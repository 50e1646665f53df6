package org.bitfusion.allocator;

import java.util.UUID;
import org.bitfusion.dispatcher.PoolPart;

/// What the scheduling manager has an appliance take.
///
/// @param attempt which grant of the lease it is of; a part of one that was undone is refused,
///   however late it comes
public record Part(UUID attempt, PoolPart content) {
    UUID lease() {
        return content.lease();
    }
}
