package org.bitfusion.dispatcher;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/// The connections of those who have not proved yet that they may speak, in the order in which they
/// came. There are only so many: one more, and the one that has been silent for longest goes. So
/// those who connect and say nothing keep nobody out, who needs a moment only to prove itself.
///
/// Used by one thread only.
///
/// @param <T> a connection
final class Strangers<T> {
    /// Many more than come at once, and few beside the files that a process may have open.
    static final int MOST = 256;

    private final int most;
    private final Set<T> connections = new LinkedHashSet<>();

    Strangers(int most) {
        this.most = most;
    }

    /// @return the one that has to go
    Optional<T> add(T connection) {
        connections.add(connection);
        if (connections.size() <= most) {
            return Optional.empty();
        }
        Iterator<T> oldest = connections.iterator();
        T goes = oldest.next();
        oldest.remove();
        return Optional.of(goes);
    }

    /// It has proved itself, or is gone.
    void remove(T connection) {
        connections.remove(connection);
    }
}
