package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bitfusion.dispatcher.DispatcherSettings;
import org.bitfusion.dispatcher.DispatcherSettings.PortRange;
import org.bitfusion.dispatcher.DispatcherSettings.UserRange;
import org.bitfusion.protocol.Secret;
import org.junit.jupiter.api.Test;

class SettingsTest {
    private static DispatcherSettings read(Map<String, String> environment, String... arguments)
            throws Settings.SettingsException {
        Map<String, String> complete = new HashMap<>(environment);
        complete.put("BF_CRASH_FOLDER", TestAppliance.CRASHES.toString());
        return new Settings(complete).read(List.of(arguments), Secret.NONE);
    }

    @Test
    void withoutSettingsItListensOnLoopbackOnTheProductsPorts() throws Exception {
        DispatcherSettings settings = read(Map.of());
        assertThat(settings.address().getPort()).isEqualTo(55001);
        assertThat(settings.address().getAddress().isLoopbackAddress()).isTrue();
        assertThat(settings.ports()).isEqualTo(new PortRange(45201, 46225));
        assertThat(settings.prestartedWorkers()).isEqualTo(2);
        assertThat(settings.visibleDevices()).isEmpty();
        assertThat(settings.memoryLimitBytes()).isEmpty();
    }

    @Test
    void flagsAndVariablesAreHeard() throws Exception {
        DispatcherSettings settings =
                read(
                        Map.of(
                                "BF_SERVER_PORT_MIN", "50000",
                                "BF_SERVER_PORT_MAX", "50001",
                                "BF_VISIBLE_DEVICES", "2, 0",
                                "BF_GPU_DEVICE_MEMORY_LIMIT", "6291456000",
                                "BF_PRESTARTED_WORKERS", "0"),
                        "-p",
                        "55002");
        assertThat(settings.address().getPort()).isEqualTo(55002);
        assertThat(settings.ports()).isEqualTo(new PortRange(50000, 50001));
        assertThat(settings.visibleDevices()).contains(List.of(2, 0));
        assertThat(settings.memoryLimitBytes()).hasValue(6_291_456_000L);
        assertThat(settings.prestartedWorkers()).isZero();
    }

    /// Appliances of a pool may stand on one machine, each at an address of its own.
    @Test
    void softwareGpusOfTwoAddressesAreNotTheSame() throws Exception {
        String first = softwareGpusAt("127.0.0.2");
        assertThat(first).isEqualTo(softwareGpusAt("127.0.0.2"));
        assertThat(first).isNotEqualTo(softwareGpusAt("127.0.0.3"));
    }

    private static String softwareGpusAt(String address) throws Exception {
        return read(Map.of("BF_LISTEN", address))
                .workerEnvironment()
                .getOrDefault("BF_SOFT_ID", "");
    }

    @Test
    void portZeroMeansAnyPort() throws Exception {
        assertThat(read(Map.of("BF_SERVER_PORT_MIN", "0")).ports()).isEqualTo(new PortRange(0, 0));
    }

    @Test
    void usersOfWorkersAreARange() throws Exception {
        assertThat(read(Map.of()).workerUsers()).isEmpty();
        assertThat(read(Map.of("BF_WORKER_USERS", "200000-200255")).workerUsers())
                .contains(new UserRange(200_000, 200_255));
        for (String wrong : List.of("1", "0-5", "6-5", "a-b", "1-2-3")) {
            assertThatThrownBy(() -> read(Map.of("BF_WORKER_USERS", wrong)))
                    .hasMessageContaining("BF_WORKER_USERS");
        }
    }

    @Test
    void theRunFolderIsThePortsUnlessItIsNamed() throws Exception {
        Map<String, String> system = Map.of("XDG_RUNTIME_DIR", "/run/user/7");
        assertThat(read(system, "-p", "55002").runFolder())
                .isEqualTo(Path.of("/run/user/7/bitfusion/55002"));
        assertThat(read(Map.of("HOME", "/home/me")).runFolder())
                .isEqualTo(Path.of("/home/me/.bitfusion/run/55001"));
        assertThat(read(Map.of("BF_RUN_FOLDER", "/srv/run")).runFolder())
                .isEqualTo(Path.of("/srv/run"));
        assertThat(read(system, "-p", "0").runFolder())
                .as("nobody finds it again")
                .isNotEqualTo(read(system, "-p", "0").runFolder());
    }

    @Test
    void whatMakesNoSenseIsNamed() {
        assertThatThrownBy(() -> read(Map.of(), "-p", "70000")).hasMessageContaining("70000");
        assertThatThrownBy(() -> read(Map.of(), "-p")).hasMessageContaining("-p");
        assertThatThrownBy(() -> read(Map.of(), "--what")).hasMessageContaining("--what");
        assertThatThrownBy(() -> read(Map.of("BF_VISIBLE_DEVICES", "0,x")))
                .hasMessageContaining("BF_VISIBLE_DEVICES");
        assertThatThrownBy(() -> read(Map.of("BF_VISIBLE_DEVICES", "1,1")))
                .hasMessageContaining("twice");
        assertThatThrownBy(() -> read(Map.of("BF_GPU_DEVICE_MEMORY_LIMIT", "-1")))
                .hasMessageContaining("BF_GPU_DEVICE_MEMORY_LIMIT");
        assertThatThrownBy(() ->
                        read(
                                Map.of(
                                        "BF_SERVER_PORT_MIN", "50001",
                                        "BF_SERVER_PORT_MAX", "50000")))
                .hasMessageContaining("no range");
    }
}
