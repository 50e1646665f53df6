package org.bitfusion.tls.user;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;
import org.bitfusion.tls.user.UserRecord.Entry;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;

/// The administrators of a pool. Passwords come as arrays, which the caller overwrites. A name
/// takes small letters, digits and `._@-`. Thread-safe, also among appliances.
public final class Users {
    private static final RecordPath PLACE = new RecordPath("users", "all");
    private static final int ATTEMPTS = 50;

    /// Each takes 64 MiB; more wait in line.
    private static final int HASHED_AT_ONCE = 4;

    private static final Logger LOG = LoggerFactory.getLogger(Users.class);

    /// The log leaves out what becomes too much.
    private static final Marker STRANGERS = MarkerFactory.getMarker("strangers");

    private final RecordStore store;
    private final LoginThrottle throttle = new LoginThrottle();
    private final Semaphore hashing = new Semaphore(HASHED_AT_ONCE, true);

    /// What an unknown name's password is held against, so that it takes as long as a known one's.
    private final PasswordHash nobody;

    private final PasswordHash.Cost cost;

    public Users(RecordStore store) {
        this(store, PasswordHash.COST);
    }

    /// For tests, which have better things to do than to hash.
    Users(RecordStore store, PasswordHash.Cost cost) {
        this.store = store;
        this.cost = cost;
        this.nobody = PasswordHash.ofNobody(cost);
    }

    /// By name.
    public List<User> list() {
        return read().record().all().stream().map(Entry::user).toList();
    }

    /// @param password from 12 to 128 characters
    public UserChange create(String name, Role role, char[] password, Instant now) {
        Optional<String> problem = problem(name, password);
        if (problem.isPresent()) {
            return new UserChange.Unacceptable(problem.get());
        }
        Entry entry = new Entry(new User(name, role, true, now, now), hash(password));
        return change(
                name,
                record -> {
                    if (record.entries().containsKey(name)) {
                        return new Step(null, new UserChange.NameTaken(name));
                    }
                    if (record.entries().size() >= UserRecord.MOST_USERS) {
                        return new Step(
                                null, new UserChange.Unacceptable("there are 1000 users already"));
                    }
                    return new Step(record.with(entry), new UserChange.Done(entry.user()));
                });
    }

    public UserChange changePassword(String name, char[] password, Instant now) {
        Optional<String> problem = problem(name, password);
        if (problem.isPresent()) {
            return new UserChange.Unacceptable(problem.get());
        }
        String hash = hash(password);
        return replace(
                name,
                entry -> {
                    User user = entry.user();
                    return new Entry(
                            new User(name, user.role(), user.enabled(), user.created(), now), hash);
                });
    }

    public UserChange changeRole(String name, Role role) {
        return replace(
                name,
                entry -> {
                    User user = entry.user();
                    return new Entry(
                            new User(
                                    name,
                                    role,
                                    user.enabled(),
                                    user.created(),
                                    user.passwordChanged()),
                            entry.hash());
                });
    }

    public UserChange enable(String name, boolean enabled) {
        return replace(
                name,
                entry -> {
                    User user = entry.user();
                    return new Entry(
                            new User(
                                    name,
                                    user.role(),
                                    enabled,
                                    user.created(),
                                    user.passwordChanged()),
                            entry.hash());
                });
    }

    public UserChange delete(String name) {
        return change(
                name,
                record -> {
                    @Nullable Entry entry = record.entries().get(name);
                    if (entry == null) {
                        return new Step(null, new UserChange.NoSuchUser(name));
                    }
                    return kept(record, record.without(name), entry.user());
                });
    }

    /// Takes the same time whether the name exists or not.
    ///
    /// @param address where the attempt comes from, as text
    public LoginOutcome login(String name, char[] password, String address, Instant now) {
        String known = UserRecord.isName(name) ? name : "-";
        Duration wait = throttle.begin(known, address, now);
        if (!wait.isZero()) {
            LOG.warn(STRANGERS, "login throttled name={} peer={} wait={}", known, address, wait);
            return new LoginOutcome.Wait(wait);
        }
        @Nullable Entry entry = read().record().entries().get(known);
        PasswordHash expected = entry == null ? nobody : PasswordHash.parse(entry.hash());
        boolean matches =
                password.length <= PasswordRules.MOST ? matches(expected, password) : false;
        if (!matches || entry == null || !entry.user().enabled()) {
            LOG.warn(STRANGERS, "login refused name={} peer={}", known, address);
            return new LoginOutcome.Refused();
        }
        throttle.succeeded(known, address, now);
        LOG.info("login name={} peer={}", known, address);
        return new LoginOutcome.Accepted(entry.user());
    }

    private static Optional<String> problem(String name, char[] password) {
        return UserRecord.isName(name)
                ? PasswordRules.problem(name, password)
                : Optional.of(
                        "the name (expected: a small letter, then small letters, digits and ._@-,"
                                + " at most 63 characters)");
    }

    private String hash(char[] password) {
        hashing.acquireUninterruptibly();
        try {
            return PasswordHash.of(password, cost).text();
        } finally {
            hashing.release();
        }
    }

    private boolean matches(PasswordHash expected, char[] password) {
        hashing.acquireUninterruptibly();
        try {
            return expected.matches(password);
        } finally {
            hashing.release();
        }
    }

    /// What to write, or nothing, and what to answer.
    private record Step(@Nullable UserRecord next, UserChange answer) {}

    private UserChange replace(String name, Function<Entry, Entry> replacement) {
        return change(
                name,
                record -> {
                    @Nullable Entry entry = record.entries().get(name);
                    if (entry == null) {
                        return new Step(null, new UserChange.NoSuchUser(name));
                    }
                    Entry next = replacement.apply(entry);
                    return kept(record, record.with(next), next.user());
                });
    }

    private static Step kept(UserRecord before, UserRecord next, User user) {
        return before.hasAdministrator() && !next.hasAdministrator()
                ? new Step(null, new UserChange.LastAdministrator(user.name()))
                : new Step(next, new UserChange.Done(user));
    }

    private UserChange change(String name, Function<UserRecord, Step> decision) {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            Read read = read();
            Step step = decision.apply(read.record());
            if (step.next() == null) {
                return step.answer();
            }
            byte[] content = step.next().encode();
            boolean written =
                    read.version() < 0
                            ? store.create(PLACE, content)
                            : store.compareAndSet(PLACE, read.version(), content);
            if (written) {
                LOG.info("changed user={}", name);
                return step.answer();
            }
        }
        throw new TlsException(
                TlsError.STORE_CONTENDED, "the users are changed all the time; try again");
    }

    /// @param version -1 when nothing was written yet
    private record Read(UserRecord record, long version) {}

    private Read read() {
        Optional<StoredRecord> stored = store.read(PLACE);
        return stored.map(present ->
                        new Read(UserRecord.decode(present.content()), present.version()))
                .orElseGet(() -> new Read(UserRecord.empty(), -1));
    }
}
