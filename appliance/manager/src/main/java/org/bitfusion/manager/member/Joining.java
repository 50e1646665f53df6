package org.bitfusion.manager.member;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cluster.Member;
import org.bitfusion.cluster.process.ZooKeeperFolder;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;
import org.bitfusion.tls.file.PrivateFiles;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.token.TokenDownload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// The first start of an appliance that joins a pool: a certificate by the token's download, then
/// its ZooKeeper as an observer. It gets a vote, and with it the pool key, once it runs ([Upkeep]).
public final class Joining {
    private static final Logger LOG = LoggerFactory.getLogger(Joining.class);
    private static final int MOST_DOWNLOAD = 1 << 20;
    private static final int CREATED = 201;
    private static final int REFUSALS = 400;
    private static final int FAILURES = 500;

    /// How long a pool without a majority, or one that cannot be reached, is asked again.
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private static final Duration BETWEEN = Duration.ofSeconds(2);
    private static final JsonMapper JSON = new JsonMapper();

    private Joining() {}

    /// What a pool answers to who may join.
    ///
    /// @param certificates PEM, its own first
    /// @param member what it is in the ensemble
    public record Welcome(
            UUID id,
            String pool,
            String certificates,
            MemberText member,
            List<MemberText> members) {
        public Welcome {
            members = List.copyOf(members);
        }
    }

    /// What an appliance asks.
    public record Application(
            String token,
            String name,
            List<String> hostNames,
            List<String> addresses,
            String request,
            String host,
            int quorumPort,
            int electionPort,
            int clientPort) {
        /// Without the token's secret.
        @Override
        public String toString() {
            return "Application[" + name + "]";
        }
    }

    /// @throws ManagerException with what the pool answered, or why it cannot be reached
    public static Pool join(
            ManagerFolder folder,
            ManagerSettings settings,
            ManagerSettings.Join join,
            InstantSource clock) {
        TokenDownload download =
                TokenDownload.read(PrivateFiles.readPrivate(join.download(), MOST_DOWNLOAD));
        List<String> servers =
                join.servers().isEmpty() ? servers(load(download.serversConf())) : join.servers();
        folder.putAside(clock.instant());
        JoiningKey key = JoiningKey.readOrCreate(folder.joiningKey(), settings.name());
        Application application =
                new Application(
                        token(load(download.clientYaml())),
                        settings.name(),
                        OwnCertificate.hostNames(settings),
                        OwnCertificate.addresses(settings),
                        key.request(),
                        settings.host(),
                        settings.zooKeeper().quorum(),
                        settings.zooKeeper().election(),
                        settings.zooKeeper().client());
        Welcome welcome = apply(download.roots(), servers, application, clock);
        List<X509Certificate> chain = Certificates.read(welcome.certificates());
        Identity identity = new Identity(key.key(), chain);
        Certificates.writeFile(folder.roots(), download.roots());
        identity.writeFile(folder.identity());
        Member self = begin(folder, download.roots(), identity, welcome);
        Pool pool = Pool.open(folder, settings, self, clock);
        try {
            Founding.awaitConnected(pool);
            ManagerYaml.write(
                    folder.yaml(),
                    settings,
                    new ManagerYaml.Place(self.appliance(), self.number()));
            folder.joined();
            LOG.info("joined pool={} appliance={}", welcome.pool(), self.appliance());
            return pool;
        } catch (RuntimeException exception) {
            pool.close();
            throw exception;
        }
    }

    private static Member begin(
            ManagerFolder folder, List<X509Certificate> roots, Identity identity, Welcome welcome) {
        ZooKeeperFolder zooKeeper = new ZooKeeperFolder(folder.zooKeeper());
        zooKeeper.writeIdentity(identity);
        zooKeeper.writeRoots(roots);
        List<Member> voters = new ArrayList<>();
        List<Member> observers = new ArrayList<>();
        for (MemberText each : welcome.members()) {
            (each.votes() ? voters : observers).add(each.member());
        }
        Member self = welcome.member().member();
        zooKeeper.begin(self, voters, observers);
        return self;
    }

    private static Welcome apply(
            List<X509Certificate> roots,
            List<String> servers,
            Application application,
            InstantSource clock) {
        byte[] body = JSON.writeValueAsBytes(application);
        TlsContext context = TlsContext.client(Optional.empty(), PoolTrust.ofClient(roots, clock));
        Instant end = clock.instant().plus(PATIENCE);
        Map<String, String> failures = new LinkedHashMap<>();
        try (Peers peers = new Peers(context)) {
            while (true) {
                for (String server : servers) {
                    Optional<Welcome> welcome = ask(peers, server, body, failures);
                    if (welcome.isPresent()) {
                        return welcome.get();
                    }
                }
                if (clock.instant().isAfter(end)) {
                    throw new ManagerException(
                            "no appliance of the pool let this one join: "
                                    + String.join("; ", failures.values()));
                }
                pause();
            }
        }
    }

    private static Optional<Welcome> ask(
            Peers peers, String server, byte[] body, Map<String, String> failures) {
        try {
            Peers.Answer answer =
                    peers.send(
                            "POST",
                            server,
                            "/api/v1/enrolment/appliances",
                            Map.of(),
                            Optional.of(body));
            if (answer.status() == CREATED) {
                return Optional.of(JSON.readValue(answer.body(), Welcome.class));
            }
            String detail = detail(answer);
            if (answer.status() >= REFUSALS && answer.status() < FAILURES) {
                throw new ManagerException("the pool refused: " + detail);
            }
            failures.put(server, server + ": " + detail);
        } catch (IOException | JacksonException exception) {
            failures.put(server, String.valueOf(exception.getMessage()));
        }
        LOG.info("join server={} error={}", server, failures.get(server));
        return Optional.empty();
    }

    private static String detail(Peers.Answer answer) {
        try {
            return JSON.readTree(answer.body())
                    .path("detail")
                    .asString("status " + answer.status());
        } catch (JacksonException _) {
            return "status " + answer.status();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(BETWEEN);
        } catch (InterruptedException exception) {
            Thread.currentThread().interrupt();
            throw new ManagerException("interrupted", exception);
        }
    }

    private static Map<?, ?> load(byte[] yaml) {
        Object content =
                new Yaml(new SafeConstructor(new LoaderOptions()))
                        .load(new String(yaml, StandardCharsets.UTF_8));
        return content instanceof Map<?, ?> map ? map : Map.of();
    }

    private static String token(Map<?, ?> clientYaml) {
        if (clientYaml.get("authconfig") instanceof Map<?, ?> authentication
                && authentication.get("token") instanceof String token) {
            return token;
        }
        throw new ManagerException("the token's download holds no token; download it again");
    }

    private static List<String> servers(Map<?, ?> serversConf) {
        List<String> servers = new ArrayList<>();
        if (serversConf.get("servers") instanceof List<?> list) {
            for (Object each : list) {
                if (each instanceof Map<?, ?> server
                        && server.get("addresses") instanceof List<?> addresses) {
                    addresses.forEach(address -> servers.add(String.valueOf(address)));
                }
            }
        }
        if (servers.isEmpty()) {
            throw new ManagerException(
                    "the token's download names no server; say where the pool is with"
                            + " --server_list host:56001");
        }
        return servers;
    }
}
