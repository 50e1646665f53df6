package org.bitfusion.ledger;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// Where a dispatcher's workers find the machine's ledger: a file beside the ledgers of leases.
///
/// @param folder of the machine's ledger
/// @param member what the dispatcher is called there
/// @param gpus that it serves, by their numbers in the driver
public record HostPlace(Path folder, UUID member, Map<Integer, HostLedger.Gpu> gpus) {
    /// The file's name.
    public static final String FILE = "host";

    public HostPlace {
        gpus = Map.copyOf(gpus);
    }

    /// As it is kept: folder, member, and a line `NUMBER UUID BYTES` a GPU.
    public String text() {
        StringBuilder text = new StringBuilder().append(folder).append('\n').append(member);
        new TreeMap<>(gpus)
                .forEach((index, gpu) ->
                        text.append('\n')
                                .append(index)
                                .append(' ')
                                .append(gpu.id())
                                .append(' ')
                                .append(gpu.bytes()));
        return text.toString();
    }

    /// @throws IOException if the file cannot be read, or makes no sense
    public static HostPlace read(Path file) throws IOException {
        List<String> lines = Files.readString(file).lines().toList();
        try {
            Map<Integer, HostLedger.Gpu> gpus = new TreeMap<>();
            for (String line : lines.subList(2, lines.size())) {
                String[] words = line.split(" ", -1);
                gpus.put(
                        Integer.valueOf(words[0]),
                        new HostLedger.Gpu(UUID.fromString(words[1]), Long.parseLong(words[2])));
            }
            return new HostPlace(Path.of(lines.get(0)), UUID.fromString(lines.get(1)), gpus);
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IOException(file + " makes no sense", e);
        }
    }

    /// An account of this process's own, for memory that the dispatcher has not taken.
    ///
    /// @param indexes GPUs by their numbers in the driver
    /// @throws IOException as [HostLedger#join] says
    public HostLedger join(List<Integer> indexes) throws IOException {
        return HostLedger.join(folder, UUID.randomUUID(), of(indexes));
    }

    /// What the dispatcher has taken counts as long as this process lives, too.
    ///
    /// @param indexes GPUs by their numbers in the driver
    /// @throws IOException if the dispatcher has no account there (any more)
    public HostLedger hold(List<Integer> indexes) throws IOException {
        return HostLedger.hold(
                folder, member, of(indexes).stream().map(HostLedger.Gpu::id).toList());
    }

    private List<HostLedger.Gpu> of(List<Integer> indexes) throws IOException {
        List<HostLedger.Gpu> named = new ArrayList<>();
        for (int index : indexes) {
            HostLedger.Gpu gpu = gpus.get(index);
            if (gpu == null) {
                throw new IOException("GPU " + index + " is not served");
            }
            named.add(gpu);
        }
        return named;
    }
}
