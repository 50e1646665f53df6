package org.bitfusion.cluster.ensemble;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;

/// What ZooKeeper itself says of who votes and who observes.
///
/// @param version of this list: a change names the one that it is of
record Configuration(long version, Set<Integer> voters, Set<Integer> observers) {
    private static final Pattern SERVER =
            Pattern.compile("server\\.([0-9]{1,3})=.*:(participant|observer)(;.*)?");
    private static final Pattern VERSION = Pattern.compile("version=([0-9a-fA-F]{1,16})");

    Configuration {
        voters = Set.copyOf(voters);
        observers = Set.copyOf(observers);
    }

    /// @throws ClusterException RECORD_DAMAGED
    static Configuration parse(byte[] content) {
        long version = -1;
        TreeSet<Integer> voters = new TreeSet<>();
        TreeSet<Integer> observers = new TreeSet<>();
        for (String line : new String(content, StandardCharsets.UTF_8).split("\n", -1)) {
            Matcher server = SERVER.matcher(line);
            Matcher number = VERSION.matcher(line);
            if (server.matches()) {
                boolean votes = server.group(2).equals("participant");
                (votes ? voters : observers).add(Integer.valueOf(server.group(1)));
            } else if (number.matches()) {
                version = Long.parseUnsignedLong(number.group(1), 16);
            } else if (!line.isBlank()) {
                throw damaged();
            }
        }
        if (voters.isEmpty() || version < 0) {
            throw damaged();
        }
        return new Configuration(version, voters, observers);
    }

    private static ClusterException damaged() {
        return new ClusterException(
                ClusterError.RECORD_DAMAGED, "ZooKeeper's list of members makes no sense");
    }

    boolean matches(Roles roles) {
        return roles.voters().equals(voters) && roles.observers().equals(observers);
    }
}
