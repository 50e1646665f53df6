package org.bitfusion.tls.user;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.MemoryRecordStore;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.junit.jupiter.api.Test;

class UsersTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final String HOST = "10.0.0.1";
    private static final String GOOD = "correct horse battery";

    private static final PasswordHash.Cost CHEAP = new PasswordHash.Cost(1024, 1, 1);

    private final RecordStore store = new MemoryRecordStore();
    private final Users users = new Users(store, CHEAP);

    @Test
    void whoKnowsThePasswordIsLetIn() {
        users.create("ada", Role.ADMIN, GOOD.toCharArray(), NOW);
        LoginOutcome outcome = login("ada", GOOD);
        assertThat(outcome).isInstanceOf(LoginOutcome.Accepted.class);
        assertThat(((LoginOutcome.Accepted) outcome).user().role()).isEqualTo(Role.ADMIN);
    }

    @Test
    void whoDoesNotIsRefusedWithoutAReason() {
        users.create("ada", Role.ADMIN, GOOD.toCharArray(), NOW);
        users.create("eve", Role.VIEWER, GOOD.toCharArray(), NOW);
        users.enable("eve", false);
        assertThat(login("ada", "wrong")).isEqualTo(new LoginOutcome.Refused());
        assertThat(login("nobody", GOOD)).isEqualTo(new LoginOutcome.Refused());
        assertThat(login("eve", GOOD)).isEqualTo(new LoginOutcome.Refused());
        assertThat(login("no such\nname", GOOD)).isEqualTo(new LoginOutcome.Refused());
    }

    /// Medians of interleaved attempts, so that the machine's other work falls on both.
    @Test
    void anUnknownNameTakesAsLongAsAKnownOne() {
        Users costly = new Users(store);
        costly.create("ada", Role.ADMIN, GOOD.toCharArray(), NOW);
        long[] known = new long[5];
        long[] unknown = new long[5];
        for (int round = 0; round < 5; round++) {
            known[round] = time(costly, "ada", round);
            unknown[round] = time(costly, "nobody", round);
        }
        Arrays.sort(known);
        Arrays.sort(unknown);
        assertThat((double) unknown[2] / known[2]).isBetween(0.5, 2.0);
    }

    @Test
    void aPasswordThatWasChangedCountsFromThenOn() {
        users.create("ada", Role.ADMIN, GOOD.toCharArray(), NOW);
        UserChange change =
                users.changePassword("ada", "another good one".toCharArray(), NOW.plusSeconds(9));
        assertThat(((UserChange.Done) change).user().passwordChanged())
                .isEqualTo(NOW.plusSeconds(9));
        assertThat(login("ada", GOOD)).isInstanceOf(LoginOutcome.Refused.class);
        assertThat(login("ada", "another good one")).isInstanceOf(LoginOutcome.Accepted.class);
    }

    @Test
    void theLastAdministratorStays() {
        users.create("ada", Role.ADMIN, GOOD.toCharArray(), NOW);
        users.create("eve", Role.VIEWER, GOOD.toCharArray(), NOW);
        UserChange refused = new UserChange.LastAdministrator("ada");
        assertThat(users.delete("ada")).isEqualTo(refused);
        assertThat(users.changeRole("ada", Role.VIEWER)).isEqualTo(refused);
        assertThat(users.enable("ada", false)).isEqualTo(refused);
        users.changeRole("eve", Role.ADMIN);
        assertThat(users.delete("ada")).isInstanceOf(UserChange.Done.class);
        assertThat(users.list()).extracting(User::name).containsExactly("eve");
    }

    @Test
    void ofTwoAdministratorsThatDeleteEachOtherOneStays() throws Exception {
        for (int round = 0; round < 20; round++) {
            RecordStore shared = new MemoryRecordStore();
            Users here = new Users(shared, CHEAP);
            Users there = new Users(shared, CHEAP);
            create(shared, "ada");
            create(shared, "eve");
            List<Callable<UserChange>> both =
                    List.of(() -> here.delete("ada"), () -> there.delete("eve"));
            try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
                int done = 0;
                for (Future<UserChange> change : threads.invokeAll(both)) {
                    done += change.get() instanceof UserChange.Done ? 1 : 0;
                }
                assertThat(done).isEqualTo(1);
            }
            assertThat(here.list()).hasSize(1);
        }
    }

    @Test
    void aNameIsTakenOnce() {
        users.create("ada", Role.ADMIN, GOOD.toCharArray(), NOW);
        assertThat(users.create("ada", Role.VIEWER, GOOD.toCharArray(), NOW))
                .isEqualTo(new UserChange.NameTaken("ada"));
        assertThat(users.delete("bob")).isEqualTo(new UserChange.NoSuchUser("bob"));
    }

    @Test
    void passwordsThatAreGuessedFirstAreRefused() {
        for (String password :
                List.of(
                        "short",
                        "x".repeat(129),
                        "aaaaaaaaaaaaaaaa",
                        "abababababababab",
                        "password123456",
                        "Administrator1",
                        "ada-ada-ada-ada1")) {
            assertThat(users.create("ada", Role.ADMIN, password.toCharArray(), NOW))
                    .as(password)
                    .isInstanceOf(UserChange.Unacceptable.class);
        }
        for (String password :
                List.of("correct horse battery", "zw0lf!Zeichen", "ПарольПароль12")) {
            assertThat(
                            users.create(
                                    "ada-" + password.length(),
                                    Role.VIEWER,
                                    password.toCharArray(),
                                    NOW))
                    .as(password)
                    .isInstanceOf(UserChange.Done.class);
        }
    }

    @Test
    void namesThatAreNoneAreRefused() {
        for (String name : List.of("", "Ada", "1a", "a b", "a\nb", "a".repeat(64), "é")) {
            assertThat(users.create(name, Role.ADMIN, GOOD.toCharArray(), NOW))
                    .as(name)
                    .isInstanceOf(UserChange.Unacceptable.class);
        }
    }

    @Test
    void whoGuessesWaitsLongerAndLonger() {
        users.create("ada", Role.ADMIN, GOOD.toCharArray(), NOW);
        for (int attempt = 0; attempt < 5; attempt++) {
            assertThat(login("ada", "wrong")).isInstanceOf(LoginOutcome.Refused.class);
        }
        assertThat(login("ada", GOOD)).isEqualTo(new LoginOutcome.Wait(Duration.ofSeconds(1)));
        assertThat(users.login("ada", GOOD.toCharArray(), "10.0.0.2", NOW))
                .as("from elsewhere")
                .isInstanceOf(LoginOutcome.Accepted.class);
        assertThat(users.login("ada", GOOD.toCharArray(), HOST, NOW.plusSeconds(1)))
                .isInstanceOf(LoginOutcome.Accepted.class);
    }

    @Test
    void theRecordSurvivesAndHostileOnesEndInTheDeclaredException() {
        users.create("ada", Role.ADMIN, GOOD.toCharArray(), NOW);
        byte[] content = store.read(new RecordPath("users", "all")).orElseThrow().content();
        assertThat(UserRecord.decode(content).encode()).isEqualTo(content);
        Hostile.cutAtEveryLength(content, 0, UserRecord::decode);
        Hostile.randomBytes(content, 3_000, UserRecord::decode);
        assertThat(new String(content, StandardCharsets.UTF_8)).doesNotContain(GOOD);
    }

    @Test
    void aDamagedRecordLetsNobodyIn() {
        store.create(new RecordPath("users", "all"), new byte[] {1, 2, 3});
        assertThatThrownBy(() -> login("ada", GOOD)).isInstanceOf(TlsException.class);
    }

    private LoginOutcome login(String name, String password) {
        return users.login(name, password.toCharArray(), HOST, NOW);
    }

    private static long time(Users costly, String name, int round) {
        long begin = System.nanoTime();
        // An address and an hour of its own each time, so that nobody waits.
        LoginOutcome outcome =
                costly.login(
                        name,
                        "wrong".toCharArray(),
                        "host-" + round,
                        NOW.plusSeconds(round * 9999L));
        assertThat(outcome).isInstanceOf(LoginOutcome.Refused.class);
        return System.nanoTime() - begin;
    }

    /// Without the cost of a hash.
    private static void create(RecordStore store, String name) {
        RecordPath path = new RecordPath("users", "all");
        UserRecord record =
                store.read(path)
                        .map(present -> UserRecord.decode(present.content()))
                        .orElse(UserRecord.empty())
                        .with(
                                new UserRecord.Entry(
                                        new User(name, Role.ADMIN, true, NOW, NOW),
                                        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ"
                                                + "$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"));
        if (!store.create(path, record.encode())) {
            store.compareAndSet(path, store.read(path).orElseThrow().version(), record.encode());
        }
    }
}
