package org.bitfusion.tls.token;

import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.pem.Certificates;
import org.jspecify.annotations.Nullable;

/// What a client needs to be enrolled: `CA7WPsj.tar` with `ca.crt` (for /etc/bitfusion/tls),
/// `client.yaml` (mode 0600: it holds the token) and `servers.conf` (both for ~/.bitfusion or
/// /etc/bitfusion). Immutable.
public final class TokenDownload {
    static final String CA = "ca.crt";
    static final String CLIENT = "client.yaml";
    static final String SERVERS = "servers.conf";

    /// A host or an address, with a port; an IPv6 address stands in brackets.
    private static final Pattern SERVER =
            Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}");

    private final String roots;
    private final String clientYaml;
    private final String serversConf;

    private TokenDownload(String roots, String clientYaml, String serversConf) {
        this.roots = roots;
        this.clientYaml = clientYaml;
        this.serversConf = serversConf;
    }

    /// @param servers `10.0.0.1:56001`, each appliance's control port
    public static TokenDownload of(
            List<X509Certificate> roots, TokenText token, List<String> servers) {
        if (servers.isEmpty()) {
            throw new IllegalArgumentException("servers: none (expected: at least one)");
        }
        StringBuilder list = new StringBuilder("servers:\n");
        for (String server : servers) {
            if (!SERVER.matcher(server).matches()) {
                throw new IllegalArgumentException("servers: " + server + " (expected: host:port)");
            }
            list.append("- addresses:\n  - ").append(quoted(server)).append('\n');
        }
        return new TokenDownload(Certificates.write(roots), clientYaml(token), list.toString());
    }

    /// An address in brackets would begin a list in YAML.
    private static String quoted(String server) {
        return server.startsWith("[") ? '"' + server + '"' : server;
    }

    private static String clientYaml(TokenText token) {
        return """
        version: ""
        ssl: true
        cacertpath: /etc/bitfusion/tls/ca.crt
        keypath: /etc/bitfusion/tls/bitfusion.key
        certpath: /etc/bitfusion/tls/bitfusion.crt
        dbcertpath: /etc/bitfusion/tls/ca.crt
        min-tls-version: "1.3"
        timeout: 3s
        authconfig:
          enabled: true
          username: ""
          password: ""
          dbusername: ""
          dbpassword: ""
          token: %s
        network: {}
        dispatcher:
          enabled: true
          rdma:
            rsocket: true
            hops: 2
          srs:
            auto_release_timeout: 10m
          cache_store:
            client_root: /root/.bitfusion/cache
            client_cleanup_threshold_MB: 5120
            server_root: /var/cache/bitfusion
            server_cleanup_threshold_MB: 5120
        """
                .formatted(token.reveal());
    }

    /// @param archive of any origin
    /// @throws TlsException DOWNLOAD_MALFORMED, or PEM_MALFORMED for its certificates
    public static TokenDownload read(byte[] archive) {
        Map<String, String> files = Tar.read(archive);
        TokenDownload download =
                new TokenDownload(file(files, CA), file(files, CLIENT), file(files, SERVERS));
        if (files.size() != 3) {
            throw malformed("holds more than ca.crt, client.yaml and servers.conf");
        }
        download.roots();
        return download;
    }

    private static String file(Map<String, String> files, String name) {
        @Nullable String text = files.get(name);
        if (text == null) {
            throw malformed("has no " + name);
        }
        return text;
    }

    private static TlsException malformed(String what) {
        return new TlsException(
                TlsError.DOWNLOAD_MALFORMED,
                "the token's download "
                        + what
                        + "; download it again: bitfusion token download ID");
    }

    /// The archive.
    ///
    /// @param now the files' time
    public byte[] tar(Instant now) {
        return Tar.write(
                List.of(
                        new Tar.Entry(CA, 0644, roots),
                        new Tar.Entry(CLIENT, 0600, clientYaml),
                        new Tar.Entry(SERVERS, 0644, serversConf)),
                now);
    }

    public List<X509Certificate> roots() {
        return Certificates.read(roots);
    }

    /// `ca.crt`
    public byte[] caCrt() {
        return roots.getBytes(StandardCharsets.US_ASCII);
    }

    /// Holds the token's secret.
    public byte[] clientYaml() {
        return clientYaml.getBytes(StandardCharsets.UTF_8);
    }

    public byte[] serversConf() {
        return serversConf.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "TokenDownload[" + serversConf.length() + " characters of servers]";
    }
}
