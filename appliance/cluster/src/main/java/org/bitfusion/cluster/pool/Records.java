package org.bitfusion.cluster.pool;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;
import org.bitfusion.scheduler.pool.Lease;
import org.bitfusion.scheduler.pool.LeasedGpu;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.Fields;

/// How appliances, promises and leases are written. The first line of each has the format's
/// version; fields that are not known are passed over, so that a later release may add some.
final class Records {
    private static final String APPLIANCE = "appliance";
    private static final String PROMISES = "promises";
    private static final String LEASE = "lease";

    /// Before the shares of a lease that has a parent.
    private static final String INSIDE = "inside ";

    private Records() {}

    static byte[] encode(Appliance appliance, Contact contact) {
        return fields(appliance)
                .with("control-port", contact.controlPort())
                .with("dispatcher-port", contact.dispatcherPort())
                .with("build", contact.build())
                .with(
                        "networks",
                        contact.networks().stream()
                                .map(DataNetwork::text)
                                .collect(Collectors.joining(" ")))
                .encode();
    }

    static byte[] encode(Appliance appliance) {
        return fields(appliance).encode();
    }

    private static Fields fields(Appliance appliance) {
        Appliance.Host host = appliance.host();
        Fields fields =
                Fields.of(APPLIANCE)
                        .with("name", host.name())
                        .with("addresses", String.join(" ", host.addresses()))
                        .with("rdma", host.hasRdma())
                        .with("cuda", host.cudaVersion())
                        .with("driver", host.driverVersion())
                        .with("draining", appliance.state() == ApplianceState.DRAINING)
                        .with("gpus", appliance.gpus().size());
        for (int at = 0; at < appliance.gpus().size(); at++) {
            Gpu gpu = appliance.gpus().get(at);
            fields =
                    fields.with(
                            "gpu." + at,
                            gpu.index()
                                    + " "
                                    + gpu.uuid()
                                    + " "
                                    + gpu.memoryMiB()
                                    + " "
                                    + gpu.reservedMiB()
                                    + " "
                                    + gpu.name());
        }
        return fields;
    }

    /// The same, drained or not any more.
    static byte[] drained(UUID id, byte[] content, boolean isDraining) {
        return decoded(
                "appliance " + id,
                () -> Fields.decode(APPLIANCE, content).with("draining", isDraining).encode());
    }

    static boolean isDraining(UUID id, byte[] content) {
        return decoded("appliance " + id, () -> Fields.decode(APPLIANCE, content).flag("draining"));
    }

    static Contact contact(UUID id, byte[] content) {
        return decoded(
                "appliance " + id,
                () -> {
                    Fields fields = Fields.decode(APPLIANCE, content);
                    return new Contact(
                            port(fields, "control-port"),
                            port(fields, "dispatcher-port"),
                            fields.find("build").orElse(""),
                            words(fields.find("networks").orElse("")).stream()
                                    .map(DataNetwork::parse)
                                    .toList());
                });
    }

    private static int port(Fields fields, String key) {
        return fields.find(key).isPresent() ? (int) fields.number(key) : 0;
    }

    /// @param isAlive whether it is connected now
    static Appliance appliance(UUID id, byte[] content, boolean isAlive) {
        return decoded(
                "appliance " + id,
                () -> {
                    Fields fields = Fields.decode(APPLIANCE, content);
                    Appliance.Host host =
                            new Appliance.Host(
                                    fields.text("name"),
                                    words(fields.text("addresses")),
                                    fields.flag("rdma"),
                                    fields.text("cuda"),
                                    fields.text("driver"));
                    List<Gpu> gpus = new ArrayList<>();
                    long count = fields.number("gpus");
                    for (int at = 0; at < count; at++) {
                        gpus.add(gpu(fields.text("gpu." + at)));
                    }
                    ApplianceState state =
                            !isAlive
                                    ? ApplianceState.UNAVAILABLE
                                    : fields.flag("draining")
                                            ? ApplianceState.DRAINING
                                            : ApplianceState.AVAILABLE;
                    return new Appliance(id, host, state, gpus);
                });
    }

    private static Gpu gpu(String text) {
        String[] parts = text.split(" ", 5);
        if (parts.length != 5) {
            throw new IllegalArgumentException("gpu: (expected: five parts)");
        }
        return new Gpu(
                Integer.parseInt(parts[0]),
                UUID.fromString(parts[1]),
                parts[4],
                Integer.parseInt(parts[2]),
                Integer.parseInt(parts[3]));
    }

