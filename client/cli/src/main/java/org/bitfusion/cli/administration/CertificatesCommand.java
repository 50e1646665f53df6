package org.bitfusion.cli.administration;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.bitfusion.cli.configuration.ApplianceFiles;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.cli.pool.Json;
import org.bitfusion.cli.pool.JsonObject;
import org.bitfusion.cli.pool.MalformedJsonException;
import org.bitfusion.cli.pool.Notices;
import org.bitfusion.cli.pool.Pool;
import org.bitfusion.cli.pool.SigningRequest;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.TlsException;
import org.bitfusion.tls.authority.Renewal;
import org.bitfusion.tls.context.PeerRefused;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.CertificateDescription;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;

/// `tls-certs`: the certificates on this machine.
///
/// @param desk of the administrator
record CertificatesCommand(Desk desk) {
    static final Set<String> FLAGS = Set.of();

    int execute() {
        switch (desk.options().action("show or renew")) {
            case "show" -> show();
            case "renew" -> renew();
            default ->
                    throw desk.options()
                            .usage("'" + desk.options().action("") + "': say show or renew");
        }
        return 0;
    }

    private void show() {
        desk.options().alone();
        Path user = desk.userHome().resolve(".bitfusion/tls");
        ApplianceFiles appliance = desk.appliance();
        Set<Path> files =
                new java.util.LinkedHashSet<>(
                        List.of(
                                appliance.authority(),
                                appliance.identity(),
                                Path.of("/etc/bitfusion/tls/ca.crt"),
                                user.resolve("ca.crt"),
                                user.resolve("client.pem")));
        List<Object> all = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        for (Path file : files) {
            if (!Files.exists(file)) {
                continue;
            }
            X509Certificate certificate = Certificates.readFile(file).getFirst();
            CertificateDescription description = CertificateDescription.of(certificate);
            boolean root = file.endsWith("ca.crt");
            text.append(text.isEmpty() ? "" : "\n").append(file).append('\n');
            text.append(description.text());
            if (!root) {
                text.append("Renewed from: ").append(Renewal.dueAt(certificate)).append('\n');
            }
            all.add(members(file, description));
        }
        if (all.isEmpty()) {
            throw new Fault(
                    ExitCode.UNREADABLE_CONFIGURATION,
                    "tls-certs: no certificate is here, neither in "
                            + appliance.folder().resolve("tls")
                            + " nor in "
                            + user);
        }
        desk.say(desk.options().json() ? Json.pretty(all) : text.toString());
    }

    private static Map<String, Object> members(Path file, CertificateDescription certificate) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("file", file.toString());
        members.put("subject", certificate.subject());
        members.put("issuer", certificate.issuer());
        members.put("serial", certificate.serial());
        members.put("names", certificate.alternativeNames());
        members.put("usages", certificate.usages());
        members.put("notBefore", certificate.notBefore().toString());
        members.put("notAfter", certificate.notAfter().toString());
        members.put("key", certificate.key());
        members.put("sha256", certificate.fingerprint());
        return members;
    }

    /// The appliance's where there is one, else this user's.
    private void renew() {
        desk.options().alone();
        ApplianceFiles files = desk.appliance();
        Path user = desk.userHome().resolve(".bitfusion/tls/client.pem");
        boolean appliance = Files.exists(files.identity());
        if (!appliance && !Files.exists(user)) {
            throw new Fault(
                    ExitCode.UNREADABLE_CONFIGURATION,
                    "tls-certs: nothing to renew: neither "
                            + files.identity()
                            + " nor "
                            + user
                            + " is there");
        }
        PoolAccess access =
                appliance ? desk.applianceAccess() : PoolAccess.readFiles(userAuthority(), user);
        KeyPair pair = PrivateKeys.generate();
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("request", SigningRequest.write(pair, "renewal"));
        if (appliance) {
            List<String> names =
                    CertificateDescription.of(access.own().certificate()).alternativeNames();
            List<String> addresses = files.addresses();
            body.put("hostNames", of("DNS:", names));
            body.put("addresses", addresses.isEmpty() ? of("IP:", names) : addresses);
        }
        try (Pool pool = new Pool(desk.managers(), access.tls(), Optional.empty(), Notices.NONE)) {
            JsonObject answer = desk.object(pool, Pool.Request.post("/api/v1/renewal", body));
            Identity fresh =
                    new Identity(pair.getPrivate(), Certificates.read(answer.text("certificates")));
            var _ =
                    PoolAccess.trust(access.authority())
                            .check(
                                    fresh.chain(),
                                    Set.of(appliance ? PeerRole.APPLIANCE : PeerRole.CLIENT));
            fresh.writeFile(access.identity());
            String end = fresh.certificate().getNotAfter().toInstant().toString();
            desk.say(
                    Map.of("file", access.identity().toString(), "notAfter", end),
                    access.identity() + " renewed; it ends at " + end + "\n");
        } catch (MalformedJsonException | PeerRefused exception) {
            throw new Fault(
                    ExitCode.PROTOCOL,
                    "the pool's answer cannot be used: " + exception.getMessage());
        } catch (TlsException exception) {
            throw new Fault(ExitCode.CANNOT_CREATE, String.valueOf(exception.getMessage()));
        }
    }

    private Path userAuthority() {
        Path own = desk.userHome().resolve(".bitfusion/tls/ca.crt");
        return Files.exists(own) ? own : Path.of("/etc/bitfusion/tls/ca.crt");
    }

    private static List<String> of(String kind, List<String> names) {
        return names.stream()
                .filter(name -> name.startsWith(kind))
                .map(name -> name.substring(kind.length()))
                .toList();
    }
}
