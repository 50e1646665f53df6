package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Hidden;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.allocator.Answer;
import org.bitfusion.allocator.Ask;
import org.bitfusion.allocator.PartAnswer;
import org.bitfusion.manager.lease.AnswerText;
import org.bitfusion.manager.lease.AskText;
import org.bitfusion.manager.lease.Leasing;
import org.bitfusion.manager.lease.PartText;
import org.bitfusion.manager.lease.WaiterText;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// What other appliances' managers ask of this one about leases.
@Hidden
@RestController
@RequestMapping("/api/v1/appliance")
public final class PartRoutes {
    private static final long LONGEST_WAIT_MILLIS = 30_000;

    private final Leasing leasing;

    public PartRoutes(Leasing leasing) {
        this.leasing = leasing;
    }

    /// Takes a part, if the pool knows the lease at this moment and the ledger has room.
    @For(Who.APPLIANCE)
    @PutMapping("/parts/{lease}")
    public PartText.Outcome take(@PathVariable("lease") UUID lease, @RequestBody PartText part) {
        if (!part.lease().equals(lease)) {
            throw Problem.badRequest("lease: (expected: the one of the path)");
        }
        return switch (leasing.parts().take(part.part())) {
            case PartAnswer.Taken() -> new PartText.Outcome(true, null);
            case PartAnswer.Refused(String reason) -> new PartText.Outcome(false, reason);
        };
    }

    /// Ends this appliance's part of a lease.
    ///
    /// @param attempt which grant of the lease is meant
    /// @param reason what the user of its programs is told
    @For(Who.APPLIANCE)
    @DeleteMapping("/parts/{lease}")
    public ResponseEntity<Void> end(
            @PathVariable("lease") UUID lease,
            @RequestParam("attempt") UUID attempt,
            @RequestParam(name = "reason", defaultValue = "") String reason) {
        // What could not be done yet is tried again without being asked.
        var _ = leasing.parts().end(lease, attempt, reason);
        return ResponseEntity.noContent().build();
    }

    /// Since something was done with this appliance's part of a lease.
    @For(Who.APPLIANCE)
    @GetMapping("/parts/{lease}")
    public PartText.UseText use(@PathVariable("lease") UUID lease) {
        try {
            return PartText.UseText.of(leasing.parts().idle(lease));
        } catch (IOException exception) {
            throw Problem.unavailable("the dispatcher does not answer: " + exception.getMessage());
        }
    }

    /// A request that another manager passes on.
    ///
    /// @param waitMillis how long at most the answer is held back while nothing changes
    @For(Who.APPLIANCE)
    @PostMapping("/leases")
    public ResponseEntity<Object> request(
            @RequestParam(name = "waitMillis", defaultValue = "0") long waitMillis,
            @RequestBody AskText asked) {
        Duration wait = Duration.ofMillis(Math.clamp(waitMillis, 0, LONGEST_WAIT_MILLIS));
        UUID client = Needed.value("client", asked.client());
        Ask ask = asked.ask(client);
        // One that has just been started does not schedule, whatever ZooKeeper still says.
        return AnswerText.response(
                leasing.opened()
                        .map(allocator -> allocator.requestHere(ask, wait))
                        .orElseGet(Answer.Elsewhere::new));
    }

    /// Takes a request out of this manager's line.
    ///
    /// @param client whose it must be; none for an administrator
    @For(Who.APPLIANCE)
    @DeleteMapping("/leases/{id}")
    public ResponseEntity<Void> leave(
            @PathVariable("id") UUID id,
            @RequestParam(name = "client", required = false) @Nullable UUID client) {
        leasing.allocator().leaveHere(id, Optional.ofNullable(client));
        return ResponseEntity.noContent().build();
    }

    /// Who waits at this manager.
    @For(Who.APPLIANCE)
    @GetMapping("/queue")
    public List<WaiterText> line() {
        return leasing.allocator().lineHere().stream().map(WaiterText::of).toList();
    }
}
