package org.bitfusion.dispatcher;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.bitfusion.protocol.Secret;
import org.bitfusion.tls.context.TlsContext;

/// What a dispatcher is told at its start.
///
/// @param address to listen on; port 0: any
/// @param ports for the workers' data connections
/// @param accessSecret who knows it may lease, and use devices without a lease
/// @param prestartedWorkers idle workers kept ready
/// @param workerCommand starts a worker process
/// @param workerEnvironment added to the environment of workers
/// @param visibleDevices indexes of the GPUs that are served; empty: all
/// @param memoryLimitBytes of each GPU; empty: all of its memory
/// @param build of this appliance, for messages that name both sides
/// @param renewal within which a lease must be renewed
/// @param grace between the end of a lease's holder's connection, where no program works, or of a
///   lease, and its effect
/// @param mostSessions of a lease, or of all without one together, at a time
/// @param workerUsers as whom workers run, where the appliance may choose; empty: as itself
/// @param hostFolder the ledger of this machine's GPUs, which its dispatchers have in common
/// @param runFolder where the appliance keeps what its processes share; nobody else's
/// @param tls what clients must speak, with a certificate of the pool; empty: on loopback they need
///   none, and know the access secret
public record DispatcherSettings(
        InetSocketAddress address,
        PortRange ports,
        Secret accessSecret,
        int prestartedWorkers,
        List<String> workerCommand,
        Map<String, String> workerEnvironment,
        Optional<List<Integer>> visibleDevices,
        OptionalLong memoryLimitBytes,
        String build,
        Duration renewal,
        Duration grace,
        int mostSessions,
        Optional<UserRange> workerUsers,
        Path hostFolder,
        Path runFolder,
        Optional<TlsContext> tls) {
    public DispatcherSettings {
        workerCommand = List.copyOf(workerCommand);
        workerEnvironment = Map.copyOf(workerEnvironment);
        visibleDevices = visibleDevices.map(List::copyOf);
        if (prestartedWorkers < 0 || prestartedWorkers > 64) {
            throw new IllegalArgumentException(
                    "prestartedWorkers: " + prestartedWorkers + " (expected: 0 to 64)");
        }
    }

    /// Users of the operating system by their numbers.
    public record UserRange(int first, int last) {
        public UserRange {
            if (first < 1 || last < first) {
                throw new IllegalArgumentException(
                        "users: " + first + " to " + last + " (expected: 1 or more)");
            }
        }
    }

    /// TCP ports from `minimum` to `maximum`; both 0: any that is free.
    public record PortRange(int minimum, int maximum) {
        public PortRange {
            boolean any = minimum == 0 && maximum == 0;
            if (!any && (minimum < 1 || maximum > 65535 || minimum > maximum)) {
                throw new IllegalArgumentException(
                        "ports: " + minimum + " to " + maximum + " (expected: 1 to 65535, or 0)");
            }
        }
    }
}
