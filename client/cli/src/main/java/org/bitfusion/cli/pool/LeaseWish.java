package org.bitfusion.cli.pool;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.options.Share;

/// What a client wants of a pool.
///
/// @param gpuCount how many GPUs
/// @param share memory of each
/// @param filters `key=value` as the user typed them
/// @param servers that alone may give them; empty: any
/// @param patience how long to wait
/// @param origin the command, `run` or `request_gpus`
/// @param parent lease of the session within which it is asked for
/// @param command the program's command line, for people
public record LeaseWish(
        int gpuCount,
        Share share,
        List<String> filters,
        List<ServerAddress> servers,
        Duration patience,
        String origin,
        Optional<UUID> parent,
        String command) {
    public LeaseWish {
        filters = List.copyOf(filters);
        servers = List.copyOf(servers);
    }

    /// The same with another waiting time.
    public LeaseWish within(Duration time) {
        return new LeaseWish(gpuCount, share, filters, servers, time, origin, parent, command);
    }

    /// The body of `POST /leases`.
    Map<String, Object> body(UUID id, String ticket) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", id.toString());
        body.put("gpuCount", gpuCount);
        body.put("share", shareBody());
        body.put("filters", filters);
        List<String> addresses = new ArrayList<>();
        for (ServerAddress server : servers) {
            addresses.add(server.toString());
        }
        body.put("servers", addresses);
        body.put("timeoutSeconds", patience.toSeconds());
        body.put("origin", origin);
        parent.ifPresent(lease -> body.put("parent", lease.toString()));
        body.put("user", System.getProperty("user.name", "?"));
        body.put("command", command);
        if (!ticket.isEmpty()) {
            body.put("ticket", ticket);
        }
        return body;
    }

    private Map<String, Object> shareBody() {
        if (share instanceof Share.Mebibytes(long amount)) {
            return Map.of("mebibytes", amount);
        }
        return share instanceof Share.Fraction fraction
                ? Map.of("fraction", fraction.decimal())
                : Map.of();
    }
}
