package org.bitfusion.cluster.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackOffTest {
    @Test
    void eachPauseIsTwiceTheOneBeforeUpToALimit() {
        BackOff pause = BackOff.FIRST;
        assertThat(pause.next()).isEqualTo(BackOff.SHORTEST);
        pause = pause.after(Duration.ZERO);
        assertThat(pause.next()).isEqualTo(BackOff.SHORTEST.multipliedBy(2));
        for (int time = 0; time < 20; time++) {
            pause = pause.after(Duration.ZERO);
        }
        assertThat(pause.next()).isEqualTo(BackOff.LONGEST);
    }

    @Test
    void whoRanWellBeginsAnew() {
        BackOff pause = BackOff.FIRST.after(Duration.ZERO).after(Duration.ZERO);
        assertThat(pause.after(BackOff.WELL)).isEqualTo(BackOff.FIRST);
    }
}
