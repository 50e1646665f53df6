package org.bitfusion.cli.configuration;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// `adaptor.conf`: the dispatchers of a session. A line is `ip`, `ip:port` or `ip port`, or, as
/// written by `run`, `ip dispatcher_port lease_uuid srs_port version lease_secret_hex`, with `tls`
/// where it is spoken to over TLS, and the networks of its data ports, `net2=ip,rank`.
public final class AdaptorFile {
    private static final int LEASE_WORDS = 6;

    /// A comment for all others.
    private static final String REQUEST = "# request ";

    private static boolean isLease(String[] words) {
        boolean isLease = words.length >= LEASE_WORDS;
        for (int i = LEASE_WORDS; i < words.length; i++) {
            isLease &= words[i].indexOf('=') > 0 || (i == LEASE_WORDS && words[i].equals("tls"));
        }
        return isLease;
    }

    private AdaptorFile() {}

    /// The file that `client` uses when none is named: `$BF_ADAPTOR_CONFIG`, the user's, then the
    /// machine's.
    public static Path find(Path userHome, Path systemConfiguration) {
        Path user = userHome.resolve(".bitfusionio/adaptor.conf");
        if (ConfigurationFile.readIfPresent(user) != null) {
            return user;
        }
        Path system = systemConfiguration.resolve("bitfusionio/adaptor.conf");
        if (ConfigurationFile.readIfPresent(system) != null) {
            return system;
        }
        throw new Fault(
                ExitCode.UNREADABLE_CONFIGURATION,
                "no dispatcher named: give one with -l ip:port, a file with -f, or write it into "
                        + user
                        + " or "
                        + system);
    }

    /// The dispatchers that a file names.
    public static List<ServerAddress> read(Path file) {
        return parse(file.toString(), ConfigurationFile.read(file));
    }

    /// Whether it is the file of somebody's lease, as `run` writes it.
    public static boolean isLeased(Path file) {
        for (String line : ConfigurationFile.read(file).split("\n", -1)) {
            if (isLease(words(ServersFile.withoutComment(line).strip()))) {
                return true;
            }
        }
        return false;
    }

    /// What the file holds before there is an answer: it does not matter when the command dies
    /// then, since who releases the file gives back whatever came of the request.
    public static String request(UUID lease) {
        return "# GPUs were asked for; bitfusion release_gpus gives them back\n"
                + REQUEST
                + lease
                + "\n";
    }

    /// The request of `request_gpus` that waits, or whose command died, before there was an answer.
    public static Optional<UUID> requested(Path file) {
        return requested(ConfigurationFile.read(file));
    }

    private static Optional<UUID> requested(String text) {
        try {
            return text.lines()
                    .filter(line -> line.startsWith(REQUEST))
                    .map(line -> UUID.fromString(line.substring(REQUEST.length()).strip()))
                    .findFirst();
        } catch (IllegalArgumentException _) {
            return Optional.empty();
        }
    }

    /// A line of a lease.
    ///
    /// @param secret in hexadecimal digits
    /// @param tls whether the dispatcher is spoken to over TLS
    public record LeasedPart(ServerAddress dispatcher, UUID lease, String secret, boolean tls) {
        /// Without the secret.
        @Override
        public String toString() {
            return "LeasedPart[" + dispatcher + ", " + lease + "]";
        }
    }

    /// The parts of a lease, in the file's order; none if it is a file of something else.
    public static List<LeasedPart> leasedParts(Path file) {
        List<LeasedPart> parts = new ArrayList<>();
        for (String line : ConfigurationFile.read(file).split("\n", -1)) {
            String[] words = words(ServersFile.withoutComment(line).strip());
            if (!isLease(words)) {
                continue;
            }
            ServerAddress dispatcher = ServerAddress.parse(words[0] + " " + words[1]);
            try {
                parts.add(
                        new LeasedPart(
                                Objects.requireNonNull(dispatcher),
                                UUID.fromString(words[2]),
                                words[LEASE_WORDS - 1],
                                words.length > LEASE_WORDS && words[LEASE_WORDS].equals("tls")));
            } catch (IllegalArgumentException | NullPointerException _) {
                throw new Fault(
                        ExitCode.BROKEN_CONFIGURATION,
                        file + ": was written by request_gpus or run, and changed since");
            }
        }
        return parts;
    }

    /// Where the files lie by which the session's programs speak TLS.
    public static Path tlsFolder(Path file) {
        return file.resolveSibling(file.getFileName() + ".d").resolve("tls");
    }

    /// The lease of the session that a file is of, if it can be read and is one.
    public static Optional<UUID> lease(Path file) {
        try {
            for (String line : ConfigurationFile.read(file).split("\n", -1)) {
                String[] words = words(ServersFile.withoutComment(line).strip());
                if (isLease(words)) {
                    return Optional.of(UUID.fromString(words[2]));
                }
            }
        } catch (Fault | IllegalArgumentException _) {
            // A program that needs it says what is wrong.
        }
        return Optional.empty();
    }

    private static String[] words(String line) {
        return line.split("[ \t]+", -1);
    }

    static List<ServerAddress> parse(String file, String text) {
        List<ServerAddress> addresses = new ArrayList<>();
        int number = 0;
        for (String raw : text.split("\n", -1)) {
            number++;
            String line = ServersFile.withoutComment(raw).strip();
            if (line.isEmpty()) {
                continue;
            }
            String[] words = words(line);
            ServerAddress address =
                    isLease(words)
                            ? ServerAddress.parse(words[0] + " " + words[1])
                            : words.length <= 2 ? ServerAddress.parse(line) : null;
            if (address == null) {
                throw new Fault(
                        ExitCode.BROKEN_CONFIGURATION,
                        file
                                + " line "
                                + number
                                + ": '"
                                + line
                                + "' is no dispatcher; write ip, ip:port or ip port, one a line");
            }
            addresses.add(address);
        }
        if (addresses.isEmpty() && requested(text).isPresent()) {
            throw new Fault(
                    ExitCode.BROKEN_CONFIGURATION,
                    file
                            + ": holds no GPUs: request_gpus waits for them, or was killed; in that case run: bitfusion release_gpus -f "
                            + file);
        }
        if (addresses.isEmpty()) {
            throw new Fault(
                    ExitCode.BROKEN_CONFIGURATION,
                    file + ": names no dispatcher; write ip, ip:port or ip port, one a line");
        }
        return addresses;
    }
}
