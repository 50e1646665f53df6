package org.bitfusion.cluster;

import java.net.InetAddress;
import java.util.UUID;
import java.util.regex.Pattern;

/// An appliance's place in the pool's ensemble.
///
/// @param number 1 to [#MOST]: ZooKeeper's id of it
/// @param host under which all others reach it: a name or an address of its certificate
public record Member(int number, UUID appliance, String host, Ports ports) {
    /// ZooKeeper's own limit is 255.
    public static final int MOST = 254;

    /// Nothing that could end a line or a field of a configuration.
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]{1,253}");

    public Member {
        if (number < 1 || number > MOST) {
            throw new IllegalArgumentException("number: " + number + " (expected: 1 to 254)");
        }
        if (!HOST.matcher(host).matches() && !isLiteral(host)) {
            throw new IllegalArgumentException("host: (expected: a host name or an address)");
        }
    }

    /// @param quorum where the leader listens for the others
    /// @param election where votes are told
    /// @param client where appliances connect
    public record Ports(int quorum, int election, int client) {
        public static final Ports STANDARD = new Ports(2888, 3888, 2281);

        public Ports {
            require("quorum", quorum);
            require("election", election);
            require("client", client);
            if (quorum == election || quorum == client || election == client) {
                throw new IllegalArgumentException(
                        "ports: %d, %d, %d (expected: three)".formatted(quorum, election, client));
            }
        }

        private static void require(String what, int port) {
            if (port < 1 || port > 65535) {
                throw new IllegalArgumentException(what + ": " + port + " (expected: 1 to 65535)");
            }
        }
    }

    private static boolean isLiteral(String text) {
        try {
            return text.indexOf('%') < 0 && InetAddress.ofLiteral(text) != null;
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    /// As an address stands before a port: IPv6 in brackets.
    private String bracketed() {
        return host.indexOf(':') < 0 ? host : "[" + host + "]";
    }

    /// `host:port` where appliances connect.
    public String clientAddress() {
        return bracketed() + ":" + ports.client();
    }

    /// As ZooKeeper's list of members has it: `10.0.0.1:2888:3888:participant`.
    ///
    /// @param votes whether it votes or observes
    public String line(boolean votes) {
        return bracketed()
                + ":"
                + ports.quorum()
                + ":"
                + ports.election()
                + (votes ? ":participant" : ":observer");
    }
}
