package org.bitfusion.tls.user;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class LoginThrottleTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    private final LoginThrottle throttle = new LoginThrottle();

    @Test
    void theWaitDoublesUpToAQuarterOfAnHour() {
        Instant at = NOW;
        Duration longest = Duration.ZERO;
        for (int attempt = 0; attempt < 20; attempt++) {
            Duration wait = throttle.begin("ada", "a", at);
            if (attempt < 5) {
                assertThat(wait).isZero();
                continue;
            }
            assertThat(wait).isEqualTo(expected(attempt - 5));
            at = at.plus(wait);
            longest = wait;
            assertThat(throttle.begin("ada", "a", at)).isZero();
        }
        assertThat(longest).isEqualTo(Duration.ofMinutes(15));
    }

    @Test
    void whoWaitsIsNotMadeToWaitLongerByAskingAgain() {
        fail("ada", "a", 5);
        assertThat(throttle.begin("ada", "a", NOW)).isEqualTo(Duration.ofSeconds(1));
        assertThat(throttle.begin("ada", "a", NOW)).isEqualTo(Duration.ofSeconds(1));
        assertThat(throttle.begin("ada", "a", NOW.plusMillis(400)))
                .isEqualTo(Duration.ofMillis(600));
    }

    @Test
    void oneAddressThatTriesManyNamesWaits() {
        for (int name = 0; name < 50; name++) {
            assertThat(throttle.begin("user" + name, "a", NOW)).isZero();
        }
        assertThat(throttle.begin("user50", "a", NOW)).isPositive();
        assertThat(throttle.begin("user50", "b", NOW)).isZero();
    }

    @Test
    void manyAddressesThatTryOneNameSlowItDownButDoNotLockItOut() {
        Instant at = NOW;
        for (int address = 0; address < 500; address++) {
            Duration wait = throttle.begin("ada", "a" + address, at);
            assertThat(wait).isLessThanOrEqualTo(Duration.ofSeconds(30));
            at = at.plus(wait);
        }
        assertThat(throttle.begin("ada", "home", at)).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void whoSucceedsStartsAnew() {
        fail("ada", "a", 4);
        throttle.succeeded("ada", "a", NOW);
        fail("ada", "a", 5);
        assertThat(throttle.begin("ada", "a", NOW)).isPositive();
    }

    /// Else an attacker with an account of its own could guess without end.
    @Test
    void successUnderOneNameForgivesNothingUnderOthers() {
        fail("ada", "a", 5);
        assertThat(throttle.begin("eve", "a", NOW)).isZero();
        throttle.succeeded("eve", "a", NOW);
        assertThat(throttle.begin("ada", "a", NOW)).isPositive();
        assertThat(throttle.counts()).containsEntry("address a", 5);
    }

    @Test
    void whatIsOlderThanAnHourIsForgotten() {
        fail("ada", "a", 5);
        Instant later = NOW.plus(Duration.ofMinutes(61));
        for (int attempt = 0; attempt < 5; attempt++) {
            assertThat(throttle.begin("ada", "a", later)).isZero();
        }
    }

    @Test
    void aClockThatIsSetBackLocksNobodyOut() {
        fail("ada", "a", 5);
        assertThat(throttle.begin("ada", "a", NOW.minus(Duration.ofDays(1))))
                .isLessThanOrEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void memoryIsBounded() {
        for (int number = 0; number < 20_000; number++) {
            throttle.begin("user" + number, "address" + number, NOW);
        }
        assertThat(throttle.size()).isLessThanOrEqualTo(10_000);
    }

    private void fail(String name, String address, int times) {
        for (int attempt = 0; attempt < times; attempt++) {
            assertThat(throttle.begin(name, address, NOW)).isZero();
        }
    }

    private static Duration expected(int doubled) {
        Duration wait = Duration.ofSeconds(1L << doubled);
        return wait.compareTo(Duration.ofMinutes(15)) < 0 ? wait : Duration.ofMinutes(15);
    }
}
