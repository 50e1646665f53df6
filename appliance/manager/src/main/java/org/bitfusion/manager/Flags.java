package org.bitfusion.manager;

import java.io.Serial;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.pool.DataNetwork;
import org.bitfusion.manager.member.ManagerException;
import org.bitfusion.manager.member.ManagerSettings;
import org.bitfusion.manager.member.ManagerYaml;
import org.bitfusion.tls.Names;

/// The command line of `bitfusion manager`; what it does not say `bitfusion-manager.yaml` does.
final class Flags {
    private static final int USUAL_MTU = 1500;
    private static final int MOST_MTU = 65535;

    private static final List<String> KNOWN =
            List.of(
                    "--name",
                    "--listen",
                    "--addresses",
                    "--net1",
                    "--net2",
                    "--net3",
                    "--net4",
                    "--port",
                    "--dispatcher_port",
                    "--zookeeper_ports",
                    "--join",
                    "--server_list");

    /// Host or address, IPv6 in brackets, and a port.
    private static final Pattern SERVER =
            Pattern.compile("(\\[[0-9A-Fa-f:.]+]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?");

    private final Map<String, String> values = new HashMap<>();

    /// A command line that makes no sense.
    static final class UsageException extends Exception {
        @Serial private static final long serialVersionUID = 1;

        UsageException(String message) {
            super(message);
        }
    }

    /// @throws UsageException for an unknown flag, or one without a value
    Flags(List<String> arguments) throws UsageException {
        for (int at = 0; at < arguments.size(); at++) {
            String word = arguments.get(at);
            int equals = word.indexOf('=');
            String flag = equals < 0 ? word : word.substring(0, equals);
            if (!KNOWN.contains(flag)) {
                throw new UsageException(
                        "unknown flag " + flag + " (expected: " + String.join(", ", KNOWN) + ")");
            }
            if (equals < 0) {
                at++;
                if (at == arguments.size()) {
                    throw new UsageException(flag + " needs a value");
                }
                values.put(flag, arguments.get(at));
            } else {
                values.put(flag, word.substring(equals + 1));
            }
        }
    }

    private Optional<String> value(String flag) {
        return Optional.ofNullable(values.get("--" + flag));
    }

    /// @throws UsageException if a flag makes no sense
    /// @throws ManagerException if the file does not
    ManagerSettings settings(ManagerYaml yaml) throws UsageException {
        InetAddress listen =
                listen(value("listen").or(() -> yaml.text("listen")).orElse("0.0.0.0"));
        List<String> addresses =
                value("addresses").map(text -> words(text)).orElseGet(() -> yaml.list("addresses"));
        if (addresses.isEmpty()) {
            addresses = listen.isAnyLocalAddress() ? ofMachine() : List.of(listen.getHostAddress());
        }
        return new ManagerSettings(
                value("name").or(() -> yaml.text("name")).orElseGet(Flags::hostName),
                listen,
                addresses,
                networks(yaml),
                port("port", yaml, ManagerSettings.PORT),
                port("dispatcher_port", yaml, ManagerSettings.DISPATCHER_PORT),
                zooKeeper(yaml),
                join(yaml));
    }

    private List<DataNetwork> networks(ManagerYaml yaml) throws UsageException {
        List<DataNetwork> networks = new ArrayList<>();
        for (String name : DataNetwork.NAMES) {
            Optional<String> flag = value(name);
            if (flag.isPresent()) {
                String[] words = flag.get().strip().split("[/,]", -1);
                if (words.length > 3) {
                    throw networkMakesNoSense(name, flag.get());
                }
                networks.add(
                        network(
                                name,
                                words[0],
                                Optional.ofNullable(words.length > 1 ? words[1] : null),
                                Optional.ofNullable(words.length > 2 ? words[2] : null)));
                continue;
            }
            Optional<Map<String, String>> parts =
                    yaml.parts(name, List.of("ipv4address", "netmask", "mtu"));
            if (parts.isPresent()) {
                networks.add(
                        network(
                                name,
                                parts.get().getOrDefault("ipv4address", ""),
                                Optional.ofNullable(parts.get().get("netmask")),
                                Optional.ofNullable(parts.get().get("mtu"))));
            }
        }
        return networks;
    }

