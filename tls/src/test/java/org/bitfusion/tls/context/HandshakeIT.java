package org.bitfusion.tls.context;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.identity.CurrentIdentity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.RevocationList;
import org.bitfusion.tls.revocation.Revoked;
import org.bitfusion.tls.session.SessionIdentity;
import org.junit.jupiter.api.Test;

class HandshakeIT {
    private static final String HOST = "127.0.0.1";

    private final TestPool pool = new TestPool();
    private final RevocationList revocations = new RevocationList(pool.store);

    @Test
    void aClientOfThePoolIsAdmittedByItsId() throws Exception {
        UUID id = UUID.randomUUID();
        try (Port port = new Port(server(ClientCertificate.REQUIRED))) {
            Port.call(client(pool.client(id, "build-7", pool.now)), HOST, port.port());
            PeerIdentity peer = admitted(port.visit());
            assertThat(peer.id()).isEqualTo(id);
            assertThat(peer.name()).isEqualTo("build-7");
            assertThat(peer.role()).isEqualTo(PeerRole.CLIENT);
        }
    }

    @Test
    void anApplianceIsAdmittedByAnother() throws Exception {
        try (Port port = new Port(server(ClientCertificate.REQUIRED))) {
            Port.call(client(pool.appliance()), HOST, port.port());
            assertThat(port.visit().admission()).isInstanceOf(Admission.Admitted.class);
        }
    }

    @Test
    void withoutACertificateEnrolmentIsLeftWhereItIsOffered() throws Exception {
        try (Port port = new Port(server(ClientCertificate.WANTED))) {
            Port.call(
                    TlsContext.client(Optional.empty(), clientTrust(pool.now)), HOST, port.port());
            assertThat(port.visit().admission()).isInstanceOf(Admission.Anonymous.class);
        }
    }

    @Test
    void withoutACertificateNobodyIsLetInElsewhere() throws Exception {
        try (Port port = new Port(server(ClientCertificate.REQUIRED))) {
            HandshakeFailure failure =
                    failure(TlsContext.client(Optional.empty(), clientTrust(pool.now)), port);
            assertThat(failure.error()).isEqualTo(TlsError.CERTIFICATE_REQUIRED);
            assertThat(failure.message()).contains("enrol first");
            assertThat(port.visit().failure()).isNotNull();
        }
    }

    @Test
    void aClientOfAnOlderPoolIsToldWhatToRemove() throws Exception {
        TestPool older = new TestPool();
        TlsContext client =
                TlsContext.client(
                        Optional.of(older::client),
                        PoolTrust.ofClient(
                                List.of(older.authority.root()), InstantSource.system()));
        try (Port port = new Port(server(ClientCertificate.REQUIRED))) {
            HandshakeFailure failure = failure(client, port);
            assertThat(failure.error()).isEqualTo(TlsError.CERTIFICATE_OF_ANOTHER_POOL);
            assertThat(failure.message())
                    .contains("x509: certificate signed by unknown authority")
                    .contains(pool.authority.pool().value())
                    .contains(older.authority.pool().value())
                    .contains("remove ~/.bitfusion/client.yaml and ~/.bitfusion/servers.conf")
                    .contains("token of the new pool");
        }
    }

    @Test
    void anApplianceNamesThePoolOfAStrangeClient() throws Exception {
        TestPool other = new TestPool();
        TlsContext client = TlsContext.client(Optional.of(other::client), clientTrust(pool.now));
        try (Port port = new Port(server(ClientCertificate.REQUIRED))) {
            HandshakeFailure seen = failure(client, port);
            assertThat(seen.message()).contains("token of the new pool").contains("NTP");
            HandshakeFailure logged = failure(port.visit());
            assertThat(logged.error()).isEqualTo(TlsError.CERTIFICATE_OF_ANOTHER_POOL);
            assertThat(logged.message()).contains(other.authority.pool().value());
        }
    }

    @Test
    void anExpiredApplianceIsNotBelieved() throws Exception {
        Identity appliance = pool.appliance();
        TlsContext late =
                TlsContext.client(
                        Optional.of(pool::client), clientTrust(pool.now.plus(TestPool.TOO_LONG)));
        try (Port port = new Port(server(appliance, ClientCertificate.WANTED, pool.now))) {
            HandshakeFailure failure = failure(late, port);
            assertThat(failure.error()).isEqualTo(TlsError.CERTIFICATE_EXPIRED);
            assertThat(failure.message())
                    .contains("ended at")
                    .contains("this machine's clock says")
                    .contains("bitfusion tls-certs renew");
        }
    }

