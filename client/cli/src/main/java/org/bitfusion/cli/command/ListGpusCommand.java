package org.bitfusion.cli.command;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bitfusion.cli.configuration.ApplianceFiles;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.options.ListOptions;
import org.bitfusion.cli.pool.Json;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.MalformedJsonException;
import org.bitfusion.cli.pool.Membership;
import org.bitfusion.cli.pool.Notices;
import org.bitfusion.cli.pool.Pool;
import org.bitfusion.cli.session.Transcript;

/// `list_gpus`: the pool's appliances and what is free of their GPUs. Root on an appliance that is
/// no client of the pool asks with the appliance's certificate.
///
/// @param surroundings of the command
/// @param options what the user typed
record ListGpusCommand(PoolCommands.Surroundings surroundings, ListOptions options) {
    int execute() {
        ServerChoice servers = surroundings.servers(options.serverList(), options.serversFile());
        Transcript transcript = new Transcript(false);
        Notices notices = new PoolRequest(transcript).enrolling();
        Membership membership = servers.membership();
        ApplianceFiles appliance = ApplianceFiles.of(surroundings.environment());
        if (!membership.isThere() && Files.isReadable(appliance.identity())) {
            list(
                    servers.managersFrom(appliance),
                    PoolAccess.readFiles(appliance.authority(), appliance.identity()),
                    notices);
            return 0;
        }
        List<ServerAddress> managers = servers.managers();
        PoolAccess access = membership.access(managers, notices);
        list(managers, access, notices);
        String problem = membership.renewIfDue(managers, access);
        if (problem != null) {
            transcript.warn(problem);
        }
        return 0;
    }

    private void list(List<ServerAddress> managers, PoolAccess access, Notices notices) {
        try (Pool pool = new Pool(managers, access.tls(), Optional.empty(), notices)) {
            byte[] answer = pool.succeed(Pool.Request.get("/api/v1/servers")).body();
            try {
                List<JsonObject> listed = JsonObject.readAll(answer);
                surroundings.output().print(options.json() ? json(listed) : text(listed));
                surroundings.output().flush();
            } catch (MalformedJsonException exception) {
                throw pool.nonsense(exception);
            }
        }
    }

    private static String json(List<JsonObject> servers) throws MalformedJsonException {
        var _ = text(servers); // so that what is not understood is not passed on
        List<Object> members = new ArrayList<>();
        servers.forEach(server -> members.add(server.members()));
        return Json.pretty(members);
    }

    static String text(List<JsonObject> servers) throws MalformedJsonException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < servers.size(); i++) {
            JsonObject server = servers.get(i);
            List<String> addresses = server.texts("addresses");
            String host = addresses.isEmpty() ? server.text("name") : addresses.getFirst();
            String state = server.text("state");
            text.append("- server ").append(i).append(" [");
            text.append(host.indexOf(':') >= 0 ? "[" + host + "]" : host);
            int port = server.number("controlPort", 0, 65535); // 0: it has not said it yet
            text.append(port == 0 ? "" : ":" + port).append("]: running ");
            text.append(server.number("tasks")).append(" tasks");
            text.append(port == 0 ? ", starting" : "");
            text.append(state.equals("available") ? "" : ", " + state).append('\n');
            for (JsonObject gpu : server.objects("gpus")) {
                text.append("   |- GPU ").append(gpu.number("index")).append(": free memory ");
                text.append(gpu.number("freeMiB")).append(" MiB / ");
                text.append(gpu.number("memoryMiB")).append(" MiB\n");
            }
        }
        return text.toString();
    }
}