    /// What is not said the interface says that has the address.
    private static DataNetwork network(
            String name, String address, Optional<String> netmask, Optional<String> mtu)
            throws UsageException {
        try {
            InetAddress own = InetAddress.ofLiteral(address);
            NetworkInterface has = NetworkInterface.getByInetAddress(own);
            int bits = own.getAddress().length * Byte.SIZE;
            if (has != null) {
                for (InterfaceAddress each : has.getInterfaceAddresses()) {
                    bits = each.getAddress().equals(own) ? each.getNetworkPrefixLength() : bits;
                }
            }
            return new DataNetwork(
                    name,
                    own.getHostAddress(),
                    netmask.isPresent() ? Integer.parseInt(netmask.get().strip()) : bits,
                    mtu.isPresent()
                            ? Integer.parseInt(mtu.get().strip())
                            : has == null ? USUAL_MTU : Math.min(has.getMTU(), MOST_MTU));
        } catch (IllegalArgumentException | SocketException _) {
            throw networkMakesNoSense(
                    name,
                    address
                            + netmask.map("/"::concat).orElse("")
                            + mtu.map(","::concat).orElse(""));
        }
    }

    private static UsageException networkMakesNoSense(String name, String text) {
        return new UsageException(
                name
                        + ": "
                        + text
                        + " (expected: an address of this machine, its netmask and its MTU, as"
                        + " 10.2.0.5/24,9000)");
    }

    private Optional<ManagerSettings.Join> join(ManagerYaml yaml) throws UsageException {
        List<String> servers = new ArrayList<>();
        for (String server :
                value("server_list")
                        .map(text -> words(text))
                        .orElseGet(() -> yaml.list("server_list"))) {
            servers.add(server(server));
        }
        return value("join")
                .or(() -> yaml.text("join"))
                .map(file -> new ManagerSettings.Join(Path.of(file), servers));
    }

    /// With the usual port where none is named.
    private static String server(String text) throws UsageException {
        Matcher matcher = SERVER.matcher(text);
        if (matcher.matches()) {
            String port = matcher.group(2);
            if (port == null) {
                return text + ":" + ManagerSettings.PORT;
            }
            if (Integer.parseInt(port) >= 1 && Integer.parseInt(port) <= 65535) {
                return text;
            }
        }
        throw new UsageException(
                "server_list: " + text + " (expected: host:56001, or several with commas)");
    }

    private Member.Ports zooKeeper(ManagerYaml yaml) throws UsageException {
        List<String> texts =
                value("zookeeper_ports")
                        .map(text -> words(text))
                        .orElseGet(() -> yaml.list("zookeeper_ports"));
        if (texts.isEmpty()) {
            return Member.Ports.STANDARD;
        }
        try {
            if (texts.size() == 3) {
                return new Member.Ports(
                        Integer.parseInt(texts.get(1)),
                        Integer.parseInt(texts.get(2)),
                        Integer.parseInt(texts.get(0)));
            }
        } catch (IllegalArgumentException _) {
            // As below.
        }
        throw new UsageException(
                "zookeeper_ports: "
                        + String.join(",", texts)
                        + " (expected: three ports, as 2281,2888,3888)");
    }

    private int port(String name, ManagerYaml yaml, int otherwise) throws UsageException {
        Optional<String> text = value(name);
        if (text.isEmpty()) {
            return yaml.port(name).orElse(otherwise);
        }
        try {
            int port = Integer.parseInt(text.get());
            if (port >= 1 && port <= 65535) {
                return port;
            }
        } catch (NumberFormatException _) {
            // As below.
        }
        throw new UsageException(
                "--" + name + " " + text.get() + " (expected: a port from 1 to 65535)");
    }

    private static InetAddress listen(String text) throws UsageException {
        try {
            return InetAddress.ofLiteral(text);
        } catch (IllegalArgumentException _) {
            throw new UsageException(
                    "listen: " + text + " (expected: an address of this machine, or 0.0.0.0)");
        }
    }

    private static List<String> words(String text) {
        return List.of(text.strip().split("[,;\\s]+"));
    }

    private static String hostName() {
        try {
            String name = InetAddress.getLocalHost().getHostName();
            return Names.isHostName(name) ? name : "appliance";
        } catch (UnknownHostException _) {
            return "appliance";
        }
    }

    /// All addresses under which others may reach this machine; of loopback if there is no other.
    private static List<String> ofMachine() {
        List<String> found = new ArrayList<>();
        try {
            for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
                if (each.isUp() && !each.isLoopback()) {
                    each.inetAddresses()
                            .filter(address -> !address.isLinkLocalAddress())
                            .map(Flags::text)
                            .forEach(found::add);
                }
            }
        } catch (SocketException exception) {
            throw new ManagerException(
                    "the addresses of this machine are not known; say --addresses", exception);
        }
        // The first one is where the others look for it: IPv4 where there is one.
        found.sort((one, other) -> Boolean.compare(one.contains(":"), other.contains(":")));
        return found.isEmpty() ? List.of("127.0.0.1") : found;
    }

    private static String text(InetAddress address) {
        String text = address.getHostAddress();
        int scope = address instanceof Inet6Address ? text.indexOf('%') : -1;
        return scope < 0 ? text : text.substring(0, scope);
    }
}
