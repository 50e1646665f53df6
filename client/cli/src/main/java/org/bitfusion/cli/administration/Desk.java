package org.bitfusion.cli.administration;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.command.ServerChoice;
import org.bitfusion.cli.configuration.ApplianceFiles;
import org.bitfusion.cli.configuration.ServerAddress;
import org.bitfusion.cli.connection.PoolTls;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.options.AdminOptions;
import org.bitfusion.cli.pool.HttpAnswer;
import org.bitfusion.cli.pool.Json;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.MalformedJsonException;
import org.bitfusion.cli.pool.Notices;
import org.bitfusion.cli.pool.Pool;
import org.bitfusion.tls.context.PoolTrust;
import org.bitfusion.tls.context.TlsContext;

/// Where an administrator sits: on an appliance as root, who has its certificate; or anywhere, by
/// name and password.
///
/// @param environment of the user's shell
/// @param output where results go
/// @param passwords where they come from
/// @param options what the user typed
record Desk(
        Map<String, String> environment,
        PrintStream output,
        Passwords passwords,
        AdminOptions options) {
    ApplianceFiles appliance() {
        return ApplianceFiles.of(environment);
    }

    Path userHome() {
        String home = environment.get("HOME");
        return Path.of(home != null && !home.isEmpty() ? home : System.getProperty("user.home"));
    }

    private ServerChoice servers() {
        return new ServerChoice(
                environment,
                userHome(),
                options.flag("server_list").orElse(null),
                options.flag("servers").orElse(null));
    }

    /// The managers, and the right to tell them something.
    ///
    /// @throws Fault if this user has it not
    Pool pool() {
        Optional<String> user = options.flag("user");
        return user.isPresent() ? poolAs(user.get()) : poolOfAppliance();
    }

    /// Whether who asks is a client of the pool and nothing more: it sees its own.
    boolean isOfClient() {
        return options.flag("user").isEmpty()
                && !Files.isReadable(appliance().identity())
                && servers().membership().isThere();
    }

    /// The managers, and the right to look at what clients may see of themselves.
    ///
    /// @throws Fault if this user has it not
    Pool poolToLookAt() {
        if (!isOfClient()) {
            return pool();
        }
        List<ServerAddress> managers = servers().managers();
        PoolAccess access = servers().membership().access(managers, warnings());
        return new Pool(managers, access.tls(), Optional.empty(), warnings());
    }

    private Pool poolAs(String user) {
        Path authority = authority();
        List<ServerAddress> managers = servers().managers();
        if (user.isEmpty() || user.indexOf(':') >= 0) {
            throw options.usage("--user " + user + ": give the name of a user of the pool");
        }
        String both = user + ":" + passwords.ask("Password of " + user);
        String authorization =
                "Basic "
                        + Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
        PoolTrust trust = PoolAccess.trust(authority);
        PoolTls tls = PoolTls.of(authority, null, () -> TlsContext.client(Optional.empty(), trust));
        return new Pool(managers, tls, Optional.of(authorization), warnings());
    }

    private Path authority() {
        List<Path> places =
                List.of(
                        userHome().resolve(".bitfusion/tls/ca.crt"),
                        Path.of("/etc/bitfusion/tls/ca.crt"),
                        appliance().authority());
        for (Path place : places) {
            if (Files.exists(place)) {
                return place;
            }
        }
        throw new Fault(
                ExitCode.NOT_ALLOWED,
                places.getFirst()
                        + ": no such file; appliances are known by it: copy ca.crt of an appliance or of a token's download there");
    }

    private Pool poolOfAppliance() {
        PoolAccess access = applianceAccess();
        return new Pool(managers(), access.tls(), Optional.empty(), warnings());
    }

    /// The certificate of the appliance on this machine.
    PoolAccess applianceAccess() {
        ApplianceFiles files = appliance();
        if (!Files.isReadable(files.identity())) {
            throw new Fault(
                    ExitCode.NOT_ALLOWED,
                    files.identity()
                            + ": cannot be read; run this as root on an appliance, or name an administrator with --user NAME");
        }
        return PoolAccess.readFiles(files.authority(), files.identity());
    }

    List<ServerAddress> managers() {
        return servers().managersFrom(appliance());
    }

    private static Notices warnings() {
        return new Notices() {
            @Override
            public void asking(ServerAddress address) {}

            @Override
            public void enrolled(ServerAddress address, String id) {}

            @Override
            public void warning(String text) {
                System.err.println("[WARN] " + text);
            }
        };
    }

    JsonObject object(Pool pool, Pool.Request request) {
        HttpAnswer answer = pool.succeed(request);
        try {
            return JsonObject.read(answer.body());
        } catch (MalformedJsonException exception) {
            throw pool.nonsense(exception);
        }
    }

    List<JsonObject> objects(Pool pool, Pool.Request request) {
        HttpAnswer answer = pool.succeed(request);
        try {
            return JsonObject.readAll(answer.body());
        } catch (MalformedJsonException exception) {
            throw pool.nonsense(exception);
        }
    }

    void say(String text) {
        output.print(text);
        output.flush();
    }

    /// Says what was done: the members with `--output json`, else the text.
    void say(Map<String, ?> members, String text) {
        say(options.json() ? Json.pretty(members) : text);
    }
}
