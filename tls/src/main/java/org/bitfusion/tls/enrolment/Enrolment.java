package org.bitfusion.tls.enrolment;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.bitfusion.tls.Names;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.ApplianceSubject;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.ClientSubject;
import org.bitfusion.tls.context.PeerRefused;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.bitfusion.tls.revocation.Revoked;
import org.bitfusion.tls.token.EnrolmentTokens;
import org.bitfusion.tls.token.TokenId;
import org.bitfusion.tls.token.TokenOutcome;
import org.bitfusion.tls.token.TokenPurpose;
import org.bitfusion.tls.token.TokenText;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;

/// Decides who gets a certificate, and for whom. A use of the token is taken only when everything
/// else about the request is in order. Thread-safe.
///
/// A store that fails makes every method throw `TlsException` STORE_FAILED or STORE_CONTENDED.
public final class Enrolment {
    private static final Logger LOG = LoggerFactory.getLogger(Enrolment.class);

    /// The log leaves out what becomes too much.
    private static final Marker STRANGERS = MarkerFactory.getMarker("strangers");

    private final CertificateAuthority authority;
    private final EnrolmentTokens tokens;
    private final Supplier<RevocationSnapshot> revocations;
    private final BooleanSupplier isFullOfClients;

    /// For a pool that keeps any number of clients.
    public Enrolment(
            CertificateAuthority authority,
            EnrolmentTokens tokens,
            Supplier<RevocationSnapshot> revocations) {
        this(authority, tokens, revocations, () -> false);
    }

    /// @param isFullOfClients whether the pool keeps no more; asked for a token that counts only
    public Enrolment(
            CertificateAuthority authority,
            EnrolmentTokens tokens,
            Supplier<RevocationSnapshot> revocations,
            BooleanSupplier isFullOfClients) {
        this.authority = authority;
        this.tokens = tokens;
        this.revocations = revocations;
        this.isFullOfClients = isFullOfClients;
    }

    public EnrolmentOutcome enrolClient(ClientEnrolment asked, Instant now) {
        return answered(
                asked.name(),
                () -> {
                    Names.requireHostName("client name", asked.name());
                    CertificateRequest request = CertificateRequest.parse(asked.request());
                    Optional<UUID> proven = proven(asked, request, now);
                    return byToken(
                            asked.token(),
                            TokenPurpose.ENROL_CLIENT,
                            request,
                            proven,
                            id ->
                                    authority.issueClient(
                                            new ClientSubject(id, asked.name()), request, now),
                            now);
                });
    }

    public EnrolmentOutcome enrolAppliance(ApplianceEnrolment asked, Instant now) {
        return answered(
                asked.name(),
                () -> {
                    CertificateRequest request = CertificateRequest.parse(asked.request());
                    ApplianceSubject named =
                            new ApplianceSubject(
                                    new UUID(0, 0),
                                    asked.name(),
                                    asked.hostNames(),
                                    asked.addresses());
                    return byToken(
                            asked.token(),
                            TokenPurpose.JOIN_APPLIANCE,
                            request,
                            Optional.empty(),
                            id -> authority.issueAppliance(named.withId(id), request, now),
                            now);
                });
    }

    /// @param present the chain that the client showed on the connection over which it asks
    public EnrolmentOutcome renewClient(List<X509Certificate> present, String pem, Instant now) {
        return answered(
                "renewal",
                () -> {
                    PeerIdentity peer = checked(present, PeerRole.CLIENT, now);
                    CertificateRequest request = CertificateRequest.parse(pem);
                    return enrolled(
                            authority.issueClient(
                                    new ClientSubject(peer.id(), peer.name()), request, now),
                            Optional.empty());
                });
    }

    /// @param present the chain that the appliance showed on the connection over which it asks
    /// @param hostNames its names as they are now
    /// @param addresses its addresses as they are now
    public EnrolmentOutcome renewAppliance(
            List<X509Certificate> present,
            String pem,
            List<String> hostNames,
            List<String> addresses,
            Instant now) {
        return answered(
                "renewal",
                () -> {
                    PeerIdentity peer = checked(present, PeerRole.APPLIANCE, now);
                    CertificateRequest request = CertificateRequest.parse(pem);
                    return enrolled(
                            authority.issueAppliance(
                                    new ApplianceSubject(
                                            peer.id(), peer.name(), hostNames, addresses),
                                    request,
                                    now),
                            Optional.empty());
                });
    }

    /// Why a peer that shows such a chain is not let in, for who was refused: TLS does not tell it.
    /// It may be asked by anybody who has the chain, without a certificate.
    public Optional<EnrolmentOutcome.Refused> whyRefused(
            List<X509Certificate> chain, PeerRole role, Instant now) {
        try {
            checked(chain, role, now);
            return Optional.empty();
        } catch (TlsException exception) {
            return Optional.of(
                    new EnrolmentOutcome.Refused(
                            exception.error(), String.valueOf(exception.getMessage())));
        }
    }

