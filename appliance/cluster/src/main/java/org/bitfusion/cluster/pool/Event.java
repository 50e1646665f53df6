package org.bitfusion.cluster.pool;

import java.time.Instant;

/// Something that administrators should know of: an appliance joined, a client was disabled.
///
/// @param number ascending; some may be missing
/// @param kind a word or two with dashes: `appliance-joined`
/// @param by who did it, or what noticed it
public record Event(long number, Instant at, String kind, String by, String text) {}
