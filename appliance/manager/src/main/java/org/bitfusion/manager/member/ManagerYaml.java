package org.bitfusion.manager.member;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.pool.DataNetwork;
import org.bitfusion.tls.file.PrivateFiles;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;

/// `bitfusion-manager.yaml`: settings that an administrator may write before the first start, and
/// the appliance's place in the pool, which the manager writes at its end. Without `appliance` the
/// next start is a first one.
public final class ManagerYaml {
    private static final List<String> KEYS =
            List.of(
                    "name",
                    "listen",
                    "addresses",
                    "net1",
                    "net2",
                    "net3",
                    "net4",
                    "port",
                    "dispatcher_port",
                    "zookeeper_ports",
                    "join",
                    "server_list",
                    "appliance",
                    "member");

    private static final int MOST_BYTES = 1 << 16;

    private final Path file;
    private final Map<String, Object> values;

    private ManagerYaml(Path file, Map<String, Object> values) {
        this.file = file;
        this.values = values;
    }

    /// @return one without values if there is no such file
    /// @throws ManagerException naming file, line and what was expected
    public static ManagerYaml read(Path file) {
        if (!Files.exists(file)) {
            return new ManagerYaml(file, Map.of());
        }
        Object content;
        try {
            byte[] bytes = Files.readAllBytes(file);
            if (bytes.length > MOST_BYTES) {
                throw new ManagerException(file + ": longer than 64 KiB");
            }
            content =
                    new Yaml(new SafeConstructor(new LoaderOptions()))
                            .load(new String(bytes, StandardCharsets.UTF_8));
        } catch (MarkedYAMLException exception) {
            throw new ManagerException(
                    file
                            + ", line "
                            + (exception.getProblemMark() == null
                                    ? 1
                                    : exception.getProblemMark().getLine() + 1)
                            + ": "
                            + exception.getProblem()
                            + " (expected: YAML)",
                    exception);
        } catch (IOException | YAMLException exception) {
            throw new ManagerException(file + ": " + exception.getMessage(), exception);
        }
        return new ManagerYaml(file, checked(file, content));
    }

    private static Map<String, Object> checked(Path file, @Nullable Object content) {
        Map<String, Object> values = new LinkedHashMap<>();
        if (content == null) {
            return values;
        }
        if (!(content instanceof Map<?, ?> map)) {
            throw new ManagerException(file + ": (expected: lines of KEY: VALUE)");
        }
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String key = String.valueOf(entry.getKey());
            if (!KEYS.contains(key)) {
                throw new ManagerException(
                        file + ": " + key + " (expected: one of " + String.join(", ", KEYS) + ")");
            }
            if (entry.getValue() != null) {
                values.put(key, entry.getValue());
            }
        }
        return values;
    }

    public Optional<String> text(String key) {
        return Optional.ofNullable(values.get(key)).map(String::valueOf);
    }

    /// @throws ManagerException if it is none from 1 to 65535
    public Optional<Integer> port(String key) {
        return text(key)
                .map(text -> {
                    try {
                        int port = Integer.parseInt(text);
                        if (port >= 1 && port <= 65535) {
                            return port;
                        }
                    } catch (NumberFormatException _) {
                        // As below.
                    }
                    throw new ManagerException(
                            file
                                    + ": "
                                    + key
                                    + ": "
                                    + text
                                    + " (expected: a port from 1 to 65535)");
                });
    }

    /// A list, or one value for a list of one.
    public List<String> list(String key) {
        Object value = values.get(key);
        if (value == null) {
            return List.of();
        }
        List<String> texts = new ArrayList<>();
        if (value instanceof List<?> list) {
            list.forEach(each -> texts.add(String.valueOf(each)));
        } else {
            texts.add(String.valueOf(value));
        }
        return texts;
    }

    /// A value of something that has several.
    ///
    /// @return empty if there is nothing of that name
    /// @throws ManagerException if it is there, but has no parts, or others than these
    public Optional<Map<String, String>> parts(String key, List<String> names) {
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        Map<String, String> parts = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, part) -> {
                if (part != null) {
                    parts.put(String.valueOf(name), String.valueOf(part));
                }
            });
        }
        if (parts.isEmpty() || !names.containsAll(parts.keySet())) {
            throw new ManagerException(
                    file + ": " + key + " (expected: lines of " + String.join(", ", names) + ")");
        }
        return Optional.of(parts);
    }

    /// The appliance's place in its pool, once it has one.
    ///
    /// @throws ManagerException if the file was edited so that it makes no sense
    public Optional<Place> place() {
        Optional<String> appliance = text("appliance");
        if (appliance.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    new Place(
                            UUID.fromString(appliance.get()),
                            Integer.parseInt(text("member").orElse(""))));
        } catch (IllegalArgumentException exception) {
            throw new ManagerException(
                    file
                            + ": appliance and member make no sense (expected: as the manager wrote"
                            + " them; delete the file to make this appliance a new member)",
                    exception);
        }
    }

    /// @param number of its ZooKeeper
    public record Place(UUID appliance, int number) {
        public Place {
            if (number < 1 || number > Member.MOST) {
                throw new IllegalArgumentException(
                        "number: " + number + " (expected: 1 to " + Member.MOST + ")");
            }
        }
    }

    /// Written when the appliance has become a member; the token's file is of no use any more.
    public static void write(Path file, ManagerSettings settings, Place place) {
        StringBuilder text = new StringBuilder();
        text.append("# The settings of this appliance. Delete the file to make it a new member.\n");
        text.append("name: ").append(quoted(settings.name())).append('\n');
        text.append("listen: ").append(quoted(settings.listen().getHostAddress())).append('\n');
        text.append("addresses:\n");
        settings.addresses()
                .forEach(address -> text.append("- ").append(quoted(address)).append('\n'));
        for (DataNetwork network : settings.networks()) {
            text.append(network.name()).append(":\n  ipv4address: ");
            text.append(quoted(network.address())).append("\n  netmask: ");
            text.append(network.netmask()).append("\n  mtu: ").append(network.mtu()).append('\n');
        }
        text.append("port: ").append(settings.port()).append('\n');
        text.append("dispatcher_port: ").append(settings.dispatcherPort()).append('\n');
        Member.Ports ports = settings.zooKeeper();
        text.append("# of ZooKeeper: for appliances, its leader, its elections\n");
        text.append("zookeeper_ports: [")
                .append(ports.client())
                .append(", ")
                .append(ports.quorum())
                .append(", ")
                .append(ports.election())
                .append("]\n");
        text.append("# Its place in the pool: not to be edited.\n");
        text.append("appliance: ").append(place.appliance()).append('\n');
        text.append("member: ").append(place.number()).append('\n');
        PrivateFiles.writePublic(file, text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static String quoted(String text) {
        return '"' + text + '"';
    }
}
