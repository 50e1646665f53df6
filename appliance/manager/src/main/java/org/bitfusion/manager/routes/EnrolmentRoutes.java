package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.ensemble.JoinOutcome;
import org.bitfusion.cluster.ensemble.Membership;
import org.bitfusion.manager.member.Issuer;
import org.bitfusion.manager.member.Joining;
import org.bitfusion.manager.member.MemberText;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.bitfusion.tls.enrolment.ApplianceEnrolment;
import org.bitfusion.tls.enrolment.ClientEnrolment;
import org.bitfusion.tls.enrolment.EnrolmentOutcome;
import org.bitfusion.tls.pem.Certificates;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// A certificate by a token: the only routes for who has none.
@RestController
@RequestMapping("/api/v1/enrolment")
public final class EnrolmentRoutes {
    private final Pool pool;
    private final Elsewhere elsewhere;

    public EnrolmentRoutes(Pool pool, Elsewhere elsewhere) {
        this.pool = pool;
        this.elsewhere = elsewhere;
    }

    /// @param request PKCS#10 as PEM
    /// @param id of a client that it says to have been; `before` is its certificate's chain, PEM
    public record ClientApplication(
            @Nullable String token,
            @Nullable String name,
            @Nullable String request,
            @Nullable UUID id,
            @Nullable String before) {
        /// Without the token's secret.
        @Override
        public String toString() {
            return "ClientApplication[]";
        }
    }

    /// @param certificates PEM, its own first
    public record Enrolled(UUID id, String pool, String certificates) {}

    /// Enrols a client.
    @For(Who.NOBODY)
    @PostMapping("/clients")
    @Operation(operationId = "enrolClient", summary = "Enrols a client by a token")
    @ApiResponse(
            responseCode = "201",
            description = "made",
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = Enrolled.class)))
    public ResponseEntity<Object> enrolClient(@RequestBody ClientApplication asked) {
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isEmpty()) {
            return elsewhere.ask("POST", "/api/v1/enrolment/clients", asked);
        }
        List<X509Certificate> before =
                asked.before() == null ? List.of() : Certificates.read(asked.before());
        ClientEnrolment enrolment =
                new ClientEnrolment(
                        Needed.value("token", asked.token()),
                        Needed.value("request", asked.request()),
                        Needed.value("name", asked.name()),
                        Optional.ofNullable(asked.id()),
                        before);
        EnrolmentOutcome.Enrolled enrolled =
                enrolled(issuer.get().enrolment().enrolClient(enrolment, pool.now()));
        pool.clients()
                .enrolled(enrolled.peer(), enrolled.token().map(id -> id.value()), pool.now());
        return ResponseEntity.status(201)
                .body(
                        new Enrolled(
                                enrolled.peer().id(),
                                enrolled.peer().pool().value(),
                                Certificates.write(enrolled.chain())));
    }

    /// Lets an appliance join: a certificate, and a place among the members.
    @For(Who.NOBODY)
    @PostMapping("/appliances")
    @Operation(operationId = "enrolAppliance", summary = "Lets an appliance join by a token")
    @ApiResponse(
            responseCode = "201",
            description = "made",
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = Joining.Welcome.class)))
    public ResponseEntity<Object> enrolAppliance(@RequestBody Joining.Application asked) {
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isEmpty()) {
            return elsewhere.ask("POST", "/api/v1/enrolment/appliances", asked);
        }
        Member.Ports ports =
                new Member.Ports(asked.quorumPort(), asked.electionPort(), asked.clientPort());
        ApplianceEnrolment enrolment =
                new ApplianceEnrolment(
                        Needed.value("token", asked.token()),
                        Needed.value("request", asked.request()),
                        Needed.value("name", asked.name()),
                        Needed.value("hostNames", asked.hostNames()),
                        Needed.value("addresses", asked.addresses()));
        String host = Needed.value("host", asked.host());
        if (!enrolment.addresses().contains(host) && !enrolment.hostNames().contains(host)) {
            throw Problem.badRequest("host: (expected: one of addresses or hostNames)");
        }
        EnrolmentOutcome.Enrolled enrolled =
                enrolled(issuer.get().enrolment().enrolAppliance(enrolment, pool.now()));
        return switch (pool.ensemble().join(enrolled.peer().id(), host, ports)) {
            case JoinOutcome.Joined(Member member, Membership membership) -> {
                pool.events()
                        .append(
                                pool.now(),
                                "appliance-joined",
                                "token " + enrolled.token().map(id -> id.value()).orElse("-"),
                                enrolled.peer().name() + " joined at " + host);
                yield ResponseEntity.status(201).body(welcome(enrolled, member, membership));
            }
            case JoinOutcome.Full _ ->
                    throw Problem.conflict("the pool has as many members as it can have");
            case JoinOutcome.NoMajority(String why) -> throw Problem.unavailable(why);
        };
    }

    private static Joining.Welcome welcome(
            EnrolmentOutcome.Enrolled enrolled, Member member, Membership membership) {
        return new Joining.Welcome(
                enrolled.peer().id(),
                enrolled.peer().pool().value(),
                Certificates.write(enrolled.chain()),
                MemberText.of(member, membership.voters().contains(member.number())),
                membership.members().stream()
                        .map(each ->
                                MemberText.of(each, membership.voters().contains(each.number())))
                        .toList());
    }

    static EnrolmentOutcome.Enrolled enrolled(EnrolmentOutcome outcome) {
        return switch (outcome) {
            case EnrolmentOutcome.Enrolled enrolled -> enrolled;
            case EnrolmentOutcome.Refused refused -> throw new Problem(403, tagged(refused));
        };
    }

    private static String tagged(EnrolmentOutcome.Refused refused) {
        String tag = refused.error().tag();
        return refused.message().startsWith(tag)
                ? refused.message()
                : tag + " " + refused.message();
    }
}
