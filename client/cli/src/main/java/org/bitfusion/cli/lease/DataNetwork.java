package org.bitfusion.cli.lease;

import org.bitfusion.cli.configuration.ServerAddress;

/// A network that an appliance's data ports are in.
///
/// @param name such as `net2`
/// @param address of the appliance there, with its dispatcher's port
/// @param rank of the administrator's preference: the lowest that is reached is taken, among equals
///   the fastest
public record DataNetwork(String name, ServerAddress address, int rank) {
    /// As an adaptor file has it: `net2=10.2.0.5,0`.
    public String word() {
        return name + "=" + address.host() + "," + rank;
    }
}
