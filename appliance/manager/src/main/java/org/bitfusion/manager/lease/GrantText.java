package org.bitfusion.manager.lease;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.bitfusion.allocator.Answer;
import org.bitfusion.cluster.pool.Contact;
import org.bitfusion.protocol.Secret;

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
            List<GpuText> gpus) {
        public GivenText {
            addresses = List.copyOf(addresses);
            gpus = List.copyOf(gpus);
        }
    }

    /// @param index its number on the appliance
    public record GpuText(int index, UUID uuid, String name, int memoryMiB) {}

    public static GrantText of(Answer.Granted granted) {
        return new GrantText(
                granted.id(),
                granted.secret().hex(),
                granted.renewal().toSeconds(),
                granted.idleTimeout().toSeconds(),
                granted.parts().stream().map(GrantText::given).toList());
    }

    private static GivenText given(Answer.GivenPart part) {
        return new GivenText(
                part.appliance(),
                part.name(),
                part.addresses(),
                part.contact().dispatcherPort(),
                part.contact().controlPort(),
                part.contact().build(),
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
                                                part.build()),
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
