package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApplianceMainIT {
    @TempDir private Path folder = Path.of("");

    private record Ended(int exitCode, List<String> complaints) {}

    private Ended run(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command =
                new java.util.ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "org.bitfusion.server.ApplianceMain"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectError(folder.resolve("error").toFile());
        builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("BF_ACCESS_SECRET_FILE", folder.resolve("secret").toString());
        builder.environment().put("BF_GPU", "soft");
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        return new Ended(
                process.exitValue(),
                java.nio.file.Files.readAllLines(folder.resolve("error")).stream()
                        .filter(line -> line.startsWith("bitfusion server:"))
                        .toList());
    }

    @Test
    void aSecondServerOnThePortSaysSoInOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            Ended ended = run(Map.of(), "-p", port);
            assertThat(ended.exitCode()).isNotZero();
            assertThat(ended.complaints()).singleElement().asString().contains(port).contains("-p");
        }
    }

    @Test
    void aGpuThatDoesNotExistIsNamed() throws Exception {
        Ended ended = run(Map.of("BF_VISIBLE_DEVICES", "7", "BF_SOFT_DEVICES", "2"), "-p", "0");
        assertThat(ended.exitCode()).isNotZero();
        assertThat(ended.complaints())
                .singleElement()
                .asString()
                .contains("BF_VISIBLE_DEVICES, -d or -n names GPU 7, this machine has 2");
    }
}
