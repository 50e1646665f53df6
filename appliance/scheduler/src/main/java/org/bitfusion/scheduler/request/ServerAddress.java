package org.bitfusion.scheduler.request;

import java.util.ArrayList;
import java.util.List;

/// An address of an appliance as `--server_list` and `servers.conf` write it: `host` or
/// `host:port`.
///
/// @param port 0 where none is given
public record ServerAddress(String host, int port) {
    private static final int PORT_LIMIT = 65_535;
    private static final int LIST_LIMIT = 4_096;

    /// Reads one address. A text whose part after the last colon is no port is a host as a whole.
    static ServerAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        if (colon > 0 && text.indexOf(':') == colon) {
            String digits = text.substring(colon + 1);
            if (!digits.isEmpty()
                    && digits.length() <= 5
                    && digits.chars().allMatch(c -> c >= '0' && c <= '9')
                    && Integer.parseInt(digits) <= PORT_LIMIT) {
                return new ServerAddress(text.substring(0, colon), Integer.parseInt(digits));
            }
        }
        return new ServerAddress(text, 0);
    }

    /// Reads the value of `--server_list`: addresses separated by `;`, with blanks around them.
    ///
    /// @throws RequestSyntaxException if there is none in it, or something that is none
    public static List<ServerAddress> parseList(String text) {
        List<ServerAddress> addresses = new ArrayList<>();
        for (String part : text.split(";", -1)) {
            String address = part.strip();
            if (address.isEmpty()) {
                continue;
            }
            ServerAddress parsed = parse(address);
            if (parsed.host.indexOf(':') >= 0
                    || parsed.host.chars().anyMatch(ServerAddress::isOdd)) {
                throw bad(text);
            }
            addresses.add(parsed);
        }
        if (addresses.isEmpty() || text.length() > LIST_LIMIT) {
            throw bad(text);
        }
        return List.copyOf(addresses);
    }

    private static boolean isOdd(int c) {
        return !(Character.isLetterOrDigit(c) || c == '.' || c == '-' || c == '_');
    }

    private static RequestSyntaxException bad(String text) {
        return new RequestSyntaxException(
                Refusal.SERVER_LIST_SYNTAX,
                "--server_list "
                        + Quoted.text(text)
                        + ": give addresses separated by ;, for example \"10.1.1.20:56001; 10.1.1.21\"");
    }

    /// Whether both mean the same appliance: the port counts where both have one.
    boolean means(ServerAddress other) {
        return host.equalsIgnoreCase(other.host)
                && (port == 0 || other.port == 0 || port == other.port);
    }

    @Override
    public String toString() {
        return port == 0 ? host : host + ":" + port;
    }
}
