package org.bitfusion.tls.user;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.Fields;

/// All administrators with their passwords' hashes. They are one record of the store, so that of
/// two changes at once neither can take away what the other relied on: the last administrator.
final class UserRecord {
    static final int MOST_USERS = 1000;

    private static final String KIND = "users";
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9._@-]{0,62}");

    private final SortedMap<String, Entry> entries;

    /// @param hash as [PasswordHash#text]
    record Entry(User user, String hash) {
        @Override
        public String toString() {
            return "Entry[" + user + "]";
        }
    }

    private UserRecord(SortedMap<String, Entry> entries) {
        this.entries = entries;
    }

    static UserRecord empty() {
        return new UserRecord(new TreeMap<>());
    }

    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    Map<String, Entry> entries() {
        return entries;
    }

    Collection<Entry> all() {
        return entries.values();
    }

    UserRecord with(Entry entry) {
        TreeMap<String, Entry> next = new TreeMap<>(entries);
        next.put(entry.user().name(), entry);
        return new UserRecord(next);
    }

    UserRecord without(String name) {
        TreeMap<String, Entry> next = new TreeMap<>(entries);
        next.remove(name);
        return new UserRecord(next);
    }

    boolean hasAdministrator() {
        return entries.values().stream()
                .anyMatch(entry -> entry.user().enabled() && entry.user().role() == Role.ADMIN);
    }

    byte[] encode() {
        Fields fields = Fields.of(KIND);
        int number = 0;
        for (Entry entry : entries.values()) {
            User user = entry.user();
            fields =
                    fields.with(
                            "user-" + number++,
                            String.join(
                                    " ",
                                    user.name(),
                                    user.role().word(),
                                    user.enabled() ? "enabled" : "disabled",
                                    user.created().toString(),
                                    user.passwordChanged().toString(),
                                    entry.hash()));
        }
        return fields.encode();
    }

    /// @throws TlsException RECORD_DAMAGED, USER_RECORD_DAMAGED
    static UserRecord decode(byte[] content) {
        Fields fields = Fields.decode(KIND, content);
        TreeMap<String, Entry> entries = new TreeMap<>();
        for (int number = 0; fields.find("user-" + number).isPresent(); number++) {
            Entry entry = entry(List.of(fields.text("user-" + number).split(" ", -1)));
            entries.put(entry.user().name(), entry);
        }
        return new UserRecord(entries);
    }

    private static Entry entry(List<String> parts) {
        if (parts.size() != 6 || !isName(parts.get(0))) {
            throw damaged();
        }
        boolean enabled = parts.get(2).equals("enabled");
        if (!enabled && !parts.get(2).equals("disabled")) {
            throw damaged();
        }
        try {
            User user =
                    new User(
                            parts.get(0),
                            Role.parse(parts.get(1)).orElseThrow(UserRecord::damaged),
                            enabled,
                            Instant.parse(parts.get(3)),
                            Instant.parse(parts.get(4)));
            return new Entry(user, PasswordHash.parse(parts.get(5)).text());
        } catch (DateTimeException exception) {
            throw damaged();
        }
    }

    private static TlsException damaged() {
        return new TlsException(
                TlsError.USER_RECORD_DAMAGED, "the record of the administrators makes no sense");
    }
}
