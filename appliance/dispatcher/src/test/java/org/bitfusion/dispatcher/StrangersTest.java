package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StrangersTest {
    @Test
    void theOneThatIsSilentForLongestGoesFirst() {
        Strangers<String> strangers = new Strangers<>(2);
        assertThat(strangers.add("a")).isEmpty();
        assertThat(strangers.add("b")).isEmpty();
        assertThat(strangers.add("c")).contains("a");
        assertThat(strangers.add("d")).contains("b");
    }

    @Test
    void whoHasProvedItselfOrLeftIsNoStranger() {
        Strangers<String> strangers = new Strangers<>(2);
        assertThat(strangers.add("a")).isEmpty();
        assertThat(strangers.add("b")).isEmpty();
        strangers.remove("a");
        assertThat(strangers.add("c")).isEmpty();
        assertThat(strangers.add("d")).contains("b");
    }
}
