package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.bitfusion.cluster.pool.DataNetwork;
import org.bitfusion.manager.member.ManagerException;
import org.bitfusion.manager.member.ManagerSettings;
import org.bitfusion.manager.member.ManagerYaml;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataNetworkFlagsTest {
    @TempDir Path folder;
    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("bitfusion-manager.yaml");
    }

    private ManagerSettings settings(String yaml, String... flags) throws Exception {
        Files.writeString(file, yaml);
        return new Flags(List.of(flags)).settings(ManagerYaml.read(file));
    }

    @Test
    void dataNetworksAreNamedByFlagsOrByTheFile() throws Exception {
        String yaml =
                """
                addresses: [10.1.0.5]
                net2:
                  ipv4address: 10.2.0.5
                  netmask: 24
                  mtu: 9000
                net4:
                  ipv4address: 10.4.0.5
                  netmask: 16
                """;
        List<DataNetwork> expected =
                List.of(
                        new DataNetwork("net1", "10.1.0.5", 20, 1500),
                        new DataNetwork("net2", "10.2.0.5", 24, 9000),
                        new DataNetwork("net4", "10.4.0.5", 16, 1500));
        ManagerSettings settings = settings(yaml, "--net1", "10.1.0.5/20");
        assertThat(settings.networks()).isEqualTo(expected);
        assertThat(settings.allAddresses()).containsExactly("10.1.0.5", "10.2.0.5", "10.4.0.5");
        assertThat(settings(yaml, "--net1=10.1.0.5/20", "--net4", "10.4.0.6/16,4000").networks())
                .last()
                .isEqualTo(new DataNetwork("net4", "10.4.0.6", 16, 4000));
        ManagerYaml.write(file, settings, new ManagerYaml.Place(UUID.randomUUID(), 1));
        assertThat(new Flags(List.of()).settings(ManagerYaml.read(file)).networks())
                .isEqualTo(expected);
    }

    @Test
    void whatIsNotSaidTheInterfaceSays() throws Exception {
        assertThat(settings("", "--net1", "127.0.0.1").networks())
                .containsExactly(new DataNetwork("net1", "127.0.0.1", 8, 65535));
    }

    @Test
    void dataNetworksThatMakeNoSenseAreNamed() throws IOException {
        for (String text :
                List.of(
                        "host",
                        "10.2.0.5/33",
                        "10.2.0.5/24,x",
                        "10.2.0.5/24,100",
                        "10.2.0.5/24,1500,1")) {
            assertThatThrownBy(() -> settings("", "--net2", text))
                    .isInstanceOf(Flags.UsageException.class)
                    .hasMessageContaining("net2")
                    .hasMessageContaining("10.2.0.5/24,9000");
        }
        for (String yaml :
                List.of("net2: 10.2.0.5\n", "net2:\n  address: 10.2.0.5\n", "net2:\n  -\n")) {
            assertThatThrownBy(() -> settings(yaml))
                    .isInstanceOf(ManagerException.class)
                    .hasMessageContaining("ipv4address, netmask, mtu");
        }
    }
}
