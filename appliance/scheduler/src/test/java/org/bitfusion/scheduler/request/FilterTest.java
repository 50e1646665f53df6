package org.bitfusion.scheduler.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.bitfusion.scheduler.pool.Appliance;
import org.bitfusion.scheduler.pool.ApplianceState;
import org.bitfusion.scheduler.pool.Gpu;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FilterTest {
    private static final String KEYS =
            "server.addr, server.hostname, server.has-rdma, server.cuda-version, server.driver-version, device.id, device.name, device.phy-memory";
    private static final Gpu GPU =
            new Gpu(3, new UUID(0xab, 0xcd), "NVIDIA A100-PCIE-40GB", 40_960, 0);
    private static final Appliance APPLIANCE =
            new Appliance(
                    new UUID(0, 1),
                    new Appliance.Host(
                            "gpu-1.example.com",
                            List.of("10.0.0.1:56001", "192.168.7.1"),
                            true,
                            "11.10",
                            "550.54.15"),
                    ApplianceState.AVAILABLE,
                    List.of(GPU));

    private static boolean accepts(String filter) {
        return Filter.parse(filter).accepts(APPLIANCE, GPU);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "server.addr=10.0.0.1",
                "server.addr=10.0.0.1:56001",
                "server.addr=192.168.*",
                "server.addr!=10.0.0.2",
                "server.hostname=gpu-1.example.com",
                "server.hostname=GPU-?.example.*",
                "server.has-rdma=true",
                "server.has-rdma=TRUE",
                "server.has-rdma!=false",
                "server.cuda-version=11.10",
                "server.cuda-version=11.10.0",
                "server.cuda-version>11.9",
                "server.cuda-version>=11.10",
                "server.cuda-version<12",
                "server.cuda-version<=11.10",
                "server.cuda-version!=11.1",
                "server.driver-version>=550.54.9",
                "server.dirver-version>=550",
                "device.id=3",
                "device.id=00000000-0000-00ab-0000-0000000000cd",
                "device.id=GPU-00000000-0000-00ab-*",
                "device.id!=4",
                "device.name=*A100*",
                "device.name=nvidia a100-pcie-40gb",
                "device.name!=*V100*",
                "device.phy-memory=40960",
                "device.phy-memory>40959",
                "device.phy-memory>=40960",
                "device.phy-memory<40961",
                "device.phy-memory<=40960",
                "device.phy-memory!=1",
                " device.name = *A100* ",
            })
    void whatFitsPasses(String filter) {
        assertThat(accepts(filter)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "server.addr=10.0.0.10",
                "server.addr!=192.168.7.1",
                "server.addr=10.0.0.1:56002",
                "server.hostname=gpu-1",
                "server.has-rdma=false",
                "server.has-rdma!=true",
                "server.cuda-version=11.1",
                "server.cuda-version<11.9",
                "server.cuda-version>11.10",
                "server.cuda-version!=11.10.0.0",
                "server.driver-version<550.54.15",
                "device.id=0",
                "device.id!=3",
                "device.name=A100",
                "device.name!=*A100*",
                "device.phy-memory>40960",
                "device.phy-memory<40960",
                "device.phy-memory!=40960",
            })
    void whatDoesNotFitDoesNotPass(String filter) {
        assertThat(accepts(filter)).isFalse();
    }

    @Test
    void aVersionThatIsNotToldIsNeitherOlderNorNewer() {
        Appliance silent =
                new Appliance(
                        APPLIANCE.id(),
                        new Appliance.Host("soft", List.of(), false, "", ""),
                        ApplianceState.AVAILABLE,
                        List.of(GPU));
        for (String operator : List.of("=", "<", "<=", ">", ">=")) {
            assertThat(
                            Filter.parse("server.driver-version" + operator + "550")
                                    .accepts(silent, GPU))
                    .as(operator)
                    .isFalse();
        }
        assertThat(Filter.parse("server.driver-version!=550").accepts(silent, GPU)).isTrue();
    }

    @Test
    void anUnknownKeyIsRefusedWithTheListOfKeys() {
        assertThatThrownBy(() -> Filter.parse("device.colour=red"))
                .isInstanceOf(RequestSyntaxException.class)
                .hasMessage(
                        "--filter \"device.colour=red\": no key \"device.colour\"; use one of "
                                + KEYS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "device.name", "A100", "device.name~A100"})
    void aTextWithoutOperatorIsRefusedWithAllThatThereIs(String text) {
        assertThatThrownBy(() -> Filter.parse(text))
                .isInstanceOf(RequestSyntaxException.class)
                .hasMessageContaining("for example device.name=*A100*")
                .hasMessageContaining("= != < <= > >=")
                .hasMessageContaining(KEYS);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "device.name>A100|device.name knows only = and !=, not >",
                "server.has-rdma<=true|server.has-rdma knows only = and !=, not <=",
                "device.name!A100|no operator \"!\"; use one of = != < <= > >=",
                "device.name=|device.name needs a text, in which * stands for any text and ? for any one character after =",
                "server.has-rdma=yes|server.has-rdma needs true or false after =",
                "server.cuda-version>=12.x|server.cuda-version needs a version, such as 12.4 or 550.54.15 after >=",
                "server.cuda-version==12|server.cuda-version needs a version, such as 12.4 or 550.54.15 after =",
                "device.phy-memory>16G|device.phy-memory needs a whole number after >",
            })
    void whatMeansNothingIsRefusedWithWhatIsExpected(String text, String problem) {
        assertThatThrownBy(() -> Filter.parse(text))
                .isInstanceOf(RequestSyntaxException.class)
                .hasMessageEndingWith(": " + problem);
    }

    @Test
    void aFilterIsShownAsItIsWritten() {
        assertThat(Filter.parse(" device.name = *A100* ")).hasToString("device.name=*A100*");
        assertThat(Filter.parse("device.phy-memory>=0016"))
                .isEqualTo(Filter.parse("device.phy-memory >= 16"));
    }

    @Test
    void aPatternOfManyStarsTakesNoTime() {
        String text = "a".repeat(2_000);
        assertThat(Glob.matches("*a".repeat(100) + "b", text)).isFalse();
        assertThat(Glob.matches("*a".repeat(100), text)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "*, '', true", "'', '', true", "?, '', false", "a*b*c, axxbxxc, true", "a*b*c, acb, false",
        "**, x, true", "a?c, abc, true", "a?c, ac, false", "*c, abcabc, true", "*ab, abaab, true"
    })
    void patterns(String pattern, String text, boolean matches) {
        assertThat(Glob.matches(pattern, text)).isEqualTo(matches);
    }

    @Test
    void anyTextIsAFilterOrRefused() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        FilterKey[] keys = FilterKey.values();
        int filters = 0;
        for (int i = 0; i < 50_000; i++) {
            String key = random.nextBoolean() ? keys[random.nextInt(keys.length)].text() : "";
            String text = key + RandomText.of(random, "=!<>.*?0123456789truefalsdvin-");
            try {
                Filter filter = Filter.parse(text);
                filter.accepts(APPLIANCE, GPU);
                assertThat(Filter.parse(filter.toString()))
                        .as("seed %d: %s", seed, text)
                        .isEqualTo(filter);
                filters++;
            } catch (RequestSyntaxException refused) {
                assertThat(refused.refusal()).isEqualTo(Refusal.FILTER_SYNTAX);
                assertThat(refused.getMessage()).startsWith("--filter \"").hasSizeLessThan(400);
            }
        }
        assertThat(filters).as("some of them are filters, seed %d", seed).isPositive();
    }
}
