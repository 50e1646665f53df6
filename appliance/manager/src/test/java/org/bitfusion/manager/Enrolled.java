package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.util.Map;
import java.util.UUID;
import org.bitfusion.manager.member.Peers;
import org.bitfusion.tls.file.PrivateFiles;
import org.bitfusion.tls.identity.Identity;
import org.bitfusion.tls.pem.Certificates;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.bitfusion.tls.token.TokenDownload;

/// A client as a token makes it.
record Enrolled(UUID id, Identity identity) {
    /// The token as it lies in `client.yaml`.
    static String token(Path download) {
        byte[] yaml = TokenDownload.read(PrivateFiles.readPrivate(download, 1 << 20)).clientYaml();
        return new String(yaml, StandardCharsets.UTF_8)
                .lines()
                .map(String::strip)
                .filter(line -> line.startsWith("token: "))
                .map(line -> line.substring("token: ".length()))
                .findFirst()
                .orElseThrow();
    }

    static Peers.Answer ask(TestManager manager, String token, KeyPair pair, String name) {
        try (Peers nobody = manager.client(null)) {
            return manager.ask(
                    nobody,
                    "POST",
                    "/enrolment/clients",
                    Map.of(
                            "token", token,
                            "name", name,
                            "request", CertificateRequest.write(pair, name)));
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    /// By a token of its own.
    static Enrolled by(TestManager manager, String name) {
        String id = manager.asRoot(201, "POST", "/tokens", Map.of()).path("id").asString();
        KeyPair pair = PrivateKeys.generate();
        Peers.Answer answer = ask(manager, token(manager.download(id)), pair, name);
        assertThat(answer.status()).as(TestManager.text(answer)).isEqualTo(201);
        var body = TestManager.json(answer);
        return new Enrolled(
                UUID.fromString(body.path("id").asString()),
                new Identity(
                        pair.getPrivate(),
                        Certificates.read(body.path("certificates").asString())));
    }
}
