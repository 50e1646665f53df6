package org.bitfusion.systemtests.pool;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bitfusion.systemtests.CProgram;
import org.jspecify.annotations.Nullable;

/// What strangers see of a pool: on the network, in files, in the list of processes.
final class Exposure {
    private static final Pattern TOKEN =
            Pattern.compile("token: [\"']?[A-Za-z0-9]+\\.([^\\s\"']+)");
    private static final Pattern HEXADECIMAL = Pattern.compile("\\b[0-9a-f]{32,}\\b");
    private static final Pattern BASE64_LINE = Pattern.compile("(?m)^[A-Za-z0-9+/]{64}$");
    private static final int SECONDS = 20;

    private Exposure() {}

    /// What `openssl s_client` says of a port, having sent a line; nothing is proved to the port.
    static String stranger(Network.Machine from, String address, int port, String... options) {
        String script =
                "(printf 'GET / HTTP/1.0\\r\\n\\r\\n'; sleep 1) | timeout 10 openssl s_client -connect %s:%d %s 2>&1"
                        .formatted(address, port, String.join(" ", options));
        return CProgram.run(from.command(List.of("bash", "-c", script)), Map.of(), SECONDS)
                .output();
    }

    /// What a port answers to one who speaks no TLS; nothing, if it closes.
    static String plaintext(Network.Machine from, String address, int port) {
        String script =
                "exec 3<>/dev/tcp/%s/%d; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; timeout 10 cat <&3 | tr -d '\\0'"
                        .formatted(address, port);
        return CProgram.run(from.command(List.of("bash", "-c", script)), Map.of(), SECONDS)
                .output();
    }

    /// What nobody may see.
    enum Secret {
        TOKEN,
        POOL_KEY,
        PRIVATE_KEY,
        LEASE
    }

    /// The secrets of a pool's and its client's files; of private keys the whole lines.
    static Map<Secret, Set<String>> secrets(Path folder) {
        Map<Secret, Set<String>> secrets = new EnumMap<>(Secret.class);
        for (Secret kind : Secret.values()) {
            secrets.put(kind, new HashSet<>());
        }
        for (Path file : files(folder)) {
            String name = file.getFileName().toString();
            String text = text(file);
            if (name.endsWith(".tar") || name.equals("client.yaml")) {
                find(TOKEN, 1, text, secrets.get(Secret.TOKEN));
            } else if (name.equals("pool.key")) {
                Objects.requireNonNull(secrets.get(Secret.POOL_KEY)).add(text.strip());
            } else if (name.endsWith(".conf")) {
                find(HEXADECIMAL, 0, text, secrets.get(Secret.LEASE));
            } else if (name.endsWith(".pem") && text.contains("PRIVATE KEY")) {
                int end = text.indexOf("-----END PRIVATE KEY");
                find(
                        BASE64_LINE,
                        0,
                        text.substring(0, Math.max(0, end)),
                        secrets.get(Secret.PRIVATE_KEY));
            }
        }
        return secrets;
    }

    private static void find(Pattern pattern, int group, String text, @Nullable Set<String> found) {
        Set<String> all = Objects.requireNonNull(found);
        Matcher matcher = pattern.matcher(text);
        while (matcher.find()) {
            all.add(matcher.group(group));
        }
    }

    /// Logs, crash reports and what ZooKeeper keeps.
    static List<Path> spoken(Path folder) {
        return files(folder).stream()
                .filter(file -> {
                    String path = folder.relativize(file).toString();
                    return path.endsWith("/log")
                            || path.endsWith("/output")
                            || path.contains("/crashes/")
                            || path.contains("/zookeeper/data/")
                            || path.contains("/zookeeper/log/")
                            || path.endsWith("zookeeper.log")
                            || path.endsWith("zookeeper.out");
                })
                .toList();
    }

    /// The command lines of all processes of this machine.
    static List<String> commandLines() throws IOException {
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .filter(each -> each.getFileName().toString().matches("\\d+"))
                    .map(each -> {
                        try {
                            return text(each.resolve("cmdline"));
                        } catch (UncheckedIOException _) {
                            return ""; // has ended
                        }
                    })
                    .toList();
        }
    }

    /// Every byte is a character.
    static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    private static List<Path> files(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile).toList();
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }
}
