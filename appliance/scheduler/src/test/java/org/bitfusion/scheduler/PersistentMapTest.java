package org.bitfusion.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PersistentMapTest {
    /// Keys of few hash codes, some of which differ in the upper bits only.
    private record Key(int number) {
        @Override
        public int hashCode() {
            return number % 2 == 0 ? number % 7 : (number % 11) << 25;
        }
    }

    private static <K, V> Map<K, V> contents(PersistentMap<K, V> map) {
        Map<K, V> contents = new HashMap<>();
        map.forEach(
                (key, value) -> assertThat(contents.put(key, value)).as("%s once", key).isNull());
        return contents;
    }

    @Test
    void itHoldsWhatAHashMapHolds() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        PersistentMap<Key, Integer> map = PersistentMap.empty();
        Map<Key, Integer> expected = new HashMap<>();
        for (int step = 0; step < 5_000; step++) {
            Key key = new Key(random.nextInt(60));
            if (random.nextInt(5) < 3) {
                map = map.with(key, step);
                expected.put(key, step);
            } else {
                map = map.without(key);
                expected.remove(key);
            }
            assertThat(contents(map)).as("seed %d, step %d", seed, step).isEqualTo(expected);
            assertThat(map.size()).as("seed %d, step %d", seed, step).isEqualTo(expected.size());
            assertThat(map.get(key)).isEqualTo(expected.get(key));
        }
    }

    @Test
    void earlierMapsStayAsTheyWere() {
        List<PersistentMap<Integer, Integer>> maps = new ArrayList<>();
        PersistentMap<Integer, Integer> map = PersistentMap.empty();
        for (int i = 0; i < 200; i++) {
            maps.add(map);
            map = map.with(i * 37, i);
        }
        for (int i = 0; i < 200; i++) {
            map = map.without(i * 37);
        }
        assertThat(map.size()).isZero();
        for (int i = 0; i < maps.size(); i++) {
            assertThat(contents(maps.get(i))).hasSize(i);
            assertThat(maps.get(i).get(i * 37)).isNull();
            assertThat(i == 0 || maps.get(i).getOrDefault((i - 1) * 37, -1) == i - 1).isTrue();
        }
    }

    @Test
    void whatIsNotThereIsNotFound() {
        PersistentMap<Integer, String> map = PersistentMap.<Integer, String>empty().with(32, "a");
        assertThat(map.get(0)).isNull();
        assertThat(map.without(0)).isSameAs(map);
        assertThat(map.getOrDefault(0, "none")).isEqualTo("none");
    }
}
