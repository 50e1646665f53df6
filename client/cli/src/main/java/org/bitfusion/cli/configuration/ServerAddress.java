package org.bitfusion.cli.configuration;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.jspecify.annotations.Nullable;

/// Where a dispatcher or a manager listens.
///
/// @param host name, IPv4 address, or IPv6 address without its brackets
/// @param port 1 to 65535
public record ServerAddress(String host, int port) {
    /// A dispatcher's.
    public static final int DEFAULT_PORT = 55001;

    /// A pool's manager's, in `servers.conf`.
    public static final int MANAGER_PORT = 56001;

    private static final int PORT_LIMIT = 65535;

    /// A dispatcher's address, as [#parse(String, int)] reads it.
    public static @Nullable ServerAddress parse(String text) {
        return parse(text, DEFAULT_PORT);
    }

    /// Reads `host`, `host:port`, `host port`, `[v6]` or `[v6]:port`; null when it is none of
    /// these.
    public static @Nullable ServerAddress parse(String text, int defaultPort) {
        String trimmed = text.strip();
        String host;
        String rest;
        if (trimmed.startsWith("[")) {
            int end = trimmed.indexOf(']');
            if (end < 0) {
                return null;
            }
            host = trimmed.substring(1, end);
            rest = trimmed.substring(end + 1);
        } else {
            int end = 0;
            while (end < trimmed.length()
                    && trimmed.charAt(end) != ':'
                    && trimmed.charAt(end) > ' ') {
                end++;
            }
            host = trimmed.substring(0, end);
            rest = trimmed.substring(end);
        }
        if (!isHost(host, trimmed.startsWith("[") ? "-._:%" : "-._")) {
            return null;
        }
        if (rest.isEmpty()) {
            return new ServerAddress(host, defaultPort);
        }
        if (rest.charAt(0) != ':' && rest.charAt(0) > ' ') {
            return null;
        }
        int port = parsePort(rest.substring(1).strip());
        return port < 0 ? null : new ServerAddress(host, port);
    }

    /// Reads the value of `-l`: dispatchers' addresses separated by `;`.
    public static List<ServerAddress> parseList(String text) {
        return parseList(text, DEFAULT_PORT);
    }

    /// Reads the value of `-l`: addresses separated by `;`.
    public static List<ServerAddress> parseList(String text, int defaultPort) {
        List<ServerAddress> addresses = new ArrayList<>();
        int start = 0;
        while (start <= text.length()) {
            int end = text.indexOf(';', start);
            end = end < 0 ? text.length() : end;
            String item = text.substring(start, end);
            if (!item.isBlank()) {
                ServerAddress address = parse(item, defaultPort);
                if (address == null) {
                    throw new Fault(
                            ExitCode.USAGE,
                            "-l "
                                    + text
                                    + ": '"
                                    + item.strip()
                                    + "' is no address; write ip, ip:port or several separated by ;");
                }
                addresses.add(address);
            }
            start = end + 1;
        }
        if (addresses.isEmpty()) {
            throw new Fault(
                    ExitCode.USAGE,
                    "-l: the list is empty; write ip, ip:port or several separated by ;");
        }
        return addresses;
    }

    /// A port number, or -1.
    static int parsePort(String text) {
        if (text.isEmpty() || text.length() > 5) {
            return -1;
        }
        int port = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            port = port * 10 + digit;
        }
        return port >= 1 && port <= PORT_LIMIT ? port : -1;
    }

    private static boolean isHost(String text, String marks) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean allowed =
                    (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9')
                            || marks.indexOf(c) >= 0;
            if (!allowed) {
                return false;
            }
        }
        return !text.isEmpty() && text.charAt(0) != '-';
    }

    /// By hand, as [#hashCode]: what a record has of itself is made at its first use, which in the
    /// interpreter takes longer than a handshake.
    @Override
    public boolean equals(Object other) {
        return other instanceof ServerAddress that && port == that.port && host.equals(that.host);
    }

    @Override
    public int hashCode() {
        return 31 * host.hashCode() + port;
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
