package org.bitfusion.allocator;

import java.time.Instant;
import java.util.UUID;

/// Who waits, for people.
///
/// @param wish what is asked for, in words
/// @param place in the line, 1 for the first
/// @param waitsFor in words
/// @param since when it first asked
public record Waiter(
        UUID id,
        Ask.Asker asker,
        String wish,
        int priority,
        int place,
        String waitsFor,
        Instant since) {}
