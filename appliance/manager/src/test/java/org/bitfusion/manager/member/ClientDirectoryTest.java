package org.bitfusion.manager.member;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.bitfusion.tls.store.MemoryRecordStore;
import org.bitfusion.tls.store.RecordPath;
import org.junit.jupiter.api.Test;

class ClientDirectoryTest {
    @Test
    void aPoolHasAsManyClientsAsItCanList() {
        MemoryRecordStore store = new MemoryRecordStore();
        ClientDirectory directory = new ClientDirectory(store);
        for (int number = 1; number < ClientDirectory.MOST; number++) {
            assertThat(store.create(path(number), new byte[0])).isTrue();
        }
        assertThat(directory.isFull()).isFalse();
        assertThat(store.create(path(ClientDirectory.MOST), new byte[0])).isTrue();
        assertThat(directory.isFull()).isTrue();
    }

    private static RecordPath path(int number) {
        return new RecordPath("enrolled", new UUID(1, number).toString());
    }
}
