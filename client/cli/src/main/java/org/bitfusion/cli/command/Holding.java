package org.bitfusion.cli.command;

import java.time.Duration;
import java.util.List;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.Lease;

/// The GPUs that a program gets.
///
/// @param parts one for each appliance, at least one
/// @param servers as they are named to the user
/// @param idleTimeout after which unused GPUs are taken back; zero: never
record Holding(List<Lease> parts, List<ServerAddress> servers, Duration idleTimeout) {
    Holding {
        parts = List.copyOf(parts);
        servers = List.copyOf(servers);
    }

    int deviceCount() {
        int count = 0;
        for (Lease part : parts) {
            count += part.deviceCount();
        }
        return count;
    }
}
