package org.bitfusion.tls.authority;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;
import org.bitfusion.tls.TestPool;
import org.junit.jupiter.api.Test;

class RenewalTest {
    private final TestPool pool = new TestPool();
    private final X509Certificate certificate = pool.client().certificate();

    @Test
    void aNewCertificateIsNotDue() {
        assertThat(Renewal.of(certificate, pool.now)).isEqualTo(Renewal.NOT_DUE);
    }

    @Test
    void itIsDueFromItsTimeUntilItsEnd() {
        Instant due = Renewal.dueAt(certificate);
        Instant end = certificate.getNotAfter().toInstant();
        assertThat(Renewal.of(certificate, due.minusMillis(1))).isEqualTo(Renewal.NOT_DUE);
        assertThat(Renewal.of(certificate, due)).isEqualTo(Renewal.DUE);
        assertThat(Renewal.of(certificate, end.minusMillis(1))).isEqualTo(Renewal.DUE);
        assertThat(Renewal.of(certificate, end)).isEqualTo(Renewal.EXPIRED);
    }

    @Test
    void aHundredThatBeginTogetherAreDueOverAMonthAndAllWithFourMonthsLeft() {
        Instant[] dues =
                IntStream.range(0, 100)
                        .mapToObj(_ -> Renewal.dueAt(pool.client().certificate()))
                        .sorted()
                        .toArray(Instant[]::new);
        assertThat(Duration.between(dues[0], dues[99])).isGreaterThan(Duration.ofDays(20));
        assertThat(pool.now.plus(Duration.ofDays(244))).isAfter(dues[99]);
        assertThat(pool.now.plus(Duration.ofDays(212))).isBefore(dues[0]);
    }
}
