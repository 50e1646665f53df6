package org.bitfusion.cli.configuration;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// `servers.conf`. Plain form: one `ip`, `ip:port` or `ip port` a line. YAML form, as issued by the
/// product from 3.x on:
///
/// ```
/// servers:
/// - reachable: 10.202.122.248:56001
///   addresses:
///   - 10.202.122.248:56001
/// ```
///
/// `#` begins a comment. The reachable address of a server comes before its others.
public final class ServersFile {
    private ServersFile() {}

    /// The servers of `-s FILE`.
    public static List<ServerAddress> read(Path file, int defaultPort) {
        return parse(file.toString(), ConfigurationFile.read(file), defaultPort);
    }

    /// The servers of the first file that exists: the user's, then the machine's.
    public static List<ServerAddress> find(
            Path userHome, Path systemConfiguration, int defaultPort) {
        Path user = userHome.resolve(".bitfusion/servers.conf");
        Path system = systemConfiguration.resolve("bitfusion/servers.conf");
        String text = ConfigurationFile.readIfPresent(user);
        if (text != null) {
            return parse(user.toString(), text, defaultPort);
        }
        text = ConfigurationFile.readIfPresent(system);
        if (text != null) {
            return parse(system.toString(), text, defaultPort);
        }
        throw new Fault(
                ExitCode.UNREADABLE_CONFIGURATION,
                "no server named: give one with -l ip:port, or write it into "
                        + user
                        + " or "
                        + system);
    }

    static List<ServerAddress> parse(String file, String text, int defaultPort) {
        List<ServerAddress> addresses = new ArrayList<>();
        boolean yaml = false;
        int number = 0;
        for (String raw : text.split("\n", -1)) {
            number++;
            String line = withoutComment(raw).strip();
            if (line.isEmpty() || line.equals("---")) {
                continue;
            }
            if (line.equals("servers:")) {
                yaml = true;
                continue;
            }
            if (yaml) {
                line = yamlValue(line);
                if (line.isEmpty()) {
                    continue;
                }
            }
            ServerAddress address = ServerAddress.parse(line, defaultPort);
            if (address == null) {
                throw new Fault(
                        ExitCode.BROKEN_CONFIGURATION,
                        file
                                + " line "
                                + number
                                + ": '"
                                + line
                                + "' is no server; write ip, ip:port or ip port, one a line");
            }
            if (!addresses.contains(address)) {
                addresses.add(address);
            }
        }
        if (addresses.isEmpty()) {
            throw new Fault(
                    ExitCode.BROKEN_CONFIGURATION,
                    file + ": names no server; write ip, ip:port or ip port, one a line");
        }
        return addresses;
    }

    /// The scalar of one line of the YAML form: without list dashes, the keys `addresses:` and
    /// `reachable:`, and quotes.
    private static String yamlValue(String line) {
        String value = line;
        while (value.startsWith("- ") || value.equals("-")) {
            value = value.substring(1).strip();
        }
        if (value.startsWith("addresses:")) {
            value = value.substring("addresses:".length()).strip();
        } else if (value.startsWith("reachable:")) {
            value = value.substring("reachable:".length()).strip();
        }
        int last = value.length() - 1;
        boolean quoted =
                last > 0
                        && value.charAt(0) == value.charAt(last)
                        && "\"'".indexOf(value.charAt(0)) >= 0;
        return quoted ? value.substring(1, last) : value;
    }

    static String withoutComment(String line) {
        int hash = line.indexOf('#');
        return hash < 0 ? line : line.substring(0, hash);
    }
}
