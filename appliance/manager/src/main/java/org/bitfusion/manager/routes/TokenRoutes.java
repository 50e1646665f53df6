package org.bitfusion.manager.routes;

import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.ArraySchema;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.bitfusion.manager.member.ApplianceDirectory;
import org.bitfusion.manager.member.Issuer;
import org.bitfusion.manager.member.Pool;
import org.bitfusion.manager.web.Caller;
import org.bitfusion.manager.web.For;
import org.bitfusion.manager.web.Problem;
import org.bitfusion.manager.web.Who;
import org.bitfusion.tls.token.EnrolmentTokens;
import org.bitfusion.tls.token.Token;
import org.bitfusion.tls.token.TokenDownload;
import org.bitfusion.tls.token.TokenId;
import org.bitfusion.tls.token.TokenPurpose;
import org.bitfusion.tls.token.TokenRequest;
import org.bitfusion.tls.token.TokenText;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/// Tokens by which clients are enrolled and appliances join.
@RestController
@RequestMapping("/api/v1/tokens")
public final class TokenRoutes {
    private static final String BASE = "/api/v1/tokens";
    private static final MediaType TAR = MediaType.parseMediaType("application/x-tar");

    private final Pool pool;
    private final Elsewhere elsewhere;

    public TokenRoutes(Pool pool, Elsewhere elsewhere) {
        this.pool = pool;
        this.elsewhere = elsewhere;
    }

    /// @param purpose `client` or `appliance`
    /// @param uses how many it enrols; null for any number
    /// @param used how many it has enrolled
    public record TokenView(
            String id,
            String description,
            String purpose,
            Instant created,
            Instant expires,
            boolean enabled,
            @Nullable Integer uses,
            int used) {
        static TokenView of(Token token) {
            return new TokenView(
                    token.id().value(),
                    token.description(),
                    token.purpose().role().word(),
                    token.created(),
                    token.expires(),
                    token.enabled(),
                    token.mostUses().isPresent() ? token.mostUses().getAsInt() : null,
                    token.uses());
        }
    }

    /// @param purpose `client`, which holds if nothing is said, or `appliance`
    /// @param expires or `validSeconds`; 30 days if neither is said
    /// @param uses how many it enrols; any number if nothing is said
    public record NewToken(
            @Nullable String description,
            @Nullable String purpose,
            @Nullable Instant expires,
            @Nullable Long validSeconds,
            @Nullable Integer uses,
            @Nullable Boolean enabled) {}

    /// What is to change; what is not said stays.
    public record TokenChange(
            @Nullable String description, @Nullable Instant expires, @Nullable Boolean enabled) {}

