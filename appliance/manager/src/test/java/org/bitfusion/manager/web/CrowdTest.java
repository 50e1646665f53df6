package org.bitfusion.manager.web;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CrowdTest {
    private final Crowd<String> crowd = new Crowd<>(new Crowd.Limits(6, 4, 2, 3));

    @Test
    void ofOnePlaceTheOneThatHasProvedNothingForLongestGoes() {
        assertThat(crowd.came("a1", "a")).isEmpty();
        assertThat(crowd.came("a2", "a")).isEmpty();
        assertThat(crowd.came("a3", "a")).contains("a1");
        assertThat(crowd.came("b1", "b")).isEmpty();
        assertThat(crowd.came("a4", "a")).contains("a2");
    }

    @Test
    void ofAllOneOfThePlaceThatMostComeFromGoes() {
        come("x1", "a1", "a2", "b1");
        assertThat(crowd.came("c1", "c")).contains("a1");
    }

    /// However many they are, and from wherever they come.
    @Test
    void strangersNeverTakeWhatIsKeptForOthers() {
        for (String each : new String[] {"k1", "k2", "k3"}) {
            come(each);
            assertThat(crowd.isLetIn(each)).isTrue();
        }
        come("a1", "b1", "c1");
        assertThat(crowd.came("d1", "d")).contains("a1");
        assertThat(crowd.came("l1", "l")).contains("b1");
        assertThat(crowd.isLetIn("l1")).isTrue();
        assertThat(crowd.isLetIn("k1")).isTrue();
    }

    @Test
    void whoHasToGoIsNotAnswered() {
        come("a1", "a2", "a3");
        assertThat(crowd.isLetIn("a1")).isFalse();
        crowd.left("a1");
        assertThat(crowd.isLetIn("a2")).isTrue();
    }

    @Test
    void oneOfOnePlaceWithCertificatesHasALimitToo() {
        for (String each : new String[] {"k1", "k2", "k3"}) {
            come(each);
            assertThat(crowd.isLetIn(each)).isTrue();
        }
        come("k4");
        assertThat(crowd.isLetIn("k4")).isFalse();
        assertThat(crowd.isLetInBesides("k4")).isTrue();
        crowd.left("k4");
        crowd.left("k1");
        come("k5");
        assertThat(crowd.isLetIn("k5")).isTrue();
    }

    @Test
    void whoHasLeftCountsNoMore() {
        come("a1", "a2");
        crowd.left("a1");
        crowd.left("a1");
        assertThat(crowd.came("a3", "a")).isEmpty();
        assertThat(crowd.came("a4", "a")).contains("a2");
    }

    private void come(String... connections) {
        for (String connection : connections) {
            var _ = crowd.came(connection, connection.substring(0, 1));
        }
    }
}
