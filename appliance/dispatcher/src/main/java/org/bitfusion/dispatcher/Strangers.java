package org.bitfusion.dispatcher;

import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The connections of those who have not proved yet that they may speak, in the order in which they
/// came. There are only so many: one more, and of the place that most come from the one that has
/// been silent for longest goes. So those who connect and say nothing keep nobody out from
/// elsewhere, however many they are, nor one of their own place who needs a moment only to prove
/// itself.
///
/// Used by one thread only.
///
/// @param <T> a connection
final class Strangers<T> {
    /// Many more than come at once, and few beside the files that a process may have open.
    static final int MOST = 256;

    /// Of an address of IPv6, which is one of as many as its holder likes.
    private static final int NETWORK_BYTES = 8;

    private final int most;
    private final Function<T, Object> place;
    private final Map<T, Object> connections = new LinkedHashMap<>();

    /// All come from the same place.
    Strangers(int most) {
        this(most, _ -> "");
    }

    /// @param place where one comes from
    Strangers(int most, Function<T, Object> place) {
        this.most = most;
        this.place = place;
    }

    /// @param address null: it is gone again
    static Object place(@Nullable SocketAddress address) {
        if (address instanceof InetSocketAddress socket) {
            return socket.getAddress() instanceof Inet6Address six
                    ? ByteBuffer.wrap(six.getAddress(), 0, NETWORK_BYTES)
                    : socket.getAddress();
        }
        return "";
    }

    /// @return the one that has to go
    Optional<T> add(T connection) {
        connections.put(connection, place.apply(connection));
        if (connections.size() <= most) {
            return Optional.empty();
        }
        Map<Object, Integer> counts = new HashMap<>();
        connections.values().forEach(from -> counts.merge(from, 1, Integer::sum));
        Integer largest = Collections.max(counts.values());
        Optional<T> goes =
                connections.entrySet().stream()
                        .filter(each -> largest.equals(counts.get(each.getValue())))
                        .map(Map.Entry::getKey)
                        .findFirst();
        goes.ifPresent(connections::remove);
        return goes;
    }

    /// It has proved itself, or is gone.
    void remove(T connection) {
        connections.remove(connection);
    }
}
