package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Hidden;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import org.bitfusion.manager.member.Issuer;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.Caller;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.bitfusion.tls.enrolment.EnrolmentOutcome;
import org.bitfusion.tls.pem.Certificates;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// A new certificate for who has one.
@RestController
@RequestMapping("/api/v1")
public final class RenewalRoutes {
    private static final String CHAIN = "jakarta.servlet.request.X509Certificate";

    private final Pool pool;
    private final Elsewhere elsewhere;

    public RenewalRoutes(Pool pool, Elsewhere elsewhere) {
        this.pool = pool;
        this.elsewhere = elsewhere;
    }

    /// @param request PKCS#10 as PEM
    /// @param hostNames an appliance's, as they are now
    /// @param addresses an appliance's, as they are now
    public record Renewal(
            @Nullable String request,
            @Nullable List<String> hostNames,
            @Nullable List<String> addresses) {}

    /// @param certificates PEM, the holder's own first
    public record Renewed(String certificates) {}

    /// @param certificates that a client showed to another appliance, PEM
    public record PassedOn(@Nullable String certificates, @Nullable String request) {}

    /// Renews the certificate that the caller shows.
    @For({Who.CLIENT, Who.APPLIANCE})
    @PostMapping("/renewal")
    @Operation(
            operationId = "renewCertificate",
            summary = "Renews the certificate that the caller shows")
    @ApiResponse(
            responseCode = "200",
            description = "as asked",
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = Renewed.class)))
    public ResponseEntity<Object> renew(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller,
            @RequestAttribute(CHAIN) X509Certificate[] chain,
            @RequestBody Renewal asked) {
        String request = Needed.value("request", asked.request());
        Optional<Issuer> issuer = pool.issuer();
        return switch (caller) {
            case Caller.Client _ ->
                    issuer.isEmpty()
                            ? elsewhere.ask(
                                    "POST",
                                    "/api/v1/appliance/renewal",
                                    new PassedOn(Certificates.write(List.of(chain)), request))
                            : renewClient(issuer.get(), List.of(chain), request);
            case Caller.Appliance _ -> {
                if (issuer.isEmpty()) {
                    throw Problem.unavailable("this appliance has no pool key; ask one that votes");
                }
                yield renewed(
                        EnrolmentRoutes.enrolled(
                                issuer.get()
                                        .enrolment()
                                        .renewAppliance(
                                                List.of(chain),
                                                request,
                                                Needed.value("hostNames", asked.hostNames()),
                                                Needed.value("addresses", asked.addresses()),
                                                pool.now())));
            }
            case Caller.Administrator _, Caller.Anonymous _ ->
                    throw new Problem(403, "only a certificate is renewed");
        };
    }

    /// A client's renewal that another appliance, without the pool key, passes on.
    @For(Who.APPLIANCE)
    @PostMapping("/appliance/renewal")
    @Hidden
    public ResponseEntity<Object> renewPassedOn(@RequestBody PassedOn asked) {
        Issuer issuer =
                pool.issuer()
                        .orElseThrow(
                                () -> Problem.unavailable("this appliance has no pool key either"));
        return renewClient(
                issuer,
                Certificates.read(Needed.value("certificates", asked.certificates())),
                Needed.value("request", asked.request()));
    }

    private ResponseEntity<Object> renewClient(
            Issuer issuer, List<X509Certificate> chain, String request) {
        EnrolmentOutcome.Enrolled enrolled =
                EnrolmentRoutes.enrolled(
                        issuer.enrolment().renewClient(chain, request, pool.now()));
        pool.clients().enrolled(enrolled.peer(), Optional.empty(), pool.now());
        return renewed(enrolled);
    }

    private static ResponseEntity<Object> renewed(EnrolmentOutcome.Enrolled enrolled) {
        return ResponseEntity.ok(new Renewed(Certificates.write(enrolled.chain())));
    }
}
