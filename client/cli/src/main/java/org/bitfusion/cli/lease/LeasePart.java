package org.bitfusion.cli.lease;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.LeasedDevice;

/// One appliance's part of a lease that a pool granted.
///
/// @param lease the whole lease's id, and its secret
/// @param addresses of the appliance's dispatcher in all networks, the first that answers is taken
/// @param networks that its data ports are in; none: they are where the dispatcher is
/// @param controlPort of the appliance's manager
/// @param build of the appliance
/// @param renewal how long the part lives without a word
public record LeasePart(
        UUID lease,
        Secret secret,
        List<ServerAddress> addresses,
        List<DataNetwork> networks,
        int controlPort,
        String build,
        Duration renewal,
        List<LeasedDevice> devices) {
    public LeasePart {
        addresses = List.copyOf(addresses);
        networks = List.copyOf(networks);
        devices = List.copyOf(devices);
    }

    /// What an adaptor's line says behind the lease's secret.
    public String networkWords() {
        StringBuilder words = new StringBuilder();
        networks.forEach(network -> words.append(' ').append(network.word()));
        return words.toString();
    }

    /// Who proves to be its holder.
    LeaseConnection.Identity owner() {
        return new LeaseConnection.Identity(lease, secret, "this session's lease");
    }
}
