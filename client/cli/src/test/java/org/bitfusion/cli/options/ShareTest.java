package org.bitfusion.cli.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.bitfusion.cli.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShareTest {
    /// 16160 and 32510 MiB are the product's own examples; the others would round up in binary
    /// floating point.
    @ParameterizedTest
    @CsvSource({
        "0.5, 16160, 8080",
        "0.8, 32510, 26008",
        "0.66, 16160, 10665",
        "0.29, 100, 29",
        "0.57, 100, 57",
        "0.333333333, 3, 0",
        ".5, 3, 1",
        "1.0, 4096, 4096",
        "1, 4096, 4096",
        "1.000, 7, 7",
        "0.9999999999, 1000000000, 999999999"
    })
    void aFractionIsRoundedDownToWholeMebibytes(String fraction, long total, long expected) {
        assertThat(Share.parseFraction(fraction).mebibytesOf(total)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0", "0.0", "-0.5", "1.1", "2", "x", "", ".", "0,5", "1e-1", "0.5.5", "NaN", "4096"
            })
    void aFractionOutsideItsRangeIsRefused(String text) {
        assertThatThrownBy(() -> Share.parseFraction(text))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("-p " + text)
                .hasMessageContaining("-p 0.5");
    }

    @Test
    void mebibytesAreTakenAsTheyAre() {
        assertThat(Share.parseMebibytes("5461").mebibytesOf(1)).isEqualTo(5461);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "1.5", "1G", "", "99999999999"})
    void mebibytesThatAreNoneAreRefused(String text) {
        assertThatThrownBy(() -> Share.parseMebibytes(text))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("-m 2048");
    }

    @ParameterizedTest
    @CsvSource({"70, 70", "10s, 10", "70m, 4200", "10h, 36000", "0, 0"})
    void waitingTimesHaveTheProductsSuffixes(String text, long seconds) {
        assertThat(WaitTime.parse(text)).hasSeconds(seconds);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "s", "-1", "1d", "1.5h", "1 0", "99999999"})
    void otherWaitingTimesAreRefused(String text) {
        assertThatThrownBy(() -> WaitTime.parse(text))
                .isInstanceOf(Fault.class)
                .hasMessageContaining("-t " + text);
    }
}
