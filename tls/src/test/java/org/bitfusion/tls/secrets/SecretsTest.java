package org.bitfusion.tls.secrets;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TestPool;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.enrolment.ApplianceEnrolment;
import org.bitfusion.tls.enrolment.ClientEnrolment;
import org.bitfusion.tls.enrolment.Enrolment;
import org.bitfusion.tls.enrolment.EnrolmentOutcome;
import org.bitfusion.tls.identity.CurrentIdentity;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.PemBlock;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.revocation.Revocation;
import org.bitfusion.tls.revocation.RevocationList;
import org.bitfusion.tls.revocation.Revoked;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.StoredRecord;
import org.bitfusion.tls.token.EnrolmentTokens;
import org.bitfusion.tls.token.Token;
import org.bitfusion.tls.token.TokenDownload;
import org.bitfusion.tls.token.TokenId;
import org.bitfusion.tls.token.TokenPurpose;
import org.bitfusion.tls.token.TokenRequest;
import org.bitfusion.tls.token.TokenText;
import org.bitfusion.tls.user.Role;
import org.bitfusion.tls.user.Users;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/// A walk through all that handles secrets; then all that was logged at any level, all exceptions'
/// messages and all texts of objects are searched for them.
class SecretsTest {
    private static final String PASSWORD = "correct horse battery";
    private static final String WRONG_PASSWORD = "incorrect horse battery";
    private static final String PASSPHRASE = "kept in a safe place";

    private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();
    private final Level before = root.getLevel();

    private final TestPool pool = new TestPool();
    private final EnrolmentTokens tokens = new EnrolmentTokens(pool.store, pool.authority);
    private final RevocationList revocations = new RevocationList(pool.store);
    private final Enrolment enrolment =
            new Enrolment(pool.authority, tokens, revocations::snapshot);
    private final Users users = new Users(pool.store);
    private final List<String> shown = new ArrayList<>();
    private final List<String> secrets = new ArrayList<>();

    @BeforeEach
    void listen() {
        appender.start();
        root.addAppender(appender);
        root.setLevel(Level.TRACE);
    }

    @AfterEach
    void leave() {
        root.detachAppender(appender);
        root.setLevel(before);
    }

    @Test
    void nothingThatIsSecretIsLoggedOrPrinted() {
        walkTokens();
        walkAuthority();
        walkUsers();
        for (ILoggingEvent event : appender.list) {
            shown.add(event.getFormattedMessage());
            addThrowable(event.getThrowableProxy());
        }
        assertThat(appender.list).as("the walk was logged").hasSizeGreaterThan(8);
        assertThat(secrets).hasSizeGreaterThan(8).allMatch(secret -> secret.length() >= 12);
        for (String secret : secrets) {
            assertThat(shown)
                    .as("a secret of %d characters", secret.length())
                    .noneMatch(text ->
                            text.toLowerCase(Locale.ROOT)
                                    .contains(secret.toLowerCase(Locale.ROOT)));
        }
    }

