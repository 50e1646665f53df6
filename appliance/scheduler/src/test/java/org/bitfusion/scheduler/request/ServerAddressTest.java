package org.bitfusion.scheduler.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ServerAddressTest {
    @Test
    void aListIsSeparatedBySemicolons() {
        assertThat(ServerAddress.parseList("10.1.1.20:56001; gpu-2;"))
                .containsExactly(
                        new ServerAddress("10.1.1.20", 56001), new ServerAddress("gpu-2", 0));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ";", "a b", "10.0.0.1:port", "10.0.0.1:70000", "http://x", "::1"})
    void whatIsNoListIsRefusedWithAnExample(String text) {
        assertThatThrownBy(() -> ServerAddress.parseList(text))
                .isInstanceOf(RequestSyntaxException.class)
                .hasMessageContaining("\"10.1.1.20:56001; 10.1.1.21\"");
    }

    @Test
    void thePortCountsWhereBothHaveOne() {
        ServerAddress withPort = ServerAddress.parse("Gpu-2:56001");
        assertThat(withPort.means(ServerAddress.parse("gpu-2"))).isTrue();
        assertThat(withPort.means(ServerAddress.parse("gpu-2:56001"))).isTrue();
        assertThat(withPort.means(ServerAddress.parse("gpu-2:56002"))).isFalse();
        assertThat(withPort.means(ServerAddress.parse("gpu-20"))).isFalse();
    }

    @Test
    void anyTextIsAListOrRefused() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            String text = RandomText.of(random, "0123456789.:;ab- ");
            try {
                assertThat(ServerAddress.parseList(text))
                        .as("seed %d: %s", seed, text)
                        .isNotEmpty();
            } catch (RequestSyntaxException refused) {
                assertThat(refused.refusal()).isEqualTo(Refusal.SERVER_LIST_SYNTAX);
            }
        }
    }
}
