package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.allocator.Allocator;
import org.bitfusion.cluster.pool.HeldLease;
import org.bitfusion.manager.lease.Leasing;
import org.bitfusion.manager.member.ClientDirectory;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.Caller;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.Revoked;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/// The clients that the pool has enrolled.
@RestController
@RequestMapping("/api/v1/clients")
public final class ClientRoutes {
    private static final String ENABLED = "enabled";
    private static final String DISABLED = "disabled";

    private final Pool pool;
    private final Leasing leasing;

    public ClientRoutes(Pool pool, Leasing leasing) {
        this.pool = pool;
        this.leasing = leasing;
    }

    /// @param token by which it came; an administrator who deletes the client may want to delete it
    /// @param state `enabled`, `disabled`, or `expired`: it has to enrol again
    /// @param gpuLimit null where the pool's default holds, as `priority` and `idleTimeoutSeconds`
    public record ClientView(
            UUID id,
            String name,
            Instant enrolled,
            Instant expires,
            String token,
            String state,
            @Nullable Integer gpuLimit,
            @Nullable Integer priority,
            @Nullable Long idleTimeoutSeconds) {}

    /// What [#change] reads; that a member is absent and that it is null are not the same, so that
    /// this only describes it.
    ///
    /// @param state `enabled` or `disabled`
    public record ClientChange(
            @Nullable String state,
            @Nullable Integer gpuLimit,
            @Nullable Integer priority,
            @Nullable Long idleTimeoutSeconds) {}

    /// All of them.
    @For(Who.VIEWER)
    @GetMapping
    @Operation(operationId = "listClients", summary = "All clients")
    public List<ClientView> list() {
        return pool.clients().entries().stream().map(this::view).toList();
    }

    /// One.
    @For(Who.VIEWER)
    @GetMapping("/{id}")
    @Operation(operationId = "getClient", summary = "One client")
    public ClientView find(@PathVariable("id") String id) {
        return view(found(id));
    }

    private ClientDirectory.Entry found(String id) {
        return pool.clients()
                .find(Needed.id("client", id))
                .orElseThrow(() -> Problem.notFound("there is no such client"));
    }

    private ClientView view(ClientDirectory.Entry entry) {
        Client client = pool.settings().client(entry.id().toString());
        boolean revoked = pool.revocations().snapshot().find(revoked(entry.id())).isPresent();
        Duration idle = client.idleTimeout();
        String state = pool.now().isBefore(entry.expires()) ? ENABLED : "expired";
        return new ClientView(
                entry.id(),
                entry.name(),
                entry.enrolled(),
                entry.expires(),
                entry.token(),
                revoked || client.disabled() ? DISABLED : state,
                client.gpuLimit(),
                client.priority(),
                idle == null ? null : idle.toSeconds());
    }

    /// Changes one: `state` (`enabled` or `disabled`), `gpuLimit`, `priority`,
    /// `idleTimeoutSeconds`; null makes the pool's default hold, what is not said stays.
    @For(Who.ADMIN)
    @PatchMapping("/{id}")
    @Operation(
            operationId = "changeClient",
            summary =
                    "Changes a client; null makes the default of the pool hold, what is not said stays")
    public ClientView change(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller,
            @PathVariable("id") String id,
            @RequestBody
                    @io.swagger.v3.oas.annotations.parameters.RequestBody(
                            content =
                                    @Content(schema = @Schema(implementation = ClientChange.class)))
                    JsonNode change) {
        ClientDirectory.Entry entry = found(id);
        Boolean disabled =
                switch (change.path("state").asString("")) {
                    case "" -> null;
                    case ENABLED -> false;
                    case DISABLED -> true;
                    default -> throw Problem.badRequest("state: (expected: enabled or disabled)");
                };
        pool.settings()
                .changeClient(entry.id().toString(), client -> changed(client, change, disabled));
        if (disabled != null) {
            enable(caller, entry.id(), !disabled);
        }
        pool.events()
                .append(
                        pool.now(),
                        disabled == null
                                ? "client-changed"
                                : "client-" + (disabled ? DISABLED : ENABLED),
                        caller.name(),
                        entry.name() + " " + entry.id());
        return view(entry);
    }

    private static Client changed(Client client, JsonNode change, @Nullable Boolean disabled) {
        Integer gpuLimit =
                change.has("gpuLimit")
                        ? Numbers.integer("gpuLimit", change.get("gpuLimit"))
                        : client.gpuLimit();
        Integer priority =
                change.has("priority")
                        ? Numbers.integer("priority", change.get("priority"))
                        : client.priority();
        Duration idle =
                change.has("idleTimeoutSeconds")
                        ? Numbers.seconds("idleTimeoutSeconds", change.get("idleTimeoutSeconds"))
                        : client.idleTimeout();
        return new Client(
                client.id(),
                gpuLimit,
                priority,
                idle,
                disabled == null ? client.disabled() : disabled);
    }

    private void enable(Caller caller, UUID id, boolean isEnabled) {
        if (isEnabled) {
            pool.revocations().reinstate(revoked(id));
        } else {
            revoke(caller, id, "disabled");
        }
    }

    private void revoke(Caller caller, UUID id, String reason) {
        pool.revocations()
                .revoke(
                        new Revocation(
                                revoked(id),
                                caller.name(),
                                reason,
                                pool.now(),
                                pool.now().plus(Lifetimes.DEFAULT.clients())));
        endLeases(id);
    }

    /// What it holds is free for others, and its programs end: it could not renew any more.
    private void endLeases(UUID client) {
        Optional<Allocator> allocator = leasing.opened();
        if (allocator.isEmpty()) {
            return; // they end without renewal
        }
        pool.state().settled();
        for (HeldLease held : allocator.get().leases()) {
            if (held.lease().client().equals(client.toString())) {
                var _ =
                        allocator
                                .get()
                                .leave(
                                        held.lease().id(),
                                        Optional.empty(),
                                        "the GPUs were taken back: this client was disabled or deleted; ask the pool's administrator");
            }
        }
    }

    private static Revoked revoked(UUID id) {
        return new Revoked.OfPeer(PeerRole.CLIENT, id);
    }

    /// Deletes one: its certificates count no longer. With a token it can enrol as somebody new.
    @For(Who.ADMIN)
    @DeleteMapping("/{id}")
    @Operation(
            operationId = "deleteClient",
            summary = "Deletes a client: its certificates count no longer, its leases end")
    @ApiResponse(responseCode = "204", description = "done")
    public ResponseEntity<Void> delete(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller, @PathVariable("id") String id) {
        ClientDirectory.Entry entry = found(id);
        revoke(caller, entry.id(), "deleted");
        pool.settings().removeClient(entry.id().toString());
        pool.clients().forget(entry.id());
        pool.events()
                .append(
                        pool.now(),
                        "client-deleted",
                        caller.name(),
                        entry.name() + " " + entry.id());
        return ResponseEntity.noContent().build();
    }
}
