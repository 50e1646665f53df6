package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.allocator.Answer;
import org.bitfusion.allocator.LeaveAnswer;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.cluster.pool.HeldLease;
import org.bitfusion.manager.lease.AnswerText;
import org.bitfusion.manager.lease.AskText;
import org.bitfusion.manager.lease.GrantText;
import org.bitfusion.manager.lease.Leasing;
import org.bitfusion.manager.lease.WaiterText;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.Caller;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.tls.TlsException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/// Leases of the pool's GPUs, and who waits for one.
@RestController
@RequestMapping("/api/v1")
public final class LeaseRoutes {
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    private static final Logger LOG = LoggerFactory.getLogger(LeaseRoutes.class);

    private final Pool pool;
    private final Leasing leasing;

    public LeaseRoutes(Pool pool, Leasing leasing) {
        this.pool = pool;
        this.leasing = leasing;
    }

    /// @param origin `run` or `request_gpus`
    /// @param parent the lease out of whose share it is cut
    public record LeaseView(
            UUID id,
            String client,
            String user,
            String origin,
            @Nullable UUID parent,
            List<LeasedGpuView> gpus) {}

    /// @param index its number on the appliance
    public record LeasedGpuView(UUID appliance, int index, int memoryMiB) {}

    /// Asks for a lease, or asks again: the same id is the same request.
    ///
    /// @param waitSeconds how long at most the answer is held back while nothing changes
    @For(Who.CLIENT)
    @PostMapping("/leases")
    @Operation(
            operationId = "requestLease",
            summary = "Asks for a lease, or asks again: the same id is the same request")
    @ApiResponse(
            responseCode = "201",
            description = "granted",
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = GrantText.class)))
    @ApiResponse(
            responseCode = "202",
            description = "queued: ask again",
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = AnswerText.Queued.class)))
    public ResponseEntity<Object> request(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller,
            @RequestParam(name = "waitSeconds", defaultValue = "0") long waitSeconds,
            @RequestBody AskText asked) {
        Duration wait = Duration.ofSeconds(Math.clamp(waitSeconds, 0, LONGEST_WAIT.toSeconds()));
        UUID client =
                client(caller).orElseThrow(() -> new Problem(403, "only clients ask for leases"));
        Answer answer = leasing.allocator(wait).request(asked.ask(client), wait);
        return answer instanceof Answer.Granted
                ? AnswerText.response(answer, preferred())
                : AnswerText.response(answer);
    }

    /// None while they cannot be read: what is granted can be used without them.
    private List<String> preferred() {
        try {
            return pool.settings().dataNetworks();
        } catch (TlsException | ClusterException exception) {
            LOG.warn("the preferred data networks are not known: {}", exception.getMessage());
            return List.of();
        }
    }

    /// Leaves the line, or ends the lease; none may be there any more.
    @For({Who.CLIENT, Who.ADMIN})
    @DeleteMapping("/leases/{id}")
    @Operation(operationId = "endLease", summary = "Leaves the line, or ends the lease")
    @ApiResponse(responseCode = "204", description = "done")
    public ResponseEntity<Void> leave(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller, @PathVariable("id") String id) {
        return switch (leasing.allocator()
                .leave(Needed.id("lease", id), client(caller), reason(caller))) {
            case LeaveAnswer.Over _, LeaveAnswer.NoneThere _ -> ResponseEntity.noContent().build();
            case LeaveAnswer.NoMajority(String why) -> throw Problem.unavailable(why);
        };
    }

    private static String reason(Caller caller) {
        return client(caller).isPresent()
                ? ""
                : "the GPUs were taken back: an administrator of the pool has ended the lease";
    }

    /// All leases; a client's own.
    @For({Who.CLIENT, Who.VIEWER})
    @GetMapping("/leases")
    @Operation(operationId = "listLeases", summary = "All leases; of a client its own")
    public List<LeaseView> leases(@RequestAttribute(Caller.ATTRIBUTE) Caller caller) {
        Optional<String> own = client(caller).map(UUID::toString);
        return leasing.allocator().leases().stream()
                .filter(held -> own.isEmpty() || own.get().equals(held.lease().client()))
                .map(LeaseRoutes::view)
                .toList();
    }

    private static LeaseView view(HeldLease held) {
        Lease lease = held.remaining();
        return new LeaseView(
                lease.id(),
                lease.client(),
                held.user(),
                lease.origin().name().toLowerCase(Locale.ROOT),
                lease.parent(),
                lease.gpus().stream()
                        .map(gpu ->
                                new LeasedGpuView(gpu.appliance(), gpu.gpuIndex(), gpu.memoryMiB()))
                        .toList());
    }

    /// Who waits, in the order of the line; a client's own.
    @For({Who.CLIENT, Who.VIEWER})
    @GetMapping("/queue")
    @Operation(
            operationId = "listQueue",
            summary = "Who waits, in the order of the line; of a client its own")
    public List<WaiterText> queue(@RequestAttribute(Caller.ATTRIBUTE) Caller caller) {
        Optional<UUID> own = client(caller);
        try {
            return leasing.allocator().line().stream()
                    .filter(waiter -> own.isEmpty() || own.get().equals(waiter.asker().client()))
                    .map(WaiterText::of)
                    .toList();
        } catch (IOException exception) {
            throw Problem.unavailable("who waits is not known: " + exception.getMessage());
        }
    }

    private static Optional<UUID> client(Caller caller) {
        return caller instanceof Caller.Client(var peer)
                ? Optional.of(peer.id())
                : Optional.empty();
    }
}
