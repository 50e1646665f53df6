package org.bitfusion.manager.lease;

import java.time.Instant;
import java.util.UUID;
import org.bitfusion.allocator.Ask;
import org.bitfusion.allocator.Waiter;

/// Who waits, for people.
///
/// @param wish what is asked for, in words
/// @param place in the line, 1 for the first
/// @param waitsFor in words
/// @param since when it first asked
public record WaiterText(
        UUID id,
        UUID client,
        String user,
        String command,
        String wish,
        int priority,
        int place,
        String waitsFor,
        Instant since) {
    public static WaiterText of(Waiter waiter) {
        return new WaiterText(
                waiter.id(),
                waiter.asker().client(),
                waiter.asker().user(),
                waiter.asker().command(),
                waiter.wish(),
                waiter.priority(),
                waiter.place(),
                waiter.waitsFor(),
                waiter.since());
    }

    Waiter waiter() {
        return new Waiter(
                id, new Ask.Asker(client, user, command), wish, priority, place, waitsFor, since);
    }
}
