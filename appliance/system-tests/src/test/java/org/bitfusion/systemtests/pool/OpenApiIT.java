package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.bitfusion.cli.lease.PoolAccess;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The OpenAPI document that a manager serves: it is valid, and from it a program is made that
/// works.
class OpenApiIT {
    private static final String ADDRESS = "127.0.0.7";
    @TempDir Path folder;

    private static String generator() {
        return Repository.root()
                .resolve("appliance/system-tests/target/openapi/openapi-generator-cli.jar")
                .toString();
    }

    private static String generator(String... words) {
        List<String> command =
                new ArrayList<>(
                        List.of(Path.of(System.getProperty("java.home"), "bin/java").toString()));
        command.addAll(List.of("-XX:TieredStopAtLevel=1", "-jar", generator()));
        command.addAll(List.of(words));
        CProgram.Result result = CProgram.run(command, Map.of(), 120);
        assertThat(result.exitCode()).as(result.output()).isZero();
        return result.output();
    }

    @Test
    void aClientMadeFromTheServedDocumentListsGpus() throws Exception {
        try (ManagedAppliance appliance = ManagedAppliance.start(ADDRESS)) {
            Path home = appliance.home();
            assertThat(ManagedAppliance.as(home, "list_gpus").exitCode()).isZero();
            Path tls = home.resolve(".bitfusion/tls");
            PoolAccess access =
                    PoolAccess.readFiles(tls.resolve("ca.crt"), tls.resolve("client.pem"));
            HttpClient.Builder connection =
                    HttpClient.newBuilder().sslContext(access.context().context());
            Path document = fetch(connection, "https://" + appliance.manager());
            assertThat(generator("validate", "--recommend", "-i", document.toString()))
                    .contains("No validation issues detected");
            try (URLClassLoader made = compiled(generated(document))) {
                Class<?> clientType = made.loadClass("pool.ApiClient");
                Object client = clientType.getConstructor().newInstance();
                clientType
                        .getMethod("setHttpClientBuilder", HttpClient.Builder.class)
                        .invoke(client, connection);
                clientType
                        .getMethod("updateBaseUri", String.class)
                        .invoke(client, "https://" + appliance.manager());
                assertThat(call(made, client, "ServerApi", "listServers").toString())
                        .contains("name: gpu-7", "name: Bitfusion Software GPU", "freeMiB: 512");
                Throwable refusal =
                        catchThrowable(() -> call(made, client, "TokenApi", "listTokens"));
                assertThat(refusal).isInstanceOf(InvocationTargetException.class);
                assertThat(refusal.getCause()).hasMessageContaining("403");
            }
        }
    }

    private Path fetch(HttpClient.Builder connection, String manager)
            throws IOException, InterruptedException {
        try (HttpClient client = connection.build()) {
            HttpResponse<String> answer =
                    client.send(
                            HttpRequest.newBuilder(URI.create(manager + "/api/v1/openapi.json"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            return Files.writeString(folder.resolve("openapi.json"), answer.body());
        }
    }

    private Path generated(Path document) {
        Path sources = folder.resolve("sources");
        String _ =
                generator(
                        "generate",
                        "-g",
                        "java",
                        "--library",
                        "native",
                        "-i",
                        document.toString(),
                        "-o",
                        sources.toString(),
                        "--additional-properties=openApiNullable=false,useJakartaEe=true,apiPackage=pool.api,"
                                + "modelPackage=pool.model,invokerPackage=pool,hideGenerationTimestamp=true",
                        "--global-property=apis,models,supportingFiles,apiTests=false,modelTests=false,"
                                + "apiDocs=false,modelDocs=false");
        return sources.resolve("src/main/java");
    }

    private URLClassLoader compiled(Path sources) throws Exception {
        Path classes = Files.createDirectories(folder.resolve("classes"));
        Path annotations =
                Path.of(
                        jakarta.annotation.Generated.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        List<String> words =
                new ArrayList<>(
                        List.of(
                                "-proc:none",
                                "-cp",
                                generator() + ":" + annotations,
                                "-d",
                                classes.toString()));
        try (Stream<Path> files = Files.walk(sources)) {
            files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(words::add);
        }
        assertThat(
                        ToolProvider.getSystemJavaCompiler()
                                .run(null, null, null, words.toArray(String[]::new)))
                .isZero();
        return new URLClassLoader(
                new URL[] {classes.toUri().toURL(), Path.of(generator()).toUri().toURL()},
                ClassLoader.getPlatformClassLoader());
    }

    private static Object call(ClassLoader made, Object client, String api, String operation)
            throws ReflectiveOperationException {
        Class<?> type = made.loadClass("pool.api." + api);
        return type.getMethod(operation)
                .invoke(type.getConstructor(client.getClass()).newInstance(client));
    }
}
