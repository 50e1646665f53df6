package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Operation;
import java.util.List;
import org.bitfusion.cluster.pool.Event;
import org.bitfusion.cluster.pool.Events;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Who;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// What administrators did, and what they should know of.
@RestController
@RequestMapping("/api/v1/events")
public final class EventRoutes {
    private final Pool pool;

    public EventRoutes(Pool pool) {
        this.pool = pool;
    }

    /// The newest, the oldest of them first.
    ///
    /// @param after only those with a higher number
    @For(Who.VIEWER)
    @GetMapping
    @Operation(operationId = "listEvents", summary = "What was done in the pool, the oldest first")
    public List<Event> list(@RequestParam(name = "after", defaultValue = "-1") long after) {
        return pool.events().newest(Events.MOST).stream()
                .filter(event -> event.number() > after)
                .toList();
    }
}
