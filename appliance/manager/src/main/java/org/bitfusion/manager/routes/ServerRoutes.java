package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.ensemble.Health;
import org.bitfusion.cluster.ensemble.Membership;
import org.bitfusion.cluster.ensemble.RemoveOutcome;
import org.bitfusion.cluster.pool.Contact;
import org.bitfusion.cluster.pool.PoolView;
import org.bitfusion.cluster.pool.Promises;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.member.Removals;
import org.bitfusion.manager.web.Caller;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// The appliances of the pool with their GPUs.
@RestController
@RequestMapping("/api/v1/servers")
public final class ServerRoutes {
    private static final Logger LOG = LoggerFactory.getLogger(ServerRoutes.class);

    private final Pool pool;

    public ServerRoutes(Pool pool) {
        this.pool = pool;
    }

    /// @param controlPort 0 where the appliance has not said it yet, as `dispatcherPort`
    /// @param tasks how many leases it takes part in
    public record ServerView(
            UUID id,
            String name,
            List<String> addresses,
            int controlPort,
            int dispatcherPort,
            List<NetworkView> networks,
            String state,
            int tasks,
            List<GpuView> gpus) {}

    /// A network that the server's data ports are in; without any they are at its addresses.
    ///
    /// @param name `net1` to `net4`
    /// @param netmask how many bits of the address name the network
    /// @param mtu of the server's interface there, in bytes
    public record NetworkView(String name, String address, int netmask, int mtu) {}

    /// @param freeMiB not promised to anybody
    public record GpuView(int index, UUID uuid, String name, int memoryMiB, int freeMiB) {}

    /// @param draining whether it is to give no new leases
    public record ServerChange(@Nullable Boolean draining) {}

    /// All appliances, by name.
    @For({Who.CLIENT, Who.VIEWER})
    @GetMapping
    @Operation(operationId = "listServers", summary = "All appliances with their GPUs, by name")
    public List<ServerView> list() {
        PoolView view = pool.state().view();
        return view.appliances().stream()
                .sorted(
                        Comparator.comparing((Appliance appliance) -> appliance.host().name())
                                .thenComparing(Appliance::id))
                .map(appliance -> view(appliance, view))
                .toList();
    }

    private ServerView view(Appliance appliance, PoolView view) {
        Promises promises = view.promises().get(appliance.id());
        Contact contact = view.contact(appliance.id());
        return new ServerView(
                appliance.id(),
                appliance.host().name(),
                appliance.host().addresses(),
                contact.controlPort(),
                contact.dispatcherPort(),
                contact.networks().stream()
                        .map(each ->
                                new NetworkView(
                                        each.name(), each.address(), each.netmask(), each.mtu()))
                        .toList(),
                appliance.state().name().toLowerCase(Locale.ROOT),
                promises == null ? 0 : promises.leases().size(),
                appliance.gpus().stream().map(gpu -> view(gpu, promises)).toList());
    }

    private static GpuView view(Gpu gpu, @Nullable Promises promises) {
        int promised = promises == null ? 0 : promises.memoryMiB(gpu.index());
        return new GpuView(
                gpu.index(),
                gpu.uuid(),
                gpu.name(),
                gpu.memoryMiB(),
                Math.max(0, gpu.memoryMiB() - promised - gpu.reservedMiB()));
    }

    /// Drains an appliance, or ends that.
    @For(Who.ADMIN)
    @PatchMapping("/{id}")
    @Operation(operationId = "changeServer", summary = "Drains an appliance, or ends that")
    public ServerView change(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller,
            @PathVariable("id") String id,
            @RequestBody ServerChange change) {
        boolean draining = Needed.value("draining", change.draining());
        Appliance appliance = find(Needed.id("server", id));
        pool.state().drain(appliance.id(), draining);
        pool.events()
                .append(
                        pool.now(),
                        draining ? "appliance-drained" : "appliance-undrained",
                        caller.name(),
                        appliance.host().name());
        PoolView view = pool.state().view();
        return view(find(appliance.id()), view);
    }

    private Appliance find(UUID id) {
        return pool.state().view().appliances().stream()
                .filter(each -> each.id().equals(id))
                .findFirst()
                .orElseThrow(() -> Problem.notFound("there is no such server"));
    }

    /// Takes an appliance out of the pool: refused while something is promised there and without a
    /// majority. Of one that cannot be reached the parts of leases are taken back: their programs
    /// have lost those GPUs, and keep what other appliances give. Its certificate counts no longer
    /// afterwards.
    @For(Who.ADMIN)
    @DeleteMapping("/{id}")
    @Operation(operationId = "removeServer", summary = "Takes an appliance out of the pool")
    @ApiResponse(responseCode = "204", description = "done")
    public ResponseEntity<Void> remove(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller, @PathVariable("id") String id) {
        UUID appliance = Needed.id("server", id);
        if (appliance.equals(pool.self().appliance())) {
            throw Problem.conflict("an appliance does not remove itself; ask another one");
        }
        Membership membership = pool.ensemble().membership();
        Optional<Member> leaving =
                membership.members().stream()
                        .filter(each -> each.appliance().equals(appliance))
                        .findFirst();
        if (leaving.isEmpty()) {
            // One that was not removed to the end is, and else there is none.
            pool.revoke(
                    pool.removals()
                            .find(appliance)
                            .orElseThrow(() -> Problem.notFound("there is no such server")));
            return ResponseEntity.noContent().build();
        }
        Member member = leaving.get();
        Health health = pool.health();
        if (!health.hasMajority()) {
            throw Problem.conflict(
                    "of "
                            + health.votes()
                            + " appliances that vote only "
                            + health.votesReachable()
                            + " can be reached; a server is removed when more than half can");
        }
        pool.state().settled();
        PoolView view = pool.state().view();
        Optional<Appliance> known =
                view.appliances().stream().filter(each -> each.id().equals(appliance)).findFirst();
        if (known.isPresent() && known.get().state() == ApplianceState.UNAVAILABLE) {
            for (Lease left : pool.state().takeBackAll(appliance)) {
                LOG.info(
                        "server={} removed with its part of lease={} client={}",
                        appliance,
                        left.id(),
                        left.client());
            }
        }
        // One change: no lease can be granted there any more.
        if (!pool.state().forget(appliance)) {
            throw Problem.conflict(
                    "programs have leases there; end them, or drain the server and wait");
        }
        Removals.Removal removal = new Removals.Removal(appliance, caller.name());
        pool.removals().begin(removal);
        switch (pool.ensemble().remove(member.number(), health.reachable())) {
            case RemoveOutcome.Removed _, RemoveOutcome.NoSuchMember _ -> {
                pool.revoke(removal);
                pool.events()
                        .append(
                                pool.now(),
                                "appliance-removed",
                                caller.name(),
                                "at " + member.host());
            }
            case RemoveOutcome.LastMember _ -> {
                stays(appliance, known, view);
                throw Problem.conflict("the last server of a pool cannot be removed");
            }
            case RemoveOutcome.NoMajority(String why) -> {
                stays(appliance, known, view);
                throw Problem.conflict(why);
            }
        }
        return ResponseEntity.noContent().build();
    }

    private void stays(UUID appliance, Optional<Appliance> known, PoolView view) {
        pool.removals().over(appliance);
        known.ifPresent(each -> pool.state().announce(each, view.contact(each.id())));
    }
}