    private void walkTokens() {
        Token token = tokens.create(TokenRequest.usual("for all"), pool.now);
        TokenText text = tokens.text(token.id()).orElseThrow();
        String revealed = text.reveal();
        secrets.add(revealed.substring(revealed.lastIndexOf('.') + 1));
        secrets.add(revealed.substring(revealed.lastIndexOf('.') + 1, revealed.length() - 8));
        KeyPair pair = PrivateKeys.generate();
        String request = CertificateRequest.write(pair, "client");
        ClientEnrolment asked = ClientEnrolment.of(revealed, request, "client-1");
        EnrolmentOutcome enrolled = enrolment.enrolClient(asked, pool.now);
        assertThat(enrolled).isInstanceOf(EnrolmentOutcome.Enrolled.class);
        shown.add(enrolled.toString());
        ClientEnrolment mistyped = ClientEnrolment.of(revealed + "x", request, "client-1");
        shown.add(enrolment.enrolClient(mistyped, pool.now).toString());
        shown.add(enrolment.enrolClient(asked, pool.now.plus(Duration.ofDays(31))).toString());
        tokens.disable(token.id());
        shown.add(enrolment.enrolClient(asked, pool.now).toString());
        ApplianceEnrolment appliance =
                new ApplianceEnrolment(revealed, request, "gpu-1", List.of(), List.of("10.0.0.1"));
        shown.add(enrolment.enrolAppliance(appliance, pool.now).toString());
        TokenDownload download =
                TokenDownload.of(List.of(pool.authority.root()), text, List.of("10.0.0.1:56001"));
        show(token, text, asked, mistyped, appliance, download, tokens, enrolment);
        show(TokenPurpose.ENROL_CLIENT, new TokenId("CA7WPsj"));
        StoredRecord record =
                pool.store.read(new RecordPath("tokens", token.id().value())).orElseThrow();
        show(record);
        tokens.delete(token.id());
    }

    private void walkAuthority() {
        Identity client = pool.client(UUID.randomUUID(), "client-2", pool.now);
        addKey(client);
        char[] passphrase = PASSPHRASE.toCharArray();
        secrets.add(PASSPHRASE);
        String exported = pool.authority.exportRootKey(passphrase);
        shownOf(() -> PrivateKeys.read(exported, Optional.of("something else".toCharArray())));
        secrets.add("something else");
        pool.authority.takeRootKeyOffline(exported, passphrase);
        secrets.add(pool.poolKey.text().lines().toList().get(1));
        byte[] raw = PemBlock.readAll(pool.poolKey.text()).getFirst().content();
        secrets.add(HexFormat.of().formatHex(raw));
        shownOf(() -> pool.poolKey.open("x", new byte[40]));
        PeerIdentity peer = PeerIdentity.of(client.certificate()).orElseThrow();
        revocations.revoke(
                new Revocation(
                        new Revoked.OfPeer(PeerRole.CLIENT, peer.id()),
                        "admin",
                        "test",
                        pool.now,
                        pool.now));
        show(pool.authority, pool.poolKey, client, new CurrentIdentity(client), peer, revocations);
        show(PemBlock.readAll(PrivateKeys.write(client.key())).getFirst());
    }

    private void walkUsers() {
        secrets.add(PASSWORD);
        secrets.add(WRONG_PASSWORD);
        show(users.create("ada", Role.ADMIN, PASSWORD.toCharArray(), pool.now), users);
        show(users.create("eve", Role.ADMIN, "eve-eve-eve-eve1".toCharArray(), pool.now));
        secrets.add("eve-eve-eve-eve1");
        show(users.login("ada", PASSWORD.toCharArray(), "10.0.0.1", pool.now));
        show(users.login("ada", WRONG_PASSWORD.toCharArray(), "10.0.0.1", pool.now));
        // Typed into the wrong field.
        show(users.login(PASSWORD, PASSWORD.toCharArray(), "10.0.0.1", pool.now));
        show(users.list());
    }

    private void addKey(Identity identity) {
        List<String> lines = PrivateKeys.write(identity.key()).lines().toList();
        secrets.add(lines.get(1));
        secrets.add(lines.get(2));
        secrets.add(Base64.getEncoder().encodeToString(identity.key().getEncoded()));
    }

    private void show(Object... objects) {
        for (Object object : objects) {
            shown.add(object.toString());
        }
    }

    private void shownOf(Runnable failing) {
        try {
            failing.run();
            throw new AssertionError("did not fail");
        } catch (TlsException exception) {
            for (Throwable cause = exception; cause != null; cause = cause.getCause()) {
                shown.add(cause.toString());
            }
        }
    }

    private void addThrowable(@Nullable IThrowableProxy thrown) {
        for (IThrowableProxy cause = thrown; cause != null; cause = cause.getCause()) {
            shown.add(String.valueOf(cause.getMessage()));
        }
    }
}