    private EnrolmentOutcome byToken(
            String text,
            TokenPurpose purpose,
            CertificateRequest request,
            Optional<UUID> proven,
            Function<UUID, List<X509Certificate>> issue,
            Instant now) {
        TokenText shown = TokenText.parse(text);
        authority.requireIssuer(purpose.role(), now);
        if (purpose == TokenPurpose.ENROL_CLIENT
                && proven.isEmpty()
                && tokens.check(shown, purpose, request.publicKey(), now)
                        instanceof TokenOutcome.Accepted
                && isFullOfClients.getAsBoolean()) {
            return new EnrolmentOutcome.Refused(
                    TlsError.POOL_FULL_OF_CLIENTS,
                    "the pool keeps no more clients; an administrator can delete some that are not"
                            + " needed any more (bitfusion clients list, bitfusion clients delete"
                            + " CLIENT), and disable a token that enrolled them (bitfusion token"
                            + " disable "
                            + shown.id()
                            + ")");
        }
        return switch (tokens.consume(shown, purpose, request.publicKey(), proven, now)) {
            case TokenOutcome.Refused refused ->
                    new EnrolmentOutcome.Refused(refused.error(), refused.message());
            case TokenOutcome.Accepted(var token, UUID id) -> {
                requireNotRevoked(purpose.role(), id);
                yield enrolled(issue.apply(id), Optional.of(token.id()));
            }
        };
    }

    /// The id that a client had, shown by its certificate, ended or not, and by the key in it.
    private Optional<UUID> proven(ClientEnrolment asked, CertificateRequest request, Instant now) {
        if (asked.claimedId().isEmpty()) {
            return Optional.empty();
        }
        UUID claimed = asked.claimedId().get();
        if (!asked.before().isEmpty()) {
            X509Certificate own = asked.before().getFirst();
            Instant end = own.getNotAfter().toInstant().minusSeconds(1);
            PeerIdentity peer =
                    checked(asked.before(), PeerRole.CLIENT, now.isBefore(end) ? now : end);
            if (peer.id().equals(claimed) && own.getPublicKey().equals(request.publicKey())) {
                return Optional.of(claimed);
            }
        }
        throw new TlsException(
                TlsError.CLIENT_ID_NOT_PROVEN,
                "client id "
                        + claimed
                        + " is claimed without its certificate and key; enrol without an id (remove"
                        + " ~/.bitfusion/client.yaml and use the token's download again)");
    }

    private PeerIdentity checked(List<X509Certificate> chain, PeerRole role, Instant at) {
        try {
            return PoolTrust.ofAppliance(
                            List.of(authority.root()), revocations, InstantSource.fixed(at))
                    .check(chain, Set.of(role));
        } catch (PeerRefused refused) {
            throw new TlsException(refused.error(), refused.reason());
        }
    }

    private void requireNotRevoked(PeerRole role, UUID id) {
        Optional<Revocation> revocation = revocations.get().find(new Revoked.OfPeer(role, id));
        if (revocation.isPresent()) {
            throw new TlsException(
                    TlsError.CERTIFICATE_REVOKED,
                    "this "
                            + role.word()
                            + " was revoked at "
                            + revocation.get().at()
                            + "; an administrator can enable it again");
        }
    }

    private static EnrolmentOutcome enrolled(List<X509Certificate> chain, Optional<TokenId> token) {
        return new EnrolmentOutcome.Enrolled(
                PeerIdentity.of(chain.getFirst()).orElseThrow(), chain, token);
    }

    /// Turns what is wrong with a request into an answer; a store that fails is no answer.
    private static EnrolmentOutcome answered(String name, Supplier<EnrolmentOutcome> decision) {
        EnrolmentOutcome outcome;
        try {
            outcome = decision.get();
        } catch (TlsException exception) {
            if (exception.error() == TlsError.STORE_FAILED
                    || exception.error() == TlsError.STORE_CONTENDED) {
                throw exception;
            }
            outcome =
                    new EnrolmentOutcome.Refused(
                            exception.error(), String.valueOf(exception.getMessage()));
        }
        switch (outcome) {
            case EnrolmentOutcome.Enrolled(PeerIdentity peer, _, var token) ->
                    LOG.info(
                            "enrolled {}={} name={} token={}",
                            peer.role().word(),
                            peer.id(),
                            peer.name(),
                            token.map(id -> id.value()).orElse("-"));
            case EnrolmentOutcome.Refused(_, String message) ->
                    LOG.warn(STRANGERS, "refused name={} error={}", Names.shown(name), message);
        }
        return outcome;
    }
}
