package org.bitfusion.allocator;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// How one manager reaches the others. Methods wait for the answer and are called by virtual
/// threads; who calls has time limits of its own and interrupts what lasts too long. An IOException
/// says that there was no answer, and nothing about whether the other has done it.
///
/// Never asked for this manager's own appliance where [#withOwn] made it.
public interface Peers {
    /// [Parts#take] there.
    PartAnswer take(UUID appliance, Part part) throws IOException;

    /// [Parts#end] there.
    void end(UUID appliance, UUID lease, UUID attempt, String reason) throws IOException;

    /// [Parts#idle] there.
    Optional<Duration> idle(UUID appliance, UUID lease) throws IOException;

    /// [Allocator#requestHere] there.
    Answer request(UUID appliance, Ask ask, Duration wait) throws IOException;

    /// [Allocator#leaveHere] there.
    ///
    /// @param client whose it must be; empty for an administrator
    void leave(UUID appliance, UUID request, Optional<UUID> client) throws IOException;

    /// [Allocator#lineHere] there.
    List<Waiter> line(UUID appliance) throws IOException;

    /// These, and this appliance's own parts, which need no network.
    static Peers withOwn(UUID own, Parts parts, Peers others) {
        return new OwnAndOthers(own, parts, others);
    }
}
