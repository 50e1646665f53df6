package org.bitfusion.manager.lease;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.bitfusion.allocator.Answer;
import org.bitfusion.cluster.pool.Contact;
import org.bitfusion.cluster.pool.DataNetwork;
import org.bitfusion.protocol.Secret;
import org.jspecify.annotations.Nullable;

/// A lease as its client is told of it.
///
/// @param secret 32 hexadecimal digits, which prove the lease at each dispatcher
/// @param renewSeconds within which each part has to be renewed at its dispatcher
/// @param idleTimeoutSeconds after which unused GPUs are taken back, 0 for never
public record GrantText(
        UUID id, String secret, long renewSeconds, long idleTimeoutSeconds, List<GivenText> parts) {
    public GrantText {
        parts = List.copyOf(parts);
    }

    /// What one appliance gives.
    public record GivenText(
            UUID appliance,
            String name,
            List<String> addresses,
            int dispatcherPort,
            int controlPort,
            String build,
            @Nullable List<NetworkText> networks,
            List<GpuText> gpus) {
        public GivenText {
            networks = networks == null ? List.of() : List.copyOf(networks);
            addresses = List.copyOf(addresses);
            gpus = List.copyOf(gpus);
        }

        private List<DataNetwork> dataNetworks() {
            List<NetworkText> known = networks;
            return known == null ? List.of() : known.stream().map(NetworkText::network).toList();
        }
    }

    /// Where data ports are.
    ///
    /// @param rank of the administrator's preference: the lowest that is reached is taken, among
    ///   equals the fastest
    public record NetworkText(String name, String address, int netmask, int mtu, int rank) {
        /// @param preferred the networks' names, the best first
        static NetworkText of(DataNetwork network, List<String> preferred) {
            int rank = preferred.indexOf(network.name());
            return new NetworkText(
                    network.name(),
                    network.address(),
                    network.netmask(),
                    network.mtu(),
                    rank < 0 ? preferred.size() : rank);
        }

        DataNetwork network() {
            return new DataNetwork(name, address, netmask, mtu);
        }
    }

    /// @param index its number on the appliance
    public record GpuText(int index, UUID uuid, String name, int memoryMiB) {}

    /// @param preferred data networks, the best first
    public static GrantText of(Answer.Granted granted, List<String> preferred) {
        return new GrantText(
                granted.id(),
                granted.secret().hex(),
                granted.renewal().toSeconds(),
                granted.idleTimeout().toSeconds(),
                granted.parts().stream().map(part -> given(part, preferred)).toList());
    }

    private static GivenText given(Answer.GivenPart part, List<String> preferred) {
        return new GivenText(
                part.appliance(),
                part.name(),
                part.addresses(),
                part.contact().dispatcherPort(),
                part.contact().controlPort(),
                part.contact().build(),
                part.contact().networks().stream()
                        .map(network -> NetworkText.of(network, preferred))
                        .toList(),
                part.gpus().stream()
                        .map(gpu ->
                                new GpuText(gpu.index(), gpu.uuid(), gpu.name(), gpu.memoryMiB()))
                        .toList());
    }

    /// @throws IllegalArgumentException if another manager's text makes no sense
    public Answer.Granted granted() {
        return new Answer.Granted(
                id,
                Secret.parse(secret),
                Duration.ofSeconds(renewSeconds),
                Duration.ofSeconds(idleTimeoutSeconds),
                parts.stream()
                        .map(part ->
                                new Answer.GivenPart(
                                        part.appliance(),
                                        part.name(),
                                        part.addresses(),
                                        new Contact(
                                                part.controlPort(),
                                                part.dispatcherPort(),
                                                part.build(),
                                                part.dataNetworks()),
                                        part.gpus().stream()
                                                .map(gpu ->
                                                        new Answer.GivenGpu(
                                                                gpu.index(),
                                                                gpu.uuid(),
                                                                gpu.name(),
                                                                gpu.memoryMiB()))
                                                .toList()))
                        .toList());
    }

    /// Without the secret.
    @Override
    public String toString() {
        return "GrantText[" + id + "]";
    }
}
