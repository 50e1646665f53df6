package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Hidden;
import io.swagger.v3.oas.annotations.Operation;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import org.bitfusion.allocator.Allocator;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.ensemble.Health;
import org.bitfusion.manager.lease.Leasing;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.Caller;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.bitfusion.tls.authority.PoolKey;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// The pool as a whole: who its members are, who votes and who leads.
@RestController
@RequestMapping("/api/v1")
public final class PoolRoutes {
    private final Pool pool;
    private final Leasing leasing;
    private final String version;
    private final String build;

    public PoolRoutes(Pool pool, Leasing leasing, String version, String build) {
        this.pool = pool;
        this.leasing = leasing;
        this.version = version;
        this.build = build;
    }

    /// @param leader the appliance whose ZooKeeper leads; null while there is none
    /// @param scheduling the appliance that decides on leases; null while there is none
    /// @param majority whether enough of those that vote can be reached
    public record PoolView(
            String pool,
            String version,
            String build,
            @Nullable UUID leader,
            @Nullable UUID scheduling,
            List<MemberView> members,
            boolean majority) {}

    /// One appliance's place in the ensemble.
    public record MemberView(
            int number, UUID appliance, String host, boolean votes, boolean reachable) {}

    /// How the pool is.
    @For({Who.CLIENT, Who.VIEWER})
    @GetMapping("/pool")
    @Operation(operationId = "getPool", summary = "The pool: its members, who votes, who leads")
    public PoolView show() {
        Health health = pool.health();
        return new PoolView(
                pool.trust().pool().value(),
                version,
                build,
                health.leader().map(Member::appliance).orElse(null),
                leasing.opened().flatMap(Allocator::scheduling).orElse(null),
                health.members().stream()
                        .map(each ->
                                new MemberView(
                                        each.member().number(),
                                        each.member().appliance(),
                                        each.member().host(),
                                        each.votes(),
                                        each.isReachable()))
                        .toList(),
                health.hasMajority());
    }

    /// The pool key, for an appliance that votes and for nobody else.
    @For(Who.APPLIANCE)
    @GetMapping("/appliance/pool-key")
    @Hidden
    public ResponseEntity<byte[]> poolKey(@RequestAttribute(Caller.ATTRIBUTE) Caller caller) {
        if (!(caller instanceof Caller.Appliance appliance)) {
            throw new Problem(403, "this is for appliances that vote");
        }
        boolean votes =
                pool.ensemble().membership().votingMembers().stream()
                        .anyMatch(member -> member.appliance().equals(appliance.peer().id()));
        if (!votes) {
            throw new Problem(403, "this is for appliances that vote");
        }
        PoolKey key =
                pool.poolKey()
                        .orElseThrow(() -> Problem.unavailable("this appliance has no pool key"));
        return ResponseEntity.ok()
                .contentType(MediaType.APPLICATION_OCTET_STREAM)
                .header("Cache-Control", "no-store")
                .body(key.text().getBytes(StandardCharsets.US_ASCII));
    }
}
