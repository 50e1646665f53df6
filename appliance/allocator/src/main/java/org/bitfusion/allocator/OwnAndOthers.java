package org.bitfusion.allocator;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// One's own parts directly, all else over the network.
record OwnAndOthers(UUID own, Parts parts, Peers others) implements Peers {
    @Override
    public PartAnswer take(UUID appliance, Part part) throws IOException {
        return appliance.equals(own) ? parts.take(part) : others.take(appliance, part);
    }

    @Override
    public void end(UUID appliance, UUID lease, UUID attempt, String reason) throws IOException {
        if (appliance.equals(own)) {
            parts.end(lease, attempt, reason);
        } else {
            others.end(appliance, lease, attempt, reason);
        }
    }

    @Override
    public Optional<Duration> idle(UUID appliance, UUID lease) throws IOException {
        return appliance.equals(own) ? parts.idle(lease) : others.idle(appliance, lease);
    }

    @Override
    public Answer request(UUID appliance, Ask ask, Duration wait) throws IOException {
        return others.request(appliance, ask, wait);
    }

    @Override
    public void leave(UUID appliance, UUID request, Optional<UUID> client) throws IOException {
        others.leave(appliance, request, client);
    }

    @Override
    public List<Waiter> line(UUID appliance) throws IOException {
        return others.line(appliance);
    }
}
