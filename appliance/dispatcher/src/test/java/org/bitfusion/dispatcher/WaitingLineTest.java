package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class WaitingLineTest {
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
    private final WaitingLine line = new WaitingLine(nanos::get);

    @Test
    void whoeverComesFirstIsFirstHoweverOftenOthersAsk() {
        assertThat(line.stay("first")).isTrue();
        assertThat(line.stay("second")).isTrue();
        assertThat(line.stay("second")).isFalse();
        assertThat(line.stay("first")).isFalse();
        assertThat(line.before("first")).isZero();
        assertThat(line.before("second")).isEqualTo(1);
        assertThat(line.before("new")).isEqualTo(2);
    }

    @Test
    void whoeverIsServedLetsTheNextThrough() {
        line.stay("first");
        line.stay("second");
        line.leave("first");
        line.leave("never there");
        assertThat(line.before("second")).isZero();
        assertThat(line.before("first")).isEqualTo(1);
    }

    @Test
    void whoeverStopsAskingLosesThePlace() {
        line.stay("silent");
        nanos.addAndGet(WaitingLine.PATIENCE.toNanos() - 1);
        line.stay("asking");
        assertThat(line.before("asking")).isEqualTo(1);
        nanos.addAndGet(1);
        assertThat(line.before("asking")).isZero();
        assertThat(line.before("silent")).isEqualTo(1);
    }
}
