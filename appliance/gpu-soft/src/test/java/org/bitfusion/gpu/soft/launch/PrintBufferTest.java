package org.bitfusion.gpu.soft.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class PrintBufferTest {
    private final PrintBuffer buffer = new PrintBuffer();

    private boolean add(String text, long limit) {
        return buffer.add(text.getBytes(StandardCharsets.UTF_8), limit);
    }

    private String taken() {
        return new String(buffer.take(), StandardCharsets.UTF_8);
    }

    @Test
    void theOldestPrintsMakeWayForTheNewest() {
        for (int index = 0; index < 1000; index++) {
            assertThat(add(index + "\n", 12)).isTrue();
        }

        assertThat(taken()).isEqualTo("997\n998\n999\n");
        assertThat(taken()).isEmpty();
    }

    @Test
    void aTextThatNeverFitsChangesNothing() {
        add("kept", 8);

        assertThat(add("far too long", 8)).isFalse();
        assertThat(taken()).isEqualTo("kept");
    }

    @Test
    void aLowerLimitHoldsFromTheNextPrintOn() {
        add("first ", 100);
        add("second ", 100);

        assertThat(add("third", 12)).isTrue();
        assertThat(taken()).isEqualTo("second third");
    }
}
