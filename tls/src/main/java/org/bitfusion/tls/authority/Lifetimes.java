package org.bitfusion.tls.authority;

import java.time.Duration;

/// How long certificates last.
///
/// @param intermediates a new one is made when less than two lifetimes of a peer are left
public record Lifetimes(
        Duration root, Duration intermediates, Duration appliances, Duration clients) {
    /// A client lasts a year, as the original's activation did.
    public static final Lifetimes DEFAULT =
            new Lifetimes(
                    Duration.ofDays(20 * 365),
                    Duration.ofDays(10 * 365),
                    Duration.ofDays(365),
                    Duration.ofDays(365));
}
