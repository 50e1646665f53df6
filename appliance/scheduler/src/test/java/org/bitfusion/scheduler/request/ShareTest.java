package org.bitfusion.scheduler.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShareTest {
    @ParameterizedTest
    @CsvSource({
        "0.5, 16160, 8080",
        "0.8, 32510, 26008",
        "0.66, 16160, 10665",
        "0.33, 16160, 5332",
        "1, 16160, 16160",
        "1.0, 16160, 16160",
        "001.000, 16160, 16160",
        ".5, 16160, 8080",
        "0.500000, 16160, 8080",
        "0.1, 30, 3",
        "0.7, 10, 7",
        "0.29, 100, 29",
        "0.999999999999999999, 16777216, 16777215",
        "0.000000000000000001, 16777216, 0",
        "0.3333333333333333, 3, 0",
        "0.3333333333333334, 3, 1"
    })
    void aFractionIsExactAndRoundedDown(String text, int total, int expected) {
        assertThat(Share.parseFraction(text).mebibytesOf(total)).isEqualTo(expected);
    }

    @Test
    void equalFractionsAreEqual() {
        assertThat(Share.parseFraction("0.50")).isEqualTo(Share.parseFraction(".5"));
        assertThat(Share.parseFraction("1.00")).isEqualTo(new Share.Whole());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "0",
                "0.0",
                "-0.5",
                "+0.5",
                "1.1",
                "2",
                "1e-1",
                "0,5",
                "0.5 ",
                "0x1",
                "1.0.0",
                "0.5f",
                "NaN",
                "50%",
                "٠.٥",
                "0.0000000000000000001"
            })
    void whatIsNoFractionIsRefusedWithAnExample(String text) {
        assertThatThrownBy(() -> Share.parseFraction(text))
                .isInstanceOf(RequestSyntaxException.class)
                .hasMessageStartingWith("-p \"")
                .hasMessageContaining("for example -p 0.5");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "-1", "1.5", "1000000000", "2048 MiB", "1e3", "٣"})
    void whatAreNoMebibytesIsRefusedWithAnExample(String text) {
        assertThatThrownBy(() -> Share.parseMebibytes(text))
                .isInstanceOf(RequestSyntaxException.class)
                .hasMessageContaining("for example -m 2048");
    }

    @Test
    void mebibytesAreReadAsTheyStand() {
        assertThat(Share.parseMebibytes("2048")).isEqualTo(new Share.Mebibytes(2048));
        assertThat(Share.parseMebibytes("0002")).isEqualTo(new Share.Mebibytes(2));
        assertThat(Share.parseMebibytes("999999999")).isEqualTo(new Share.Mebibytes(999_999_999));
    }

    @Test
    void aShareBelowAPageOrAboveTheGpuFitsNowhere() {
        assertThat(Share.parseMebibytes("1").fits(16)).isFalse();
        assertThat(Share.parseMebibytes("2").fits(16)).isTrue();
        assertThat(Share.parseMebibytes("17").fits(16)).isFalse();
        assertThat(Share.parseFraction("0.1").fits(16)).isFalse();
    }

    @Test
    void sharesAreShownAsTheyWereWritten() {
        assertThat(Share.parseFraction("0.50").words()).isEqualTo("0.5 of their memory");
        assertThat(Share.parseMebibytes("8").words()).isEqualTo("8 MiB");
    }

    @Test
    void anyDecimalComesToTheSameAsLongArithmetic() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            int digits = 1 + random.nextInt(18);
            BigDecimal fraction =
                    new BigDecimal(new BigInteger(60, random), digits).remainder(BigDecimal.ONE);
            int total = 1 + random.nextInt(1 << 24);
            if (fraction.signum() > 0) {
                assertThat(Share.parseFraction(fraction.toPlainString()).mebibytesOf(total))
                        .as("seed %d: %s of %d", seed, fraction, total)
                        .isEqualTo(
                                fraction.multiply(BigDecimal.valueOf(total))
                                        .setScale(0, RoundingMode.FLOOR)
                                        .intValueExact());
            }
        }
    }

    @Test
    void anyTextIsAShareOrRefused() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 50_000; i++) {
            String text = RandomText.of(random, "0123456789.-+e ");
            try {
                Share share = Share.parseFraction(text);
                assertThat(share.mebibytesOf(1_000))
                        .as("seed %d: %s", seed, text)
                        .isBetween(0, 1_000);
            } catch (RequestSyntaxException refused) {
                assertThat(refused.refusal()).isEqualTo(Refusal.SHARE_SYNTAX);
            }
            try {
                assertThat(Share.parseMebibytes(text).mebibytesOf(1_000))
                        .as("seed %d: %s", seed, text)
                        .isPositive();
            } catch (RequestSyntaxException refused) {
                assertThat(refused.refusal()).isEqualTo(Refusal.SHARE_SYNTAX);
            }
        }
    }
}
