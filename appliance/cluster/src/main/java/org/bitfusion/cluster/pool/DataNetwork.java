package org.bitfusion.cluster.pool;

import java.net.InetAddress;
import java.util.List;

/// One of the networks that an appliance's data ports are in.
///
/// @param name `net1` to `net4`
/// @param address of the appliance there, in numbers
/// @param netmask how many bits of it name the network
/// @param mtu of the appliance's interface there, in bytes; what lies between may let less through
public record DataNetwork(String name, String address, int netmask, int mtu) {
    /// As an appliance has adapters.
    public static final List<String> NAMES = List.of("net1", "net2", "net3", "net4");

    private static final int LEAST_MTU = 576;
    private static final int MOST_MTU = 65535;

    public DataNetwork {
        if (!NAMES.contains(name)) {
            throw new IllegalArgumentException(
                    "network: " + name + " (expected: one of " + String.join(", ", NAMES) + ")");
        }
        int bits = InetAddress.ofLiteral(address).getAddress().length * Byte.SIZE;
        if (netmask < 1 || netmask > bits) {
            throw new IllegalArgumentException(
                    name + ": netmask " + netmask + " (expected: 1 to " + bits + ")");
        }
        if (mtu < LEAST_MTU || mtu > MOST_MTU) {
            throw new IllegalArgumentException(
                    name + ": mtu " + mtu + " (expected: " + LEAST_MTU + " to " + MOST_MTU + ")");
        }
    }

    /// Reads what [#text] gives.
    ///
    /// @throws IllegalArgumentException if it makes no sense
    static DataNetwork parse(String text) {
        String[] parts = text.split("[=/,]", -1);
        if (parts.length != 4) {
            throw new IllegalArgumentException(
                    "network: " + text + " (expected: NAME=ADDRESS/MASK,MTU)");
        }
        return new DataNetwork(
                parts[0], parts[1], Integer.parseInt(parts[2]), Integer.parseInt(parts[3]));
    }

    /// `net2=10.2.0.5/24,9000`
    String text() {
        return name + "=" + address + "/" + netmask + "," + mtu;
    }
}
