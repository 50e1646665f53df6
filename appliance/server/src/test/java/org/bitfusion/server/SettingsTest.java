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
        return new Settings(complete).read(Flags.ofServer(List.of(arguments)), Secret.NONE);
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

    @Test
    void flagsCountMoreThanVariables() throws Exception {
        Map<String, String> variables =
                Map.of("BF_VISIBLE_DEVICES", "2,0", "BF_LISTEN", "127.0.0.2");
        DispatcherSettings settings = read(variables, "-d", "1,3", "-l", "127.0.0.3");
        assertThat(settings.visibleDevices()).contains(List.of(1, 3));
        assertThat(settings.address().getAddress().getHostAddress()).isEqualTo("127.0.0.3");
        assertThat(read(variables, "-n", "3").visibleDevices()).contains(List.of(0, 1, 2));
        assertThat(read(variables, "--port=7").visibleDevices()).contains(List.of(2, 0));
    }

    @Test
    void aResourceSchedulerHasAPortMore() throws Exception {
        assertThat(Flags.ofScheduler(List.of()).schedulerPort()).hasValue(56001);
        assertThat(Flags.ofScheduler(List.of()).port()).isEqualTo(55001);
        Flags flags = Flags.ofScheduler(List.of("--srs_port", "50001", "--port", "55010"));
        assertThat(flags.schedulerPort()).hasValue(50001);
        assertThat(flags.port()).isEqualTo(55010);
        assertThat(Flags.ofScheduler(List.of("-s", "5", "-n", "2")).schedulerPort()).hasValue(5);
        assertThat(Flags.ofServer(List.of()).schedulerPort()).isEmpty();
        assertThatThrownBy(() -> Flags.ofServer(List.of("-s", "50001"))).hasMessageContaining("-s");
    }

    @Test
    void withoutACertificateOfAPoolItListensOnLoopbackOnly() throws Exception {
        for (String address : List.of("0.0.0.0", "::", "10.0.0.1")) {
            assertThatThrownBy(() -> read(Map.of("BF_LISTEN", address)))
                    .hasMessageStartingWith("BF_LISTEN is '" + address)
                    .hasMessageContaining("without a certificate of a pool (BF_TLS_FOLDER)");
            assertThatThrownBy(() -> read(Map.of(), "-l", address))
                    .hasMessageStartingWith("-l is '" + address)
                    .hasMessageContaining("without a certificate of a pool (BF_TLS_FOLDER)");
        }
        assertThatThrownBy(() -> read(Map.of(), "-l", "gpu-1"))
                .hasMessageContaining("expected: an address of this machine");
        assertThat(read(Map.of(), "-l", "::1").address().getAddress().isLoopbackAddress()).isTrue();
    }

    @Test
    void dispatchersOfOneAddressHaveTheSameSoftwareGpus() throws Exception {
        assertThat(softwareGpusAt("127.0.0.2", "-p", "55001"))
                .isEqualTo(softwareGpusAt("127.0.0.2", "-p", "55002"));
        assertThat(softwareGpusAt("127.0.0.2", "-p", "0"))
                .as("of its own")
                .isNotEqualTo(softwareGpusAt("127.0.0.2", "-p", "0"));
    }

    /// Appliances of a pool may stand on one machine, each at an address of its own.
    @Test
    void softwareGpusOfTwoAddressesAreNotTheSame() throws Exception {
        String first = softwareGpusAt("127.0.0.2");
        assertThat(first).isEqualTo(softwareGpusAt("127.0.0.2"));
        assertThat(first).isNotEqualTo(softwareGpusAt("127.0.0.3"));
    }

    private static String softwareGpusAt(String address, String... arguments) throws Exception {
        return read(Map.of("BF_LISTEN", address), arguments)
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
        assertThatThrownBy(() -> read(Map.of(), "-n", "1", "-d", "0")).hasMessageContaining("-d");
        assertThatThrownBy(() -> read(Map.of(), "-n", "0")).hasMessageContaining("-n is '0'");
        assertThatThrownBy(() -> read(Map.of(), "-d", "0,0")).hasMessageContaining("twice");
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