    @Test
    void anExpiredClientIsToldToEnrolAgain() throws Exception {
        Identity client = pool.client();
        try (Port port =
                new Port(
                        server(
                                pool.appliance(),
                                ClientCertificate.REQUIRED,
                                pool.now.plus(TestPool.TOO_LONG)))) {
            Throwable thrown = catchThrowable(() -> Port.call(client(client), HOST, port.port()));
            Instant late = pool.now.plus(TestPool.TOO_LONG);
            HandshakeFailure seen = HandshakeFailure.of(thrown, client, late).orElseThrow();
            assertThat(seen.error()).isEqualTo(TlsError.CERTIFICATE_EXPIRED);
            assertThat(seen.message()).contains("enrol again with a token");
            assertThat(HandshakeFailure.of(thrown, client, pool.now).orElseThrow().error())
                    .isEqualTo(TlsError.OWN_CERTIFICATE_REFUSED);
            HandshakeFailure logged = failure(port.visit());
            assertThat(logged.error()).isEqualTo(TlsError.CERTIFICATE_EXPIRED);
            assertThat(logged.message()).contains("enrol that client again with a token");
        }
    }

    @Test
    void aClockThatIsBehindIsNamed() throws Exception {
        TlsContext early =
                TlsContext.client(
                        Optional.of(pool::client),
                        clientTrust(pool.now.minus(Duration.ofMinutes(65))));
        try (Port port = new Port(server(ClientCertificate.WANTED))) {
            HandshakeFailure failure = failure(early, port);
            assertThat(failure.error()).isEqualTo(TlsError.CERTIFICATE_NOT_YET_VALID);
            assertThat(failure.message())
                    .containsPattern("differ by at least (59 min 59|60 min 0) s")
                    .contains("NTP");
        }
    }

    @Test
    void aClockThatIsFourMinutesBehindDoesNotMatter() throws Exception {
        TlsContext early =
                TlsContext.client(
                        Optional.of(pool::client),
                        clientTrust(pool.now.minus(Duration.ofMinutes(4))));
        try (Port port = new Port(server(ClientCertificate.WANTED))) {
            Port.call(early, HOST, port.port());
        }
    }

    @Test
    void aClientsCertificateMakesNoServer() throws Exception {
        Identity client = pool.client();
        try (Port port = new Port(server(client, ClientCertificate.WANTED, pool.now))) {
            HandshakeFailure failure = failure(client(pool.client()), port);
            assertThat(failure.error()).isEqualTo(TlsError.CERTIFICATE_OF_WRONG_ROLE);
            assertThat(failure.message()).contains("a client").contains("servers.conf");
        }
    }

    @Test
    void aPortForAppliancesLetsInNoClient() throws Exception {
        TlsContext appliancesOnly =
                TlsContext.server(
                        pool::appliance,
                        serverTrust(pool.now),
                        ClientCertificate.REQUIRED,
                        Set.of(PeerRole.APPLIANCE));
        try (Port port = new Port(appliancesOnly)) {
            failure(client(pool.client()), port);
            assertThat(failure(port.visit()).error()).isEqualTo(TlsError.CERTIFICATE_OF_WRONG_ROLE);
            Port.call(client(pool.appliance()), HOST, port.port());
            assertThat(port.visit().admission()).isInstanceOf(Admission.Admitted.class);
        }
    }

    @Test
    void anApplianceUnderAnotherAddressIsNotBelieved() throws Exception {
        Identity elsewhere = pool.appliance(UUID.randomUUID(), pool.now, "10.1.2.3");
        try (Port port = new Port(server(elsewhere, ClientCertificate.WANTED, pool.now))) {
            HandshakeFailure failure = failure(client(pool.client()), port);
            assertThat(failure.error()).isEqualTo(TlsError.CERTIFICATE_FOR_OTHER_ADDRESS);
            assertThat(failure.message())
                    .contains("127.0.0.1")
                    .contains("IP:10.1.2.3")
                    .contains("servers.conf");
            Port.call(client(pool.client()), "localhost", port.port());
        }
    }

    @Test
    void aRevokedClientIsNotLetIn() throws Exception {
        UUID id = UUID.randomUUID();
        Identity client = pool.client(id, "client-1", pool.now);
        revoke(new Revoked.OfPeer(PeerRole.CLIENT, id));
        try (Port port = new Port(server(ClientCertificate.REQUIRED))) {
            HandshakeFailure seen = failure(client(client), port);
            assertThat(seen.error()).isEqualTo(TlsError.OWN_CERTIFICATE_REFUSED);
            assertThat(seen.message()).contains("disabled or deleted");
            HandshakeFailure logged = failure(port.visit());
            assertThat(logged.error()).isEqualTo(TlsError.CERTIFICATE_REVOKED);
            assertThat(logged.message()).contains("by admin (lost laptop)");
        }
    }

