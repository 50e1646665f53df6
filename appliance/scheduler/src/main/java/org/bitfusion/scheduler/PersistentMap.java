package org.bitfusion.scheduler;

import java.util.Arrays;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// A map that never changes: adding and removing give another one, which has nearly all in common
/// with the first. A trie over the keys' hash codes, 32 ways a level (Bagwell, "Ideal Hash Trees",
/// 2001). Its shape depends on its contents alone, except for keys of equal hash code.
final class PersistentMap<K, V> {
    private static final int BITS = 5;
    private static final int MASK = (1 << BITS) - 1;

    private sealed interface Node<K, V> {}

    /// @param next other entries of the same hash code
    private record Entry<K, V>(int hash, K key, V value, @Nullable Entry<K, V> next)
            implements Node<K, V> {
        @Nullable V find(Object wanted) {
            for (Entry<K, V> entry = this; entry != null; entry = entry.next) {
                if (entry.key.equals(wanted)) {
                    return entry.value;
                }
            }
            return null;
        }

        @Nullable Entry<K, V> without(Object unwanted) {
            if (key.equals(unwanted)) {
                return next;
            }
            return new Entry<>(hash, key, value, next == null ? null : next.without(unwanted));
        }
    }

    /// @param present bit i is set if there is something for i
    /// @param children one for each bit that is set, in their order
    @SuppressWarnings(
            "ArrayRecordComponent") // on the hot path: never changed once made, never compared
    private record Branch<K, V>(int present, Node<K, V>[] children) implements Node<K, V> {
        int place(int bit) {
            return Integer.bitCount(present & (bit - 1));
        }
    }

    private final @Nullable Node<K, V> root;
    private final int size;

    private PersistentMap(@Nullable Node<K, V> root, int size) {
        this.root = root;
        this.size = size;
    }

    static <K, V> PersistentMap<K, V> empty() {
        return new PersistentMap<>(null, 0);
    }

    int size() {
        return size;
    }

    private static int hash(Object key) {
        int code = key.hashCode();
        return code ^ (code >>> 16);
    }

    @Nullable V get(Object key) {
        int hash = hash(key);
        Node<K, V> node = root;
        for (int shift = 0; node instanceof Branch<K, V> branch; shift += BITS) {
            int bit = 1 << ((hash >>> shift) & MASK);
            if ((branch.present & bit) == 0) {
                return null;
            }
            node = branch.children[branch.place(bit)];
        }
        return node instanceof Entry<K, V> entry && entry.hash == hash ? entry.find(key) : null;
    }

    V getOrDefault(Object key, V otherwise) {
        V value = get(key);
        return value == null ? otherwise : value;
    }

    PersistentMap<K, V> with(K key, V value) {
        boolean isNew = get(key) == null;
        return new PersistentMap<>(
                with(root, 0, new Entry<>(hash(key), key, value, null)), isNew ? size + 1 : size);
    }

    private static <K, V> Node<K, V> with(@Nullable Node<K, V> node, int shift, Entry<K, V> added) {
        return switch (node) {
            case null -> added;
            case Entry<K, V> entry when entry.hash == added.hash ->
                    new Entry<>(added.hash, added.key, added.value, entry.without(added.key));
            case Entry<K, V> entry -> with(branch(entry, shift), shift, added);
            case Branch<K, V> branch -> {
                int bit = 1 << ((added.hash >>> shift) & MASK);
                int place = branch.place(bit);
                if ((branch.present & bit) == 0) {
                    yield inserted(branch, bit, place, added);
                }
                yield replaced(branch, place, with(branch.children[place], shift + BITS, added));
            }
        };
    }

    private static <K, V> Branch<K, V> branch(Entry<K, V> only, int shift) {
        Node<K, V>[] children = array(1);
        children[0] = only;
        return new Branch<>(1 << ((only.hash >>> shift) & MASK), children);
    }

    private static <K, V> Branch<K, V> inserted(
            Branch<K, V> branch, int bit, int place, Entry<K, V> added) {
        Node<K, V>[] children = array(branch.children.length + 1);
        System.arraycopy(branch.children, 0, children, 0, place);
        children[place] = added;
        System.arraycopy(
                branch.children, place, children, place + 1, branch.children.length - place);
        return new Branch<>(branch.present | bit, children);
    }

    private static <K, V> Branch<K, V> replaced(Branch<K, V> branch, int place, Node<K, V> child) {
        Node<K, V>[] children = branch.children.clone();
        children[place] = child;
        return new Branch<>(branch.present, children);
    }

    PersistentMap<K, V> without(Object key) {
        return get(key) == null
                ? this
                : new PersistentMap<>(without(root, 0, hash(key), key), size - 1);
    }

    private static <K, V> @Nullable Node<K, V> without(
            @Nullable Node<K, V> node, int shift, int hash, Object key) {
        return switch (node) {
            case null -> null;
            case Entry<K, V> entry -> entry.without(key);
            case Branch<K, V> branch -> {
                int bit = 1 << ((hash >>> shift) & MASK);
                int place = branch.place(bit);
                Node<K, V> child = without(branch.children[place], shift + BITS, hash, key);
                if (child == null) {
                    yield removed(branch, bit, place);
                }
                // a branch with one entry is that entry, as if the removed one had never been there
                yield branch.children.length == 1 && child instanceof Entry
                        ? child
                        : replaced(branch, place, child);
            }
        };
    }

    private static <K, V> @Nullable Node<K, V> removed(Branch<K, V> branch, int bit, int place) {
        if (branch.children.length == 1) {
            return null;
        }
        if (branch.children.length == 2 && branch.children[1 - place] instanceof Entry) {
            return branch.children[1 - place];
        }
        Node<K, V>[] children = array(branch.children.length - 1);
        System.arraycopy(branch.children, 0, children, 0, place);
        System.arraycopy(branch.children, place + 1, children, place, children.length - place);
        return new Branch<>(branch.present & ~bit, children);
    }

    @SuppressWarnings("unchecked")
    private static <K, V> Node<K, V>[] array(int length) {
        return (Node<K, V>[]) new Node<?, ?>[length];
    }

    /// In the order of the hash codes.
    void forEach(BiConsumer<? super K, ? super V> consumer) {
        forEach(root, consumer);
    }

    private static <K, V> void forEach(
            @Nullable Node<K, V> node, BiConsumer<? super K, ? super V> consumer) {
        switch (node) {
            case null -> {}
            case Entry<K, V> first -> {
                for (Entry<K, V> entry = first; entry != null; entry = entry.next) {
                    consumer.accept(entry.key, entry.value);
                }
            }
            case Branch<K, V> branch ->
                    Arrays.stream(branch.children).forEach(child -> forEach(child, consumer));
        }
    }
}
