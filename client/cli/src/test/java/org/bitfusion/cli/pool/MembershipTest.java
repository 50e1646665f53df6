package org.bitfusion.cli.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.authority.ClientSubject;
import org.bitfusion.tls.enrolment.Enrolment;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.revocation.RevocationSnapshot;
import org.bitfusion.tls.token.EnrolmentTokens;
import org.bitfusion.tls.token.Token;
import org.bitfusion.tls.token.TokenDownload;
import org.bitfusion.tls.token.TokenPurpose;
import org.bitfusion.tls.token.TokenRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A user becomes a client of a pool, with the pool's own tokens and authority behind the manager.
class MembershipTest {
    private static final Path NOWHERE = Path.of("/nonexistent");
    private static final List<ServerAddress> NOBODY = List.of(new ServerAddress("127.0.0.1", 1));

    private final TestPool pool = new TestPool();
    private final EnrolmentTokens tokens = new EnrolmentTokens(pool.store, pool.authority);
    private final Enrolment enrolment =
            new Enrolment(pool.authority, tokens, () -> RevocationSnapshot.EMPTY);
    private volatile boolean losesAnswers;
    private final StandInManager manager =
            new StandInManager(
                    pool,
                    asked -> {
                        StandInManager.Answer answer = StandInManager.enrol(pool, enrolment, asked);
                        return losesAnswers ? StandInManager.Answer.raw("") : answer;
                    });
    @TempDir Path home;

    @AfterEach
    void close() throws IOException {
        manager.close();
    }

    private TokenDownload download(Token token) {
        return TokenDownload.of(
                List.of(pool.authority.root()),
                tokens.text(token.id()).orElseThrow(),
                List.of(manager.address().toString()));
    }

    private Token token(int uses) {
        return tokens.create(
                new TokenRequest(
                        "test",
                        TokenPurpose.ENROL_CLIENT,
                        Duration.ofDays(30),
                        OptionalInt.of(uses),
                        true),
                pool.now);
    }

    private Membership membership() {
        return new Membership(home, NOWHERE);
    }

    private PoolAccess access() {
        return membership().access(List.of(manager.address()), Notices.NONE);
    }

    private Fault fault() {
        Fault fault = catchThrowableOfType(Fault.class, this::access);
        assertThat(fault).isNotNull();
        assertThat(fault.line()).doesNotContain("\n").doesNotContain("Exception:");
        return fault;
    }

    private Path identity() {
        return home.resolve(".bitfusion/tls/client.pem");
    }

