package org.bitfusion.cluster.pool;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.bitfusion.cluster.ClusterError;
import org.bitfusion.cluster.ClusterException;
import org.bitfusion.scheduler.pool.Client;
import org.bitfusion.scheduler.pool.ClientTerms;
import org.bitfusion.tls.TlsError;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.store.Fields;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.bitfusion.tls.store.StoredRecord;

/// What administrators set: the pool's defaults, and clients' own terms, as records under
/// `settings` and `clients`. Changes by several are made one after the other. Thread-safe.
public final class PoolSettings {
    /// For who watches the store.
    public static final String FOLDER = "settings";

    public static final String CLIENTS = "clients";
    private static final RecordPath DEFAULTS = new RecordPath(FOLDER, "defaults");
    private static final String TERMS = "terms";
    private static final String CLIENT = "client";

    /// How often somebody else's change may come in between.
    private static final int TRIES = 20;

    private static final RecordPath NETWORKS = new RecordPath(FOLDER, "networks");
    private static final String PREFERENCE = "networks";

    private final RecordStore store;

    public PoolSettings(RecordStore store) {
        this.store = store;
    }

    /// What holds where a client has nothing of its own; [ClientTerms#UNLIMITED] before anything
    /// was set.
    ///
    /// @throws TlsException STORE_FAILED
    /// @throws ClusterException RECORD_DAMAGED
    public ClientTerms defaults() {
        return store.read(DEFAULTS)
                .map(record -> terms(record.content()))
                .orElse(ClientTerms.UNLIMITED);
    }

    /// @param change may be asked more than once
    /// @return what holds now
    public ClientTerms changeDefaults(UnaryOperator<ClientTerms> change) {
        for (int attempt = 0; attempt < TRIES; attempt++) {
            Optional<StoredRecord> present = store.read(DEFAULTS);
            ClientTerms next =
                    change.apply(
                            present.map(record -> terms(record.content()))
                                    .orElse(ClientTerms.UNLIMITED));
            if (isWritten(DEFAULTS, present, encode(next))) {
                return next;
            }
        }
        throw contended();
    }

    /// The data networks that clients take if they reach them, the best first; those that are not
    /// named are taken after these, the fastest first.
    ///
    /// @throws TlsException STORE_FAILED
    /// @throws ClusterException RECORD_DAMAGED
    public List<String> dataNetworks() {
        return store.read(NETWORKS).map(record -> networks(record.content())).orElse(List.of());
    }

    /// @param names of [DataNetwork#NAMES], each once at most
    public void changeDataNetworks(List<String> names) {
        if (!DataNetwork.NAMES.containsAll(names)
                || names.stream().distinct().count() != names.size()) {
            throw new IllegalArgumentException(
                    "networks: "
                            + names
                            + " (expected: some of "
                            + DataNetwork.NAMES
                            + ", each once at most)");
        }
        byte[] content = Fields.of(PREFERENCE).with("order", String.join(" ", names)).encode();
        for (int attempt = 0; attempt < TRIES; attempt++) {
            if (isWritten(NETWORKS, store.read(NETWORKS), content)) {
                return;
            }
        }
        throw contended();
    }

    private static List<String> networks(byte[] content) {
        try {
            String order = Fields.decode(PREFERENCE, content).text("order");
            return order.isEmpty() ? List.of() : List.of(order.split(" ", -1));
        } catch (TlsException exception) {
            throw damaged("the data networks", exception);
        }
    }

    /// @param id as certificates name it
    public Client client(String id) {
        return store.read(path(id))
                .map(record -> client(id, record.content()))
                .orElseGet(() -> Client.plain(id));
    }

    /// Those for which something was set.
    public List<Client> clients() {
        List<Client> clients = new ArrayList<>();
        for (String id : store.list(CLIENTS)) {
            store.read(path(id)).ifPresent(record -> clients.add(client(id, record.content())));
        }
        return clients;
    }

    /// @param change may be asked more than once
    /// @return what holds now
    public Client changeClient(String id, UnaryOperator<Client> change) {
        for (int attempt = 0; attempt < TRIES; attempt++) {
            Optional<StoredRecord> present = store.read(path(id));
            Client next =
                    change.apply(
                            present.map(record -> client(id, record.content()))
                                    .orElseGet(() -> Client.plain(id)));
            if (!next.id().equals(id)) {
                throw new IllegalArgumentException("change: another client (expected: " + id + ")");
            }
            if (isWritten(path(id), present, encode(next))) {
                return next;
            }
        }
        throw contended();
    }

    /// Forgets what was set for a client.
    public void removeClient(String id) {
        for (int attempt = 0; attempt < TRIES; attempt++) {
            Optional<StoredRecord> present = store.read(path(id));
            if (present.isEmpty() || store.delete(path(id), present.get().version())) {
                return;
            }
        }
        throw contended();
    }

    private boolean isWritten(RecordPath path, Optional<StoredRecord> present, byte[] content) {
        return present.isPresent()
                ? store.compareAndSet(path, present.get().version(), content)
                : store.create(path, content);
    }

    private static RecordPath path(String client) {
        return new RecordPath(CLIENTS, client);
    }

    private static byte[] encode(ClientTerms terms) {
        return Fields.of(TERMS)
                .with("gpu-limit", terms.gpuLimit())
                .with("priority", terms.priority())
                .with("idle-timeout-seconds", terms.idleTimeout().toSeconds())
                .with("disabled", terms.disabled())
                .encode();
    }

    private static ClientTerms terms(byte[] content) {
        try {
            Fields fields = Fields.decode(TERMS, content);
            return new ClientTerms(
                    Math.toIntExact(fields.number("gpu-limit")),
                    Math.toIntExact(fields.number("priority")),
                    Duration.ofSeconds(fields.number("idle-timeout-seconds")),
                    fields.flag("disabled"));
        } catch (TlsException | ArithmeticException exception) {
            throw damaged("the pool's defaults", exception);
        }
    }

    private static byte[] encode(Client client) {
        Fields fields = Fields.of(CLIENT).with("disabled", client.disabled());
        Integer limit = client.gpuLimit();
        Integer priority = client.priority();
        Duration idle = client.idleTimeout();
        fields = limit == null ? fields : fields.with("gpu-limit", limit);
        fields = priority == null ? fields : fields.with("priority", priority);
        return (idle == null ? fields : fields.with("idle-timeout-seconds", idle.toSeconds()))
                .encode();
    }

    private static Client client(String id, byte[] content) {
        try {
            Fields fields = Fields.decode(CLIENT, content);
            return new Client(
                    id,
                    number(fields, "gpu-limit").orElse(null),
                    number(fields, "priority").orElse(null),
                    fields.find("idle-timeout-seconds").isPresent()
                            ? Duration.ofSeconds(fields.number("idle-timeout-seconds"))
                            : null,
                    fields.flag("disabled"));
        } catch (TlsException | ArithmeticException | IllegalArgumentException exception) {
            throw damaged("client " + id, exception);
        }
    }

    private static Optional<Integer> number(Fields fields, String key) {
        return fields.find(key).map(_ -> Math.toIntExact(fields.number(key)));
    }

    private static ClusterException damaged(String what, RuntimeException cause) {
        return new ClusterException(
                ClusterError.RECORD_DAMAGED,
                "the settings of " + what + " make no sense: " + cause.getMessage(),
                cause);
    }

    private static TlsException contended() {
        return new TlsException(
                TlsError.STORE_CONTENDED, "others change the same settings just now; try again");
    }
}
