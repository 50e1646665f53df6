package org.bitfusion.manager.member;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.pool.DataNetwork;

/// What an administrator says of an appliance.
///
/// @param name a label: mostly the host's name
/// @param listen where its ports are opened
/// @param addresses under which others reach it; the first is its host in the ensemble
/// @param networks that its data ports are in; none: they are where `listen` says
/// @param port of `/api/v1`
/// @param dispatcherPort where clients open sessions
/// @param zooKeeper its ZooKeeper's three ports
/// @param join how to become a member of a pool that is there; empty: a first start founds one
public record ManagerSettings(
        String name,
        InetAddress listen,
        List<String> addresses,
        List<DataNetwork> networks,
        int port,
        int dispatcherPort,
        Member.Ports zooKeeper,
        Optional<Join> join) {
    public static final int PORT = 56001;
    public static final int DISPATCHER_PORT = 55001;

    public ManagerSettings {
        addresses = List.copyOf(addresses);
        networks = List.copyOf(networks);
        if (addresses.isEmpty()) {
            throw new IllegalArgumentException("addresses: none (expected: at least one)");
        }
    }

    /// @param download the file that `token download` gave: it holds the pool's root, the token's
    ///   secret, which has no place in a command line, and where the pool is
    /// @param servers `host:port` of appliances that are asked instead of those in the download
    public record Join(Path download, List<String> servers) {
        public Join {
            servers = List.copyOf(servers);
        }
    }

    /// Under which it may be reached, in whichever network.
    public List<String> allAddresses() {
        return Stream.concat(addresses.stream(), networks.stream().map(DataNetwork::address))
                .distinct()
                .toList();
    }

    public String host() {
        return addresses.getFirst();
    }
}
