package org.bitfusion.worker;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where a worker connects to when its client says that another worker is there: a client must not
/// be able to look around in the appliance's network (decision 0016).
///
/// `BF_PEER_NETWORKS` of the appliance: networks (`10.1.0.0/16,fd00::/8`); unless it is set, only
/// loopback. `BF_PEER_PORTS`: the data ports of the appliances there (`45201-46225`); unless it is
/// set, those of this one; where that takes any port, any from 1024 on.
final class PeerNetworks {
    private static final Logger LOG = LoggerFactory.getLogger(PeerNetworks.class);
    private static final String LOOPBACK = "127.0.0.0/8,::1/128";
    private static final int FIRST_UNPRIVILEGED = 1024;
    private static final int LAST_PORT = 65535;

    private record Network(InetAddress address, int bits) {
        static Network parse(String text) {
            int slash = text.indexOf('/');
            InetAddress address =
                    InetAddress.ofLiteral(slash < 0 ? text : text.substring(0, slash));
            int all = address.getAddress().length * Byte.SIZE;
            int bits = slash < 0 ? all : Integer.parseInt(text.substring(slash + 1));
            if (bits < 0 || bits > all) {
                throw new IllegalArgumentException(text);
            }
            return new Network(address, bits);
        }

        boolean contains(InetAddress other) {
            byte[] own = address.getAddress();
            byte[] its = other.getAddress();
            boolean same = its.length == own.length;
            for (int bit = 0; bit < bits && same; bit++) {
                int mask = 0x80 >>> bit % Byte.SIZE;
                same = ((own[bit / Byte.SIZE] ^ its[bit / Byte.SIZE]) & mask) == 0;
            }
            return same;
        }
    }

    private final List<Network> networks = new ArrayList<>();
    private int minimumPort;
    private int maximumPort;

    /// What cannot be read is said in the log and allows nothing.
    ///
    /// @param ownMinimum the first data port of this appliance; 0: any
    PeerNetworks(Map<String, String> environment, int ownMinimum, int ownMaximum) {
        minimumPort = ownMinimum > 0 ? ownMinimum : FIRST_UNPRIVILEGED;
        maximumPort = ownMinimum > 0 ? ownMaximum : LAST_PORT;
        String text = environment.getOrDefault(Worker.PEER_NETWORKS, LOOPBACK);
        try {
            for (String one : text.split(",", -1)) {
                if (!one.isBlank()) {
                    networks.add(Network.parse(one.strip()));
                }
            }
            ports(environment.get("BF_PEER_PORTS"));
        } catch (IllegalArgumentException e) {
            networks.clear();
            LOG.error(
                    "error=\"BF_PEER_NETWORKS ({}) or BF_PEER_PORTS: {} (expected: ADDRESS/BITS,...;"
                            + " FIRST-LAST)\"",
                    text,
                    e.getMessage());
        }
    }

    private void ports(@Nullable String text) {
        if (text == null || text.isBlank()) {
            return;
        }
        int dash = text.indexOf('-');
        if (dash < 0) {
            throw new IllegalArgumentException(text);
        }
        minimumPort = Integer.parseInt(text.substring(0, dash).strip());
        maximumPort = Integer.parseInt(text.substring(dash + 1).strip());
    }

    boolean allow(InetSocketAddress where) {
        InetAddress address = where.getAddress();
        return where.getPort() >= minimumPort
                && where.getPort() <= maximumPort
                && !address.isMulticastAddress()
                && !address.isAnyLocalAddress()
                && networks.stream().anyMatch(network -> network.contains(address));
    }
}
