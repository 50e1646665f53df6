package org.bitfusion.manager.web;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Who is connected to the port, and who has to go when there are too many: those who have proved
/// nothing yet, of the place that most of them come from, the one that has been there for longest
/// first. They never take what is kept for those who have a certificate or a password. Of these one
/// place has a limit, too.
///
/// Thread-safe.
///
/// @param <T> names a connection
final class Crowd<T> {
    /// @param all connections
    /// @param strangers those who have proved nothing
    /// @param strangersOfOnePlace of them
    /// @param knownOfOnePlace those who have
    record Limits(int all, int strangers, int strangersOfOnePlace, int knownOfOnePlace) {}

    private final Limits limits;

    /// With the places where they come from, in the order in which they came.
    private final Map<T, Object> strangers = new LinkedHashMap<>();

    private final Map<T, Object> known = new HashMap<>();

    /// How many come from a place, of each kind.
    private final Map<Object, Integer> strangersFrom = new HashMap<>();

    private final Map<Object, Integer> knownFrom = new HashMap<>();

    /// Have been told to go, and are not gone yet.
    private final Set<T> leaving = new HashSet<>();

    Crowd(Limits limits) {
        this.limits = limits;
    }

    /// One more.
    ///
    /// @param place where it comes from
    /// @return one that has to go
    synchronized Optional<T> came(T connection, Object place) {
        strangers.put(connection, place);
        int fromHere = strangersFrom.merge(place, 1, Integer::sum);
        if (fromHere > limits.strangersOfOnePlace) {
            return sentAway(place);
        }
        if (strangers.size() > limits.strangers || strangers.size() + known.size() > limits.all) {
            int most = Collections.max(strangersFrom.values());
            return strangers.values().stream()
                    .filter(from -> Integer.valueOf(most).equals(strangersFrom.get(from)))
                    .findFirst()
                    .flatMap(this::sentAway);
        }
        return Optional.empty();
    }

    private Optional<T> sentAway(Object place) {
        Optional<T> goes =
                strangers.entrySet().stream()
                        .filter(each -> each.getValue().equals(place))
                        .map(Map.Entry::getKey)
                        .findFirst();
        goes.ifPresent(connection -> {
            forget(strangers, strangersFrom, connection);
            leaving.add(connection);
        });
        return goes;
    }

    /// It has proved who it is.
    ///
    /// @return false if too many of its place have, or it has to go: it is not to be answered
    synchronized boolean isLetIn(T connection) {
        Object place = strangers.get(connection);
        return (place == null || knownFrom.getOrDefault(place, 0) < limits.knownOfOnePlace)
                && isLetInBesides(connection);
    }

    /// It has proved to be one of those whose place has no limit.
    ///
    /// @return false if it has to go
    synchronized boolean isLetInBesides(T connection) {
        Object place = strangers.get(connection);
        if (place == null) {
            return !leaving.contains(connection);
        }
        forget(strangers, strangersFrom, connection);
        known.put(connection, place);
        knownFrom.merge(place, 1, Integer::sum);
        return true;
    }

    /// It is gone.
    synchronized void left(T connection) {
        forget(strangers, strangersFrom, connection);
        forget(known, knownFrom, connection);
        leaving.remove(connection);
    }

    private static <T> void forget(
            Map<T, Object> connections, Map<Object, Integer> from, T connection) {
        Object place = connections.remove(connection);
        if (place != null) {
            from.computeIfPresent(place, (_, count) -> count == 1 ? null : count - 1);
        }
    }
}