    static byte[] encode(Promises promises) {
        // In a fixed order: the same promises are the same bytes.
        TreeMap<UUID, String> words = new TreeMap<>();
        promises.byLease().forEach((lease, gpus) -> words.put(lease, words(gpus)));
        promises.inside().forEach((lease, gpus) -> words.put(lease, INSIDE + words(gpus)));
        Map<String, String> fields = new LinkedHashMap<>();
        words.forEach((lease, text) -> fields.put(lease.toString(), text));
        return Fields.of(PROMISES).with(fields).encode();
    }

    private static String words(List<LeasedGpu> gpus) {
        return gpus.stream()
                .map(gpu -> gpu.gpuIndex() + ":" + gpu.memoryMiB())
                .collect(Collectors.joining(" "));
    }

    static Promises promises(UUID appliance, int version, byte[] content) {
        return decoded(
                "promises of appliance " + appliance,
                () -> {
                    Fields fields = Fields.decode(PROMISES, content);
                    TreeMap<UUID, List<LeasedGpu>> byLease = new TreeMap<>();
                    TreeMap<UUID, List<LeasedGpu>> inside = new TreeMap<>();
                    for (String key : fields.keys()) {
                        String text = fields.text(key);
                        boolean isInside = text.startsWith(INSIDE);
                        List<LeasedGpu> gpus = new ArrayList<>();
                        for (String word : words(text.substring(isInside ? INSIDE.length() : 0))) {
                            gpus.add(leased(appliance, word));
                        }
                        (isInside ? inside : byLease).put(UUID.fromString(key), gpus);
                    }
                    return new Promises(appliance, version, byLease, inside);
                });
    }

    static byte[] encode(HeldLease held) {
        Fields fields =
                fields(held.lease())
                        .with("attempt", held.attempt().toString())
                        .with("user", held.user());
        return (held.over().isEmpty()
                        ? fields
                        : fields.with(
                                "over",
                                new TreeSet<>(held.over())
                                        .stream()
                                                .map(UUID::toString)
                                                .collect(Collectors.joining(" "))))
                .encode();
    }

    static HeldLease held(UUID id, int version, byte[] content) {
        Lease lease = lease(id, content);
        return decoded(
                "lease " + id,
                () -> {
                    Fields fields = Fields.decode(LEASE, content);
                    TreeSet<UUID> over = new TreeSet<>();
                    for (String word : words(fields.find("over").orElse(""))) {
                        over.add(UUID.fromString(word));
                    }
                    return new HeldLease(
                            lease,
                            fields.find("attempt").map(UUID::fromString).orElse(id),
                            fields.find("user").orElse(""),
                            over,
                            version);
                });
    }

    static byte[] encode(Lease lease) {
        return fields(lease).encode();
    }

    private static Fields fields(Lease lease) {
        UUID parent = lease.parent();
        Fields fields =
                Fields.of(LEASE)
                        .with("client", lease.client())
                        .with("origin", lease.origin().name())
                        .with(
                                "gpus",
                                lease.gpus().stream()
                                        .map(gpu ->
                                                gpu.appliance()
                                                        + ":"
                                                        + gpu.gpuIndex()
                                                        + ":"
                                                        + gpu.memoryMiB())
                                        .collect(Collectors.joining(" ")));
        return parent == null ? fields : fields.with("parent", parent.toString());
    }

    static Lease lease(UUID id, byte[] content) {
        return decoded(
                "lease " + id,
                () -> {
                    Fields fields = Fields.decode(LEASE, content);
                    Optional<UUID> parent = fields.find("parent").map(UUID::fromString);
                    List<LeasedGpu> gpus = new ArrayList<>();
                    for (String word : words(fields.text("gpus"))) {
                        int colon = word.indexOf(':');
                        gpus.add(
                                leased(
                                        UUID.fromString(word.substring(0, Math.max(0, colon))),
                                        word.substring(colon + 1)));
                    }
                    return new Lease(
                            id,
                            fields.text("client"),
                            Lease.Origin.valueOf(fields.text("origin")),
                            parent.orElse(null),
                            gpus);
                });
    }

    /// `INDEX:MIB`
    private static LeasedGpu leased(UUID appliance, String text) {
        int colon = text.indexOf(':');
        return new LeasedGpu(
                appliance,
                Integer.parseInt(text.substring(0, Math.max(0, colon))),
                Integer.parseInt(text.substring(colon + 1)));
    }

    private static List<String> words(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split(" ", -1));
    }

    private static <T> T decoded(String what, Supplier<T> decoder) {
        try {
            return decoder.get();
        } catch (TlsException | IllegalArgumentException exception) {
            throw new ClusterException(
                    ClusterError.RECORD_DAMAGED,
                    "the record of " + what + " makes no sense: " + exception.getMessage(),
                    exception);
        }
    }
}