    @Test
    void aRevokedClientDoesNotComeBackByResumingItsSession() throws Exception {
        Identity identity = pool.client();
        TlsContext client = client(identity);
        try (Port port = new Port(server(ClientCertificate.REQUIRED))) {
            Port.call(client, HOST, port.port());
            assertThat(port.visit().admission()).isInstanceOf(Admission.Admitted.class);
            revoke(new Revoked.OfCertificate(identity.certificate().getSerialNumber()));
            Throwable seen = catchThrowable(() -> Port.call(client, HOST, port.port()));
            Port.Visit visit = port.visit();
            // Refused in the handshake if there was one, by the question after it if there was not.
            if (visit.admission() == null) {
                assertThat(seen).isInstanceOf(IOException.class);
                assertThat(failure(visit).error()).isEqualTo(TlsError.CERTIFICATE_REVOKED);
            } else {
                assertThat(visit.admission())
                        .isInstanceOfSatisfying(
                                Admission.Refused.class,
                                refused ->
                                        assertThat(refused.error())
                                                .isEqualTo(TlsError.CERTIFICATE_REVOKED));
            }
        }
    }

    @Test
    void aRenewedCertificateIsShownWithoutANewPort() throws Exception {
        CurrentIdentity identity = new CurrentIdentity(pool.appliance());
        TlsContext server =
                TlsContext.server(
                        identity,
                        serverTrust(pool.now),
                        ClientCertificate.WANTED,
                        Set.of(PeerRole.CLIENT));
        try (Port port = new Port(server)) {
            Port.call(client(pool.client()), HOST, port.port());
            identity.replace(pool.appliance(UUID.randomUUID(), pool.now, "10.1.2.3"));
            assertThat(failure(client(pool.client()), port).message()).contains("IP:10.1.2.3");
        }
    }

    @Test
    void aDataPortIsTrustedByTheFingerprintThatTheDispatcherTold() throws Exception {
        Identity session = SessionIdentity.create(pool.now, Duration.ofDays(1));
        Identity other = SessionIdentity.create(pool.now, Duration.ofDays(1));
        try (Port port = new Port(TlsContext.session(session))) {
            TlsContext told = TlsContext.sessionClient(Identity.fingerprint(session.certificate()));
            Port.call(told, HOST, port.port());
            HandshakeFailure failure =
                    failure(
                            TlsContext.sessionClient(Identity.fingerprint(other.certificate())),
                            port);
            assertThat(failure.error()).isEqualTo(TlsError.SESSION_CERTIFICATE_WRONG);
            assertThat(failure.message()).contains("than the dispatcher named");
        }
    }

    @Test
    void aPortWithoutTlsIsExplained() throws Exception {
        try (ServerSocket port = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            Thread.ofVirtual()
                    .start(() -> {
                        try {
                            port.accept().close();
                        } catch (IOException exception) {
                            throw new UncheckedIOException(exception);
                        }
                    });
            Throwable thrown =
                    catchThrowable(
                            () -> Port.call(client(pool.client()), HOST, port.getLocalPort()));
            assertThat(HandshakeFailure.of(thrown).orElseThrow().error())
                    .isEqualTo(TlsError.HANDSHAKE_CUT_OFF);
        }
    }

    private void revoke(Revoked what) {
        revocations.revoke(
                new Revocation(
                        what, "admin", "lost laptop", pool.now, pool.now.plus(TestPool.TOO_LONG)));
    }

    private TlsContext server(ClientCertificate demand) {
        return server(pool.appliance(), demand, pool.now);
    }

    private TlsContext server(Identity identity, ClientCertificate demand, Instant at) {
        return TlsContext.server(
                () -> identity,
                serverTrust(at),
                demand,
                Set.of(PeerRole.CLIENT, PeerRole.APPLIANCE));
    }

    private TlsContext client(Identity identity) {
        Supplier<Identity> source = () -> identity;
        return TlsContext.client(Optional.of(source), clientTrust(pool.now));
    }

    private PoolTrust serverTrust(Instant at) {
        return PoolTrust.ofAppliance(
                List.of(pool.authority.root()), revocations::snapshot, InstantSource.fixed(at));
    }

    private PoolTrust clientTrust(Instant at) {
        return PoolTrust.ofClient(List.of(pool.authority.root()), InstantSource.fixed(at));
    }

    private static HandshakeFailure failure(TlsContext client, Port port) {
        Throwable thrown = catchThrowable(() -> Port.call(client, HOST, port.port()));
        assertThat(thrown).isInstanceOf(IOException.class);
        return HandshakeFailure.of(thrown)
                .orElseThrow(() -> new AssertionError("not explained", thrown));
    }

    private static PeerIdentity admitted(Port.Visit visit) {
        if (visit.admission() instanceof Admission.Admitted(PeerIdentity peer)) {
            return peer;
        }
        throw new AssertionError("not admitted: " + visit);
    }

    private static HandshakeFailure failure(Port.Visit visit) {
        Exception failure = visit.failure();
        if (failure == null) {
            throw new AssertionError("was let in: " + visit.admission());
        }
        return HandshakeFailure.of(failure)
                .orElseThrow(() -> new AssertionError("not explained", failure));
    }
}
