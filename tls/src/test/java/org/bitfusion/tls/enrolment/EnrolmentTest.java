package org.bitfusion.tls.enrolment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.CertificateAuthority;
import org.bitfusion.tls.authority.Lifetimes;
import org.bitfusion.tls.authority.Renewal;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.CertificateDescription;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.RevocationList;
import org.bitfusion.tls.revocation.Revoked;
import org.bitfusion.tls.token.EnrolmentTokens;
import org.bitfusion.tls.token.TokenId;
import org.bitfusion.tls.token.TokenPurpose;
import org.bitfusion.tls.token.TokenRequest;
import org.junit.jupiter.api.Test;

class EnrolmentTest {
    private final TestPool pool = new TestPool();
    private final Instant now = pool.now;
    private final EnrolmentTokens tokens = new EnrolmentTokens(pool.store, pool.authority);
    private final RevocationList revocations = new RevocationList(pool.store);
    private final Enrolment enrolment =
            new Enrolment(pool.authority, tokens, revocations::snapshot);
    private final KeyPair pair = PrivateKeys.generate();
    private final String request = CertificateRequest.write(pair, "wishes");

    @Test
    void aClientWithATokenGetsAChainForItsKey() {
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.of(1));
        EnrolmentOutcome.Enrolled enrolled =
                enrolled(enrolment.enrolClient(ClientEnrolment.of(token, request, "build-7"), now));
        assertThat(enrolled.peer().role()).isEqualTo(PeerRole.CLIENT);
        assertThat(enrolled.peer().name()).isEqualTo("build-7");
        assertThat(enrolled.token().orElseThrow().value()).isEqualTo(token.substring(0, 7));
        assertThat(new Identity(pair.getPrivate(), enrolled.chain()).certificate())
                .isEqualTo(enrolled.chain().getFirst());
    }

    @Test
    void aFullPoolTakesNoClientAndNoUseOfItsToken() {
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.of(1));
        Enrolment full = new Enrolment(pool.authority, tokens, revocations::snapshot, () -> true);
        assertThat(full.enrolClient(ClientEnrolment.of(token, request, "late"), now))
                .isInstanceOfSatisfying(
                        EnrolmentOutcome.Refused.class,
                        refused -> {
                            assertThat(refused.error()).isEqualTo(TlsError.POOL_FULL_OF_CLIENTS);
                            assertThat(refused.message())
                                    .contains("bitfusion clients delete")
                                    .contains("bitfusion token disable " + token.substring(0, 7));
                        });
        assertThat(full.enrolClient(ClientEnrolment.of("x" + token, request, "late"), now))
                .as("nobody learns it without a token")
                .isInstanceOfSatisfying(
                        EnrolmentOutcome.Refused.class,
                        refused ->
                                assertThat(refused.error())
                                        .isNotEqualTo(TlsError.POOL_FULL_OF_CLIENTS));
        enrolled(enrolment.enrolClient(ClientEnrolment.of(token, request, "in-time"), now));
    }

    @Test
    void twoClientsOfOneNameAreTwoClients() {
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.empty());
        UUID first =
                enrolled(enrolment.enrolClient(ClientEnrolment.of(token, request, "same"), now))
                        .peer()
                        .id();
        String other = CertificateRequest.write(PrivateKeys.generate(), "x");
        UUID second =
                enrolled(enrolment.enrolClient(ClientEnrolment.of(token, other, "same"), now))
                        .peer()
                        .id();
        assertThat(first).isNotEqualTo(second);
    }

    @Test
    void whoseAnswerWasLostIsTheSameClientAfterwards() {
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.of(1));
        ClientEnrolment asked = ClientEnrolment.of(token, request, "build-7");
        UUID first = enrolled(enrolment.enrolClient(asked, now)).peer().id();
        UUID again = enrolled(enrolment.enrolClient(asked, now.plusSeconds(5))).peer().id();
        assertThat(again).isEqualTo(first);
    }

    @Test
    void aRequestThatIsRefusedUsesNothingOfTheToken() {
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.of(1));
        assertRefused(
                TlsError.REQUEST_MALFORMED,
                enrolment.enrolClient(ClientEnrolment.of(token, "nonsense", "a"), now));
        assertRefused(
                TlsError.NAME_UNACCEPTABLE,
                enrolment.enrolClient(ClientEnrolment.of(token, request, "a\nb"), now));
        assertRefused(
                TlsError.TOKEN_MALFORMED,
                enrolment.enrolClient(ClientEnrolment.of("token", request, "a"), now));
        enrolled(enrolment.enrolClient(ClientEnrolment.of(token, request, "a"), now));
    }

    @Test
    void aTokenForClientsEnrolsNoAppliance() {
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.empty());
        assertRefused(
                TlsError.TOKEN_FOR_OTHER_PURPOSE,
                enrolment.enrolAppliance(appliance(token, "10.0.0.5"), now));
    }

    @Test
    void anApplianceGetsACertificateForEveryAddress() {
        String token = token(TokenPurpose.JOIN_APPLIANCE, OptionalInt.of(1));
        EnrolmentOutcome.Enrolled enrolled =
                enrolled(
                        enrolment.enrolAppliance(
                                appliance(token, "10.0.0.5", "192.168.7.5", "fd00::5"), now));
        assertThat(enrolled.peer().role()).isEqualTo(PeerRole.APPLIANCE);
        assertThat(CertificateDescription.of(enrolled.chain().getFirst()).alternativeNames())
                .contains(
                        "DNS:gpu-5",
                        "DNS:gpu-5.example.com",
                        "IP:10.0.0.5",
                        "IP:192.168.7.5",
                        "IP:fd00:0:0:0:0:0:0:5");
    }

    @Test
    void anAddressThatIsNoneUsesNothingOfTheToken() {
        String token = token(TokenPurpose.JOIN_APPLIANCE, OptionalInt.of(1));
        assertRefused(
                TlsError.NAME_UNACCEPTABLE,
                enrolment.enrolAppliance(appliance(token, "gpu-5"), now));
        enrolled(enrolment.enrolAppliance(appliance(token, "10.0.0.5"), now));
    }

    @Test
    void aClientsIdIsNotHadByClaimingIt() {
        Identity victim = pool.client();
        UUID id = PeerIdentity.of(victim.certificate()).orElseThrow().id();
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.of(1));
        assertRefused(
                TlsError.CLIENT_ID_NOT_PROVEN,
                enrolment.enrolClient(
                        new ClientEnrolment(token, request, "thief", Optional.of(id), List.of()),
                        now));
        assertRefused(
                TlsError.CLIENT_ID_NOT_PROVEN,
                enrolment.enrolClient(
                        new ClientEnrolment(
                                token, request, "thief", Optional.of(id), victim.chain()),
                        now));
    }

    @Test
    void aClientWhoseCertificateEndedStaysTheSameByItsKey() {
        UUID id = UUID.randomUUID();
        Identity old = pool.client(id, "build-7", now);
        Instant later = now.plus(TestPool.TOO_LONG);
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.empty(), later);
        KeyPair oldPair = new KeyPair(old.certificate().getPublicKey(), old.key());
        EnrolmentOutcome outcome =
                enrolment.enrolClient(
                        new ClientEnrolment(
                                token,
                                CertificateRequest.write(oldPair, "x"),
                                "build-7",
                                Optional.of(id),
                                old.chain()),
                        later);
        assertThat(enrolled(outcome).peer().id()).isEqualTo(id);
    }

    @Test
    void aRevokedClientDoesNotComeBackAsItself() {
        UUID id = UUID.randomUUID();
        Identity old = pool.client(id, "build-7", now);
        revoke(id);
        KeyPair oldPair = new KeyPair(old.certificate().getPublicKey(), old.key());
        assertRefused(
                TlsError.CERTIFICATE_REVOKED,
                enrolment.enrolClient(
                        new ClientEnrolment(
                                token(TokenPurpose.ENROL_CLIENT, OptionalInt.empty()),
                                CertificateRequest.write(oldPair, "x"),
                                "build-7",
                                Optional.of(id),
                                old.chain()),
                        now));
    }

    /// The original's troubleshooting: a deleted client could go on as long as its token was left.
    @Test
    void aDeletedClientWithItsTokenLeftIsKeptOutByDeletingTheToken() {
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.empty());
        EnrolmentOutcome.Enrolled client =
                enrolled(enrolment.enrolClient(ClientEnrolment.of(token, request, "a"), now));
        revoke(client.peer().id());
        assertRefused(
                TlsError.CERTIFICATE_REVOKED,
                enrolment.enrolClient(ClientEnrolment.of(token, request, "a"), now.plusSeconds(9)));
        tokens.delete(client.token().orElseThrow());
        String fresh = CertificateRequest.write(PrivateKeys.generate(), "x");
        assertRefused(
                TlsError.TOKEN_WRONG,
                enrolment.enrolClient(ClientEnrolment.of(token, fresh, "a"), now));
    }

    @Test
    void aClientRenewsInTimeAndStaysWhoItIs() {
        UUID id = UUID.randomUUID();
        Identity present = pool.client(id, "build-7", now);
        Instant due = Renewal.dueAt(present.certificate());
        EnrolmentOutcome.Enrolled renewed =
                enrolled(enrolment.renewClient(present.chain(), request, due));
        assertThat(renewed.peer().id()).isEqualTo(id);
        assertThat(renewed.peer().name()).isEqualTo("build-7");
        X509Certificate certificate = renewed.chain().getFirst();
        assertThat(certificate.getPublicKey()).isEqualTo(pair.getPublic());
        assertThat(certificate.getNotAfter()).isAfter(present.certificate().getNotAfter());
    }

    @Test
    void whatIsOverOrRevokedOrForeignIsNotRenewed() {
        Identity present = pool.client();
        assertRefused(
                TlsError.CERTIFICATE_EXPIRED,
                enrolment.renewClient(present.chain(), request, now.plus(TestPool.TOO_LONG)));
        assertRefused(
                TlsError.CERTIFICATE_OF_ANOTHER_POOL,
                enrolment.renewClient(new TestPool().client().chain(), request, now));
        assertRefused(
                TlsError.CERTIFICATE_OF_WRONG_ROLE,
                enrolment.renewClient(pool.appliance().chain(), request, now));
        revoke(PeerIdentity.of(present.certificate()).orElseThrow().id());
        assertRefused(
                TlsError.CERTIFICATE_REVOKED, enrolment.renewClient(present.chain(), request, now));
    }

    @Test
    void whoWasRefusedCanAskWhy() {
        Identity present = pool.client();
        assertThat(enrolment.whyRefused(present.chain(), PeerRole.CLIENT, now)).isEmpty();
        revoke(PeerIdentity.of(present.certificate()).orElseThrow().id());
        EnrolmentOutcome.Refused why =
                enrolment.whyRefused(present.chain(), PeerRole.CLIENT, now).orElseThrow();
        assertThat(why.error()).isEqualTo(TlsError.CERTIFICATE_REVOKED);
        assertThat(why.message()).contains("by admin (deleted)").contains("enable the client");
    }

    @Test
    void anApplianceRenewsWithTheAddressesThatItHasNow() {
        UUID id = UUID.randomUUID();
        Identity present = pool.appliance(id, now, "10.0.0.5");
        EnrolmentOutcome.Enrolled renewed =
                enrolled(
                        enrolment.renewAppliance(
                                present.chain(), request, List.of(), List.of("10.9.9.9"), now));
        assertThat(renewed.peer().id()).isEqualTo(id);
        assertThat(CertificateDescription.of(renewed.chain().getFirst()).alternativeNames())
                .contains("IP:10.9.9.9")
                .doesNotContain("IP:10.0.0.5");
    }

    @Test
    void anAuthorityThatEndedUsesNothingOfTheToken() {
        Instant end = pool.client().chain().get(1).getNotAfter().toInstant();
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.of(1), end);
        assertRefused(
                TlsError.AUTHORITY_EXPIRED,
                enrolment.enrolClient(ClientEnrolment.of(token, request, "a"), end));
        assertThat(tokens.find(new TokenId(token.substring(0, 7))).orElseThrow().uses()).isZero();
    }

    @Test
    void anotherApplianceEnrolsWithTheSameTokens() {
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.of(1));
        CertificateAuthority other =
                CertificateAuthority.open(pool.store, pool.poolKey, Lifetimes.DEFAULT);
        Enrolment elsewhere =
                new Enrolment(other, new EnrolmentTokens(pool.store, other), revocations::snapshot);
        enrolled(elsewhere.enrolClient(ClientEnrolment.of(token, request, "a"), now));
        String fresh = CertificateRequest.write(PrivateKeys.generate(), "x");
        assertRefused(
                TlsError.TOKEN_USED_UP,
                enrolment.enrolClient(ClientEnrolment.of(token, fresh, "a"), now));
    }

    @Test
    void aStoreThatFailsIsNoRefusal() {
        EnrolmentTokens failing = new EnrolmentTokens(new FailingStore(), pool.authority);
        Enrolment unlucky = new Enrolment(pool.authority, failing, revocations::snapshot);
        String token = token(TokenPurpose.ENROL_CLIENT, OptionalInt.of(1));
        assertThatThrownBy(() -> unlucky.enrolClient(ClientEnrolment.of(token, request, "a"), now))
                .isInstanceOf(TlsException.class)
                .hasMessageStartingWith(TlsError.STORE_FAILED.tag());
    }

    private void revoke(UUID id) {
        revocations.revoke(
                new Revocation(
                        new Revoked.OfPeer(PeerRole.CLIENT, id),
                        "admin",
                        "deleted",
                        now,
                        now.plus(Duration.ofDays(365))));
    }

    private static ApplianceEnrolment appliance(String token, String... addresses) {
        return new ApplianceEnrolment(
                token,
                CertificateRequest.write(PrivateKeys.generate(), "x"),
                "gpu-5",
                List.of("gpu-5.example.com"),
                List.of(addresses));
    }

    private String token(TokenPurpose purpose, OptionalInt uses) {
        return token(purpose, uses, now);
    }

    private String token(TokenPurpose purpose, OptionalInt uses, Instant at) {
        TokenId id =
                tokens.create(new TokenRequest("x", purpose, Duration.ofDays(1), uses, true), at)
                        .id();
        return tokens.text(id).orElseThrow().reveal();
    }

    private static EnrolmentOutcome.Enrolled enrolled(EnrolmentOutcome outcome) {
        assertThat(outcome).isInstanceOf(EnrolmentOutcome.Enrolled.class);
        return (EnrolmentOutcome.Enrolled) outcome;
    }

    private static void assertRefused(TlsError error, EnrolmentOutcome outcome) {
        assertThat(outcome).isInstanceOf(EnrolmentOutcome.Refused.class);
        EnrolmentOutcome.Refused refused = (EnrolmentOutcome.Refused) outcome;
        assertThat(refused.error()).isEqualTo(error);
        assertThat(refused.message()).startsWith(error.tag()).doesNotContain(error.tag() + " [");
    }
}
