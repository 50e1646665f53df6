package org.bitfusion.tls.user;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How long who failed has to wait: after some attempts without a pause the wait doubles with each.
/// Counted are a name from an address (5 free, up to 15 min), an address (50 free, up to 15 min)
/// and a name from anywhere (20 free, up to 30 s, so that a stranger cannot lock an administrator
/// out). What is older than an hour is forgotten. An attempt counts as failed from its beginning,
/// so that many at once do not slip through. Keeps to a bounded memory. Thread-safe.
final class LoginThrottle {
    private static final Duration MEMORY = Duration.ofHours(1);
    private static final int MOST_ENTRIES = 10_000;

    /// @param free failures that cost nothing
    private record Rule(String key, int free, Duration longest) {
        Duration wait(int failures) {
            int doubled = failures - free;
            if (doubled < 0) {
                return Duration.ZERO;
            }
            Duration wait = Duration.ofSeconds(1L << Math.min(doubled, 20));
            return wait.compareTo(longest) < 0 ? wait : longest;
        }
    }

    private record Failures(int count, Instant last) {}

    private final LinkedHashMap<String, Failures> entries = new LinkedHashMap<>(16, 0.75f, true);

    /// @return zero if the attempt may go on; it counts as failed until [#succeeded]
    synchronized Duration begin(String name, String address, Instant now) {
        Duration longest = Duration.ZERO;
        List<Rule> rules = rules(name, address);
        for (Rule rule : rules) {
            Failures failures = failures(rule.key(), now);
            Duration left =
                    Duration.between(now, failures.last().plus(rule.wait(failures.count())));
            longest = left.compareTo(longest) > 0 ? left : longest;
        }
        if (longest.isZero()) {
            for (Rule rule : rules) {
                int count = failures(rule.key(), now).count();
                entries.put(rule.key(), new Failures(count + 1, now));
            }
            while (entries.size() > MOST_ENTRIES) {
                entries.pollFirstEntry();
            }
        }
        return longest;
    }

    /// Who knows the password starts anew; so does the address's count, less what others did there.
    synchronized void succeeded(String name, String address, Instant now) {
        List<Rule> rules = rules(name, address);
        entries.remove(rules.get(0).key());
        Failures ofAddress = failures(rules.get(1).key(), now);
        entries.put(
                rules.get(1).key(),
                new Failures(Math.max(0, ofAddress.count() - 1), ofAddress.last()));
        entries.remove(rules.get(2).key());
    }

    synchronized int size() {
        return entries.size();
    }

    private Failures failures(String key, Instant now) {
        @Nullable Failures known = entries.get(key);
        if (known == null || known.last().plus(MEMORY).isBefore(now)) {
            return new Failures(0, now);
        }
        // A clock that was set back must not make anybody wait for hours.
        return known.last().isAfter(now) ? new Failures(known.count(), now) : known;
    }

    private static List<Rule> rules(String name, String address) {
        return List.of(
                new Rule("both " + address + " " + name, 5, Duration.ofMinutes(15)),
                new Rule("address " + address, 50, Duration.ofMinutes(15)),
                new Rule("name " + name, 20, Duration.ofSeconds(30)));
    }

    /// For tests: how many failures each key has.
    synchronized Map<String, Integer> counts() {
        Map<String, Integer> counts = new LinkedHashMap<>();
        entries.forEach((key, failures) -> counts.put(key, failures.count()));
        return counts;
    }
}