    /// All tokens, without their secrets.
    @For(Who.ADMIN)
    @GetMapping
    @Operation(
            operationId = "listTokens",
            summary = "All tokens, the oldest first, without their secrets")
    @ApiResponse(
            responseCode = "200",
            description = "as asked",
            content =
                    @Content(
                            mediaType = "application/json",
                            array =
                                    @ArraySchema(
                                            schema = @Schema(implementation = TokenView.class))))
    public ResponseEntity<Object> list() {
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isEmpty()) {
            return elsewhere.ask("GET", BASE, null);
        }
        List<TokenView> tokens = issuer.get().tokens().list().stream().map(TokenView::of).toList();
        return ResponseEntity.ok(tokens);
    }

    /// Makes one.
    @For(Who.ADMIN)
    @PostMapping
    @Operation(operationId = "createToken", summary = "Makes a token")
    @ApiResponse(
            responseCode = "201",
            description = "made",
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = TokenView.class)))
    public ResponseEntity<Object> create(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller, @RequestBody NewToken asked) {
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isEmpty()) {
            return elsewhere.ask(caller, "POST", BASE, asked);
        }
        Token token = issuer.get().tokens().create(request(asked, pool.now()), pool.now());
        pool.events()
                .append(
                        pool.now(),
                        "token-created",
                        caller.name(),
                        "token " + token.id() + " for " + token.purpose().role().word() + "s");
        return ResponseEntity.status(201).body(TokenView.of(token));
    }

    private static TokenRequest request(NewToken asked, Instant now) {
        Duration validity = TokenRequest.USUAL_VALIDITY;
        if (asked.expires() != null) {
            validity = Duration.between(now, asked.expires());
        } else if (asked.validSeconds() != null) {
            validity = Duration.ofSeconds(asked.validSeconds());
        }
        String purpose = asked.purpose() == null ? "client" : asked.purpose();
        return new TokenRequest(
                asked.description() == null ? "" : asked.description(),
                switch (purpose) {
                    case "client" -> TokenPurpose.ENROL_CLIENT;
                    case "appliance" -> TokenPurpose.JOIN_APPLIANCE;
                    default -> throw Problem.badRequest("purpose: (expected: client or appliance)");
                },
                validity,
                asked.uses() == null ? OptionalInt.empty() : OptionalInt.of(asked.uses()),
                asked.enabled() == null || asked.enabled());
    }

    /// One token, without its secret.
    @For(Who.ADMIN)
    @GetMapping("/{id}")
    @Operation(operationId = "getToken", summary = "One token, without its secret")
    @ApiResponse(
            responseCode = "200",
            description = "as asked",
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = TokenView.class)))
    public ResponseEntity<Object> find(@PathVariable("id") String id) {
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isEmpty()) {
            return elsewhere.ask("GET", BASE + "/" + name(id), null);
        }
        return ResponseEntity.ok(TokenView.of(found(id, issuer.get().tokens().find(name(id)))));
    }

    /// Changes one.
    @For(Who.ADMIN)
    @PatchMapping("/{id}")
    @Operation(operationId = "changeToken", summary = "Changes a token; what is not said stays")
    @ApiResponse(
            responseCode = "200",
            description = "as asked",
            content =
                    @Content(
                            mediaType = "application/json",
                            schema = @Schema(implementation = TokenView.class)))
    public ResponseEntity<Object> change(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller,
            @PathVariable("id") String id,
            @RequestBody TokenChange change) {
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isEmpty()) {
            return elsewhere.ask(caller, "PATCH", BASE + "/" + name(id), change);
        }
        EnrolmentTokens tokens = issuer.get().tokens();
        Token token = found(id, tokens.find(name(id)));
        if (change.description() != null) {
            token = found(id, tokens.describe(token.id(), change.description()));
        }
        if (change.expires() != null) {
            token = found(id, tokens.extend(token.id(), change.expires()));
        }
        if (change.enabled() != null) {
            token =
                    found(
                            id,
                            change.enabled()
                                    ? tokens.enable(token.id())
                                    : tokens.disable(token.id()));
        }
        pool.events().append(pool.now(), "token-changed", caller.name(), "token " + token.id());
        return ResponseEntity.ok(TokenView.of(token));
    }

    /// Deletes one; who was enrolled by it stays.
    @For(Who.ADMIN)
    @DeleteMapping("/{id}")
    @Operation(
            operationId = "deleteToken",
            summary = "Deletes a token; who was enrolled by it stays")
    @ApiResponse(responseCode = "204", description = "done")
    public ResponseEntity<Object> delete(
            @RequestAttribute(Caller.ATTRIBUTE) Caller caller, @PathVariable("id") String id) {
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isEmpty()) {
            return elsewhere.ask(caller, "DELETE", BASE + "/" + name(id), null);
        }
        if (!issuer.get().tokens().delete(name(id))) {
            throw noSuchToken(id);
        }
        pool.events().append(pool.now(), "token-deleted", caller.name(), "token " + id);
        return ResponseEntity.noContent().build();
    }

    /// The tar that is given to who shall be enrolled: it holds the token's secret.
    @For(Who.ADMIN)
    @GetMapping("/{id}/download")
    @Operation(
            operationId = "downloadToken",
            summary =
                    "The tar with ca.crt, client.yaml and servers.conf: it holds the token's secret")
    @ApiResponse(
            responseCode = "200",
            description = "as asked",
            content =
                    @Content(
                            mediaType = "application/x-tar",
                            schema = @Schema(type = "string", format = "binary")))
    public ResponseEntity<Object> download(@PathVariable("id") String id) {
        Optional<Issuer> issuer = pool.issuer();
        if (issuer.isEmpty()) {
            return elsewhere.ask("GET", BASE + "/" + name(id) + "/download", null);
        }
        TokenText text = issuer.get().tokens().text(name(id)).orElseThrow(() -> noSuchToken(id));
        List<String> servers =
                pool.appliances().entries().stream()
                        .map(ApplianceDirectory.Entry::controlAddresses)
                        .flatMap(List::stream)
                        .toList();
        if (servers.isEmpty()) {
            throw Problem.unavailable("no appliance of the pool is known yet; try again");
        }
        byte[] tar =
                TokenDownload.of(List.of(issuer.get().authority().root()), text, servers)
                        .tar(pool.now());
        return ResponseEntity.ok()
                .contentType(TAR)
                .header("Content-Disposition", "attachment; filename=\"" + text.id() + ".tar\"")
                .header("Cache-Control", "no-store")
                .body(tar);
    }

    private static TokenId name(String id) {
        return TokenId.parse(id).orElseThrow(() -> noSuchToken(id));
    }

    private static Token found(String id, Optional<Token> token) {
        return token.orElseThrow(() -> noSuchToken(id));
    }

    private static Problem noSuchToken(String id) {
        return Problem.notFound("there is no token " + id);
    }
}
