package org.bitfusion.cli.pool;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.DataNetwork;
import org.bitfusion.cli.lease.LeasePart;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.LeasedDevice;

/// GPUs that a pool granted, by appliance.
///
/// @param idleTimeout after which they are taken back if nothing is done with them; zero: never
/// @param parts at least one
public record GrantedLease(UUID id, Duration renewal, Duration idleTimeout, List<Part> parts) {
    private static final int MOST_NETWORKS = 16;
    private static final int MOST_SECONDS = 1_000_000;
    private static final int MOST_MEBIBYTES = 1_000_000_000;
    private static final long MIB = 1 << 20;

    public GrantedLease {
        parts = List.copyOf(parts);
    }

    /// What one appliance gives.
    ///
    /// @param manager of that appliance, as people name it
    /// @param indexes of the GPUs there
    /// @param mebibytes of each of them
    /// @param joined what is needed to use it
    public record Part(
            ServerAddress manager, List<Integer> indexes, List<Long> mebibytes, LeasePart joined) {
        public Part {
            indexes = List.copyOf(indexes);
            mebibytes = List.copyOf(mebibytes);
        }
    }

    /// How many GPUs all in all.
    public int gpuCount() {
        int count = 0;
        for (Part part : parts) {
            count += part.indexes().size();
        }
        return count;
    }

    static GrantedLease read(JsonObject answer) throws MalformedJsonException {
        UUID id = answer.uuid("id");
        Secret secret = secret(answer);
        Duration renewal = Duration.ofSeconds(answer.number("renewSeconds", 1, MOST_SECONDS));
        Duration idle = Duration.ofSeconds(answer.number("idleTimeoutSeconds", 0, MOST_SECONDS));
        List<Part> parts = new ArrayList<>();
        for (JsonObject part : answer.objects("parts")) {
            parts.add(part(part, id, secret, renewal));
        }
        if (parts.isEmpty()) {
            throw new MalformedJsonException("grants a lease without a part");
        }
        return new GrantedLease(id, renewal, idle, parts);
    }

    private static Secret secret(JsonObject answer) throws MalformedJsonException {
        try {
            return Secret.parse(answer.text("secret"));
        } catch (IllegalArgumentException _) {
            throw new MalformedJsonException("has no 'secret' of 32 hexadecimal digits");
        }
    }

    private static Part part(JsonObject part, UUID id, Secret secret, Duration renewal)
            throws MalformedJsonException {
        int dispatcherPort = part.number("dispatcherPort", 1, 65535);
        int controlPort = part.number("controlPort", 1, 65535);
        List<ServerAddress> dispatchers = new ArrayList<>();
        for (String host : part.texts("addresses")) {
            dispatchers.add(address(host, dispatcherPort));
        }
        if (dispatchers.isEmpty()) {
            throw new MalformedJsonException("grants a part without an address");
        }
        List<DataNetwork> networks = new ArrayList<>();
        for (JsonObject network : part.anyObjects("networks")) {
            networks.add(network(network, dispatcherPort));
        }
        networks.sort(Comparator.comparingInt(DataNetwork::rank));
        networks.stream()
                .map(DataNetwork::address)
                .filter(address -> !dispatchers.contains(address))
                .forEach(dispatchers::add);
        List<Integer> indexes = new ArrayList<>();
        List<Long> mebibytes = new ArrayList<>();
        List<LeasedDevice> devices = new ArrayList<>();
        for (JsonObject gpu : part.objects("gpus")) {
            long memory = gpu.number("memoryMiB", 1, MOST_MEBIBYTES);
            indexes.add(gpu.number("index", 0, 65535));
            mebibytes.add(memory);
            devices.add(new LeasedDevice(gpu.uuid("uuid"), gpu.text("name"), memory * MIB));
        }
        if (devices.isEmpty()) {
            throw new MalformedJsonException("grants a part without a GPU");
        }
        return new Part(
                new ServerAddress(dispatchers.getFirst().host(), controlPort),
                indexes,
                mebibytes,
                new LeasePart(
                        id,
                        secret,
                        dispatchers,
                        networks,
                        controlPort,
                        word(part.text("build")),
                        renewal,
                        devices));
    }

    private static DataNetwork network(JsonObject network, int port) throws MalformedJsonException {
        String name = network.text("name");
        if (!name.matches("[a-z0-9]{1,15}")) {
            throw new MalformedJsonException("names a network that is none");
        }
        return new DataNetwork(
                name,
                address(network.text("address"), port),
                network.number("rank", 0, MOST_NETWORKS));
    }

    private static ServerAddress address(String host, int port) throws MalformedJsonException {
        boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
        ServerAddress address = ServerAddress.parse(bare ? "[" + host + "]" : host, port);
        if (address == null) {
            throw new MalformedJsonException("names an address that is none");
        }
        return new ServerAddress(address.host(), port);
    }

    /// The last word, as adaptor files have it.
    private static String word(String build) {
        String text = build.strip();
        String last = text.substring(text.lastIndexOf(' ') + 1);
        return last.isEmpty() ? "?" : last;
    }
}