    @Test
    void theFirstCommandGetsACertificateAndTheSecondHasIt() throws IOException {
        StandInManager.unpack(download(token(1)), home);
        assertThat(membership().isThere()).isTrue();
        List<String> told = new ArrayList<>();
        Notices notices =
                new Notices() {
                    @Override
                    public void asking(ServerAddress address) {}

                    @Override
                    public void enrolled(ServerAddress address, String id) {
                        told.add(address + " " + id);
                    }

                    @Override
                    public void warning(String text) {
                        told.add(text);
                    }
                };
        PoolAccess access = membership().access(List.of(manager.address()), notices);
        UUID id = PeerIdentity.of(access.own().certificate()).orElseThrow().id();
        assertThat(told).containsExactly(manager.address() + " " + id);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(identity())))
                .isEqualTo("rw-------");
        assertThat(Identity.readFile(identity()).certificate())
                .isEqualTo(access.own().certificate());
        assertThat(access().own().certificate()).isEqualTo(access.own().certificate());
        assertThat(manager.asked).hasSize(1);
        assertThat(manager.asked.getFirst().body()).doesNotContain("PRIVATE");
    }

    /// As 64 programs of one user that start at once on a new machine. The pool has done it, and
    /// nobody has heard of it.
    @Test
    void aCommandAfterALostAnswerTakesNoSecondUseOfTheToken() throws IOException {
        Token token = token(1);
        StandInManager.unpack(download(token), home);
        losesAnswers = true;
        assertThat(fault().code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(tokens.find(token.id()).orElseThrow().uses()).isEqualTo(1);
        Path asking = home.resolve(".bitfusion/tls/enrolling.pem");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(asking)))
                .isEqualTo("rw-------");
        losesAnswers = false;
        assertThat(access().own().certificate()).isNotNull();
        assertThat(tokens.find(token.id()).orElseThrow().uses()).isEqualTo(1);
        assertThat(asking).doesNotExist();
    }

    @Test
    void commandsThatStartAtOnceShareOneCertificate() throws Exception {
        Files.createDirectories(home.resolve(".bitfusion"));
        StandInManager.unpack(download(token(1)), home);
        Process[] commands = new Process[3];
        for (int i = 0; i < commands.length; i++) {
            commands[i] =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin/java").toString(),
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    Enrols.class.getName(),
                                    home.toString(),
                                    manager.address().toString())
                            .redirectErrorStream(true)
                            .start();
        }
        for (Process command : commands) {
            String output =
                    new String(command.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(command.waitFor()).as(output).isZero();
        }
        assertThat(manager.asked).hasSize(1);
    }

    /// A command of its own.
    static final class Enrols {
        private Enrols() {}

        public static void main(String[] arguments) {
            ServerAddress address = ServerAddress.parse(arguments[1]);
            if (address == null) {
                throw new IllegalArgumentException(arguments[1]);
            }
            var _ =
                    new Membership(Path.of(arguments[0]), NOWHERE)
                            .access(List.of(address), Notices.NONE);
        }
    }

    @Test
    void aTokenThatDoesNotCountIsSaidWithItsNumber() throws IOException {
        Token used = token(1);
        StandInManager.unpack(download(used), home);
        var _ = access();
        Files.delete(identity());
        assertThat(fault().line()).startsWith("[BF-7404]");
        assertThat(fault().code()).isEqualTo(ExitCode.NOT_ALLOWED);
        Token disabled = token(5);
        var _ = tokens.disable(disabled.id());
        StandInManager.unpack(download(disabled), home);
        assertThat(fault().line()).startsWith("[BF-7403]").contains("bitfusion token enable");
        Token gone = token(5);
        TokenDownload download = download(gone);
        var _ = tokens.delete(gone.id());
        StandInManager.unpack(download, home);
        assertThat(fault().line()).startsWith("[BF-7401]");
        Path file = home.resolve(".bitfusion/client.yaml");
        Files.writeString(file, "authconfig:\n  token: CA7WPsj.0000\n");
        assertThat(fault().line()).startsWith("[BF-7400]");
    }

    @Test
    void aTokenOfAnotherPoolIsSaid() throws IOException {
        TestPool other = new TestPool();
        EnrolmentTokens foreign = new EnrolmentTokens(other.store, other.authority);
        Token token = foreign.create(TokenRequest.usual("x"), pool.now);
        StandInManager.unpack(
                TokenDownload.of(
                        List.of(pool.authority.root()),
                        foreign.text(token.id()).orElseThrow(),
                        List.of(manager.address().toString())),
                home);
        assertThat(fault().line()).startsWith("[BF-7405]");
    }

    @Test
    void anApplianceOfAnotherPoolIsAnUnknownAuthority() throws IOException {
        TestPool other = new TestPool();
        StandInManager.unpack(
                TokenDownload.of(
                        List.of(other.authority.root()),
                        tokens.text(token(1).id()).orElseThrow(),
                        List.of(manager.address().toString())),
                home);
        assertThat(fault().line())
                .contains("Error querying server " + manager.address())
                .contains("x509: certificate signed by unknown authority")
                .contains("client.yaml");
        assertThat(manager.asked).isEmpty();
    }

    @Test
    void whatIsMissingIsNamed() throws IOException {
        assertThat(membership().isThere()).isFalse();
        assertThat(fault().line()).contains("ca.crt: no such file", "token's download");
        StandInManager.home(home, pool, List.of(manager.address()));
        assertThat(fault().line()).contains("client.pem: no such file", "no token");
        Files.writeString(home.resolve(".bitfusion/client.yaml"), "authconfig:\n  token: a.b.c\n");
        Files.writeString(home.resolve(".bitfusion/tls/ca.crt"), "nonsense");
        assertThat(fault().line()).contains("ca.crt");
        assertThat(fault().code()).isEqualTo(ExitCode.BROKEN_CONFIGURATION);
    }

    /// A file where the folder should be stands for whatever cannot be written, for root too.
    @Test
    void aHomeThatCannotBeWrittenUsesUpNoToken() throws IOException {
        Path system = home.resolve("etc/bitfusion");
        Files.createDirectories(system.resolve("tls"));
        TokenDownload download = download(token(1));
        Files.write(system.resolve("tls/ca.crt"), download.caCrt());
        Files.write(system.resolve("client.yaml"), download.clientYaml());
        Files.writeString(home.resolve(".bitfusion"), "");
        Membership membership = new Membership(home, home.resolve("etc"));
        Fault fault =
                catchThrowableOfType(
                        Fault.class,
                        () -> membership.access(List.of(manager.address()), Notices.NONE));
        assertThat(fault.code()).isEqualTo(ExitCode.CANNOT_CREATE);
        assertThat(fault.line()).contains("make the folder writable", "client.pem");
        assertThat(manager.asked).isEmpty();
    }

    /// As a Kubernetes secret is mounted: with the certificate there nothing has to be written.
    @Test
    void aHomeThatIsCompleteNeedsNoWriting() throws IOException {
        StandInManager.home(home, pool, List.of(manager.address()));
        pool.client().writeFile(identity());
        Path tls = home.resolve(".bitfusion/tls");
        Files.setPosixFilePermissions(tls, PosixFilePermissions.fromString("r-xr-xr-x"));
        assertThat(access().own().chain()).hasSize(2);
        assertThat(manager.asked).isEmpty();
    }

    @Test
    void aCertificateThatEndedOrIsOfAnotherPoolIsReplacedByToken() throws IOException {
        StandInManager.unpack(download(token(5)), home);
        pool.client(UUID.randomUUID(), "old", pool.now.minus(TestPool.TOO_LONG))
                .writeFile(identity());
        assertThat(access().own().certificate().getNotAfter()).isAfter(Date.from(pool.now));
        new TestPool().client().writeFile(identity());
        PoolAccess access = access();
        assertThat(PeerIdentity.of(access.own().certificate()).orElseThrow().pool())
                .isEqualTo(access.pool());
        assertThat(manager.asked).hasSize(2);
        Files.delete(home.resolve(".bitfusion/client.yaml"));
        new TestPool().client().writeFile(identity());
        assertThat(fault().line()).contains("is of pool", "pool was made anew");
        pool.client(UUID.randomUUID(), "old", pool.now.minus(TestPool.TOO_LONG))
                .writeFile(identity());
        assertThat(fault().line()).contains("ended at");
    }

    @Test
    void noManagerIsSaid() throws IOException {
        StandInManager.unpack(download(token(1)), home);
        Fault fault =
                catchThrowableOfType(Fault.class, () -> membership().access(NOBODY, Notices.NONE));
        assertThat(fault.line())
                .startsWith("none of the servers responded correctly to client id claim requests: ")
                .contains("Error querying server 127.0.0.1:1: nobody listens there");
        assertThat(fault.code()).isEqualTo(ExitCode.UNAVAILABLE);
    }

    @Test
    void aCertificateForAnotherKeyIsNotKept() throws Exception {
        try (StandInManager liar =
                new StandInManager(
                        pool,
                        _ ->
                                StandInManager.Answer.json(
                                        201,
                                        "{\"id\":\""
                                                + UUID.randomUUID()
                                                + "\",\"certificates\":\""
                                                + Certificates.write(pool.client().chain())
                                                        .replace("\n", "\\n")
                                                + "\"}"))) {
            StandInManager.unpack(download(token(1)), home);
            Fault fault =
                    catchThrowableOfType(
                            Fault.class,
                            () -> membership().access(List.of(liar.address()), Notices.NONE));
            assertThat(fault.code()).isEqualTo(ExitCode.PROTOCOL);
            assertThat(fault.line()).contains("cannot be used").doesNotContain("\n");
            assertThat(identity()).doesNotExist();
        }
    }

    @Test
    void whatIsDueIsRenewedAndWhatFailsIsToldLate() throws Exception {
        try (StandInManager renewing =
                new StandInManager(
                        pool,
                        asked -> {
                            assertThat(asked.client()).isPresent();
                            return renewed(asked);
                        })) {
            StandInManager.home(home, pool, List.of(renewing.address()));
            pool.client().writeFile(identity());
            List<ServerAddress> managers = List.of(renewing.address());
            PoolAccess young = access();
            assertThat(membership().renewIfDue(managers, young)).isNull();
            assertThat(renewing.asked).isEmpty();
            pool.client(UUID.randomUUID(), "a", pool.now.minus(Duration.ofDays(300)))
                    .writeFile(identity());
            PoolAccess due = access();
            X509Certificate before = due.own().certificate();
            assertThat(membership().renewIfDue(managers, due)).isNull();
            assertThat(Identity.readFile(identity()).certificate()).isNotEqualTo(before);
            assertThat(Files.readString(identity())).contains("PRIVATE KEY");
            assertThat(membership().renewIfDue(NOBODY, due)).isNull();
            pool.client(UUID.randomUUID(), "a", pool.now.minus(Duration.ofDays(350)))
                    .writeFile(identity());
            assertThat(membership().renewIfDue(NOBODY, access()))
                    .contains("ends at", "could not be renewed", "nobody listens");
        }
    }

    private StandInManager.Answer renewed(StandInManager.Asked asked) {
        try {
            String request =
                    JsonObject.read(asked.body().getBytes(StandardCharsets.UTF_8)).text("request");
            var chain =
                    pool.authority.issueClient(
                            new ClientSubject(asked.client().orElseThrow().id(), "a"),
                            CertificateRequest.parse(request),
                            Instant.now());
            return StandInManager.Answer.json(
                    200,
                    "{\"certificates\":\""
                            + Certificates.write(chain).replace("\n", "\\n")
                            + "\"}");
        } catch (MalformedJsonException exception) {
            return StandInManager.Answer.problem(400, String.valueOf(exception.getMessage()));
        }
    }
}
