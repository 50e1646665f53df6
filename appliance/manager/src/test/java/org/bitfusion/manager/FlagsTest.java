package org.bitfusion.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bitfusion.manager.member.ManagerSettings;
import org.bitfusion.manager.member.ManagerYaml;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FlagsTest {
    @TempDir Path folder;

    private ManagerSettings settings(String... flags) throws Exception {
        return new Flags(List.of(flags)).settings(ManagerYaml.read(folder.resolve("yaml")));
    }

    private List<String> servers(String list) throws Exception {
        return settings("--join", "x.tar", "--server_list", list).join().orElseThrow().servers();
    }

    @Test
    void serversHaveTheUsualPort() throws Exception {
        assertThat(servers("gpu-1,10.0.0.1:1; [fd00::1] [fd00::1]:65535"))
                .containsExactly("gpu-1:56001", "10.0.0.1:1", "[fd00::1]:56001", "[fd00::1]:65535");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "foo:bar", "[::1", "a/b", "a?b", "user@a", "a:0", "a:65536", "a:", ":1", "::1"
            })
    void whatIsNoServerIsNamed(String list) {
        assertThatThrownBy(() -> servers(list))
                .isInstanceOf(Flags.UsageException.class)
                .hasMessageContaining(list)
                .hasMessageContaining("host:56001");
    }

    /// YAML has words that mean something else than themselves.
    @ParameterizedTest
    @ValueSource(strings = {"on", "no", "null", "1.10", "0x1F", "1e3", "gpu-1"})
    void anyNameIsTheSameAtTheNextStart(String name) throws Exception {
        ManagerSettings first = settings("--name", name, "--listen", "127.0.0.1");
        ManagerYaml.write(
                folder.resolve("yaml"), first, new ManagerYaml.Place(new java.util.UUID(0, 1), 1));
        assertThat(Files.readString(folder.resolve("yaml"))).contains(name);
        assertThat(settings().name()).isEqualTo(name);
        assertThat(settings().addresses()).isEqualTo(first.addresses());
    }
}
