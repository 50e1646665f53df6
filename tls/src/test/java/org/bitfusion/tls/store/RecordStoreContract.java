package org.bitfusion.tls.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// What every store of records does, wherever it keeps them.
public abstract class RecordStoreContract {
    private static final RecordPath PATH = new RecordPath("tokens", "CA7WPsj");

    /// An empty one.
    protected abstract RecordStore store() throws Exception;

    @Test
    void whatWasCreatedIsRead() throws Exception {
        RecordStore store = store();
        assertThat(store.create(PATH, bytes("one"))).isTrue();
        StoredRecord record = store.read(PATH).orElseThrow();
        assertThat(record.content()).isEqualTo(bytes("one"));
        assertThat(record.version()).isZero();
    }

    @Test
    void whatIsNotThereIsEmpty() throws Exception {
        RecordStore store = store();
        assertThat(store.read(PATH)).isEmpty();
        assertThat(store.list("tokens")).isEmpty();
        assertThat(store.compareAndSet(PATH, 0, bytes("x"))).isFalse();
        assertThat(store.delete(PATH, 0)).isFalse();
    }

    @Test
    void creatingTwiceIsRefused() throws Exception {
        RecordStore store = store();
        store.create(PATH, bytes("one"));
        assertThat(store.create(PATH, bytes("two"))).isFalse();
        assertThat(store.read(PATH).orElseThrow().content()).isEqualTo(bytes("one"));
    }

    @Test
    void onlyThePresentVersionIsReplaced() throws Exception {
        RecordStore store = store();
        store.create(PATH, bytes("one"));
        assertThat(store.compareAndSet(PATH, 0, bytes("two"))).isTrue();
        assertThat(store.compareAndSet(PATH, 0, bytes("three"))).isFalse();
        StoredRecord record = store.read(PATH).orElseThrow();
        assertThat(record.content()).isEqualTo(bytes("two"));
        assertThat(record.version()).isEqualTo(1);
    }

    @Test
    void onlyThePresentVersionIsDeleted() throws Exception {
        RecordStore store = store();
        store.create(PATH, bytes("one"));
        store.compareAndSet(PATH, 0, bytes("two"));
        assertThat(store.delete(PATH, 0)).isFalse();
        assertThat(store.delete(PATH, 1)).isTrue();
        assertThat(store.read(PATH)).isEmpty();
    }

    @Test
    void listsTheNamesOfOneFolderInOrder() throws Exception {
        RecordStore store = store();
        store.create(new RecordPath("tokens", "b"), bytes("x"));
        store.create(new RecordPath("tokens", "a"), bytes("x"));
        store.create(new RecordPath("users", "c"), bytes("x"));
        assertThat(store.list("tokens")).containsExactly("a", "b");
    }

    @Test
    void contentIsAnyBytesUpToTheLimit() throws Exception {
        RecordStore store = store();
        byte[] content = new byte[RecordStore.MOST_BYTES];
        IntStream.range(0, content.length).forEach(at -> content[at] = (byte) (at * 31));
        store.create(PATH, content);
        assertThat(store.read(PATH).orElseThrow().content()).isEqualTo(content);
        assertThatThrownBy(() -> store.compareAndSet(PATH, 0, new byte[RecordStore.MOST_BYTES + 1]))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void ofManyThatReplaceAVersionOneSucceeds() throws Exception {
        RecordStore store = store();
        store.create(PATH, bytes("one"));
        List<Callable<Boolean>> writers =
                IntStream.range(0, 8)
                        .<Callable<Boolean>>mapToObj(
                                number -> () -> store.compareAndSet(PATH, 0, bytes("by " + number)))
                        .toList();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            List<Future<Boolean>> results = threads.invokeAll(writers);
            int succeeded = 0;
            for (Future<Boolean> result : results) {
                succeeded += result.get() ? 1 : 0;
            }
            assertThat(succeeded).isEqualTo(1);
        }
        assertThat(store.read(PATH).orElseThrow().version()).isEqualTo(1);
    }

    @Test
    void namesThatLeadOutOfTheStoreAreRefused() {
        for (String name : List.of("", ".", "..", "a/b", ".lock", "a\0b", "ä")) {
            assertThatThrownBy(() -> new RecordPath("tokens", name))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> new RecordPath(name, "x"))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
