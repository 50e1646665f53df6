package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.protocol.ProtocolException;
import org.junit.jupiter.api.Test;

class HandleTableTest {
    private final HandleTable<String> table = new HandleTable<>("thing");

    @Test
    void itMeansTheSameAsAMapWhateverComesAndGoes() throws ProtocolException {
        Random random = new Random(3);
        Map<Long, String> expected = new HashMap<>();
        List<Long> live = new ArrayList<>();
        for (int step = 0; step < 50_000; step++) {
            if (live.isEmpty() || random.nextInt(5) < 3) {
                long handle = 0x0002_0000_0000_0000L | step + 1;
                table.add(handle, "object " + step);
                expected.put(handle, "object " + step);
                live.add(handle);
            } else {
                long handle = live.remove(random.nextInt(live.size()));
                assertThat(table.remove(handle)).isEqualTo(expected.remove(handle));
                assertThat(table.find(handle)).isNull();
            }
            if (!live.isEmpty()) {
                long handle = live.get(random.nextInt(live.size()));
                assertThat(table.find(handle)).isEqualTo(expected.get(handle));
            }
        }
        assertThat(table.size()).isEqualTo(expected.size());
        expected.forEach((handle, object) -> assertThat(table.find(handle)).isEqualTo(object));
    }

    @Test
    void aHandleThatIsTakenOrZeroIsRefused() throws ProtocolException {
        table.add(5, "a");
        assertThatThrownBy(() -> table.add(5, "b")).isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> table.addFailed(5, CudaStatus.OUT_OF_MEMORY))
                .isInstanceOf(ProtocolException.class);
        assertThatThrownBy(() -> table.add(0, "c")).isInstanceOf(ProtocolException.class);
    }

    @Test
    void aHandleWithoutObjectSaysWhy() throws ProtocolException {
        table.addFailed(6, CudaStatus.INVALID_PTX);
        assertThat(table.find(6)).isNull();
        assertThat(table.failure(6)).isEqualTo(CudaStatus.INVALID_PTX);
        assertThat(table.failure(7)).isEqualTo(CudaStatus.INVALID_HANDLE);
    }

    @Test
    void objectsAreForgottenByWhatTheyAre() throws ProtocolException {
        for (int i = 1; i <= 300; i++) {
            table.add(i, i % 3 == 0 ? "gone" : "stays");
        }
        table.removeIf("gone"::equals);
        assertThat(table.size()).isEqualTo(200);
        assertThat(table.find(3)).isNull();
        assertThat(table.find(4)).isEqualTo("stays");
    }
}
