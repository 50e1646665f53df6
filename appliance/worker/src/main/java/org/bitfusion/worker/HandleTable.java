package org.bitfusion.worker;

import java.util.HashMap;
import java.util.Map;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.protocol.ProtocolException;
import org.jspecify.annotations.Nullable;

/// What the handles of one kind mean, in a hash table without objects per entry. The client chooses
/// handles, and never the same twice. A handle whose object could not be made keeps the reason.
///
/// Used by one thread only.
final class HandleTable<T> {
    /// No program has so many live objects of a kind; one that has is not one of ours.
    private static final int MOST = 1 << 20;

    private final String kind;
    private final Map<Long, CudaStatus> failures = new HashMap<>();
    private long[] handles = new long[64];
    private @Nullable Object[] objects = new Object[64];
    private int size;
    private long lastHandle;
    private @Nullable T lastObject;

    HandleTable(String kind) {
        this.kind = kind;
    }

    /// @throws ProtocolException if the handle is 0 or has a meaning, or there are too many
    void add(long handle, T object) throws ProtocolException {
        checkNew(handle);
        if (2 * (size + 1) > handles.length) {
            grow();
        }
        insert(handle, object);
        size++;
    }

    /// The object could not be made.
    void addFailed(long handle, CudaStatus status) throws ProtocolException {
        checkNew(handle);
        failures.put(handle, status);
    }

    private void checkNew(long handle) throws ProtocolException {
        if (handle == 0 || find(handle) != null || failures.containsKey(handle)) {
            throw new ProtocolException("%s 0x%x: not a new handle".formatted(kind, handle));
        }
        if (size + failures.size() >= MOST) {
            throw new ProtocolException("more than %d live handles: %s".formatted(MOST, kind));
        }
    }

    private void insert(long handle, @Nullable Object object) {
        int slot = slot(handle);
        while (handles[slot] != 0) {
            slot = (slot + 1) & (handles.length - 1);
        }
        handles[slot] = handle;
        objects[slot] = object;
    }

    private int slot(long handle) {
        return (int) ((handle * 0x9E3779B97F4A7C15L) >>> 40) & (handles.length - 1);
    }

    private void grow() {
        long[] oldHandles = handles;
        @Nullable Object[] oldObjects = objects;
        handles = new long[oldHandles.length * 2];
        objects = new Object[handles.length];
        for (int i = 0; i < oldHandles.length; i++) {
            if (oldHandles[i] != 0) {
                insert(oldHandles[i], oldObjects[i]);
            }
        }
    }

    /// @return null if the handle has no object
    @SuppressWarnings("unchecked")
    @Nullable T find(long handle) {
        T last = lastObject;
        if (last != null && handle == lastHandle) {
            return last;
        }
        int slot = slot(handle);
        while (handles[slot] != 0) {
            if (handles[slot] == handle) {
                T object = (T) objects[slot];
                lastHandle = handle;
                lastObject = object;
                return object;
            }
            slot = (slot + 1) & (handles.length - 1);
        }
        return null;
    }

    /// Why a handle has no object.
    CudaStatus failure(long handle) {
        return failures.getOrDefault(handle, CudaStatus.INVALID_HANDLE);
    }

    /// @return what the handle meant, or null if nothing
    @Nullable T remove(long handle) {
        failures.remove(handle);
        T object = find(handle);
        lastObject = null;
        if (object == null) {
            return null;
        }
        int slot = slot(handle);
        while (handles[slot] != handle) {
            slot = (slot + 1) & (handles.length - 1);
        }
        close(slot);
        size--;
        return object;
    }

    /// Frees a slot, and moves those up that were pushed behind it.
    private void close(int free) {
        int hole = free;
        int mask = handles.length - 1;
        for (int slot = (hole + 1) & mask; handles[slot] != 0; slot = (slot + 1) & mask) {
            int wanted = slot(handles[slot]);
            if (((slot - wanted) & mask) >= ((slot - hole) & mask)) {
                handles[hole] = handles[slot];
                objects[hole] = objects[slot];
                hole = slot;
            }
        }
        handles[hole] = 0;
        objects[hole] = null;
    }

    /// Forgets every object that the predicate names.
    void removeIf(java.util.function.Predicate<T> gone) {
        for (long handle : handles.clone()) {
            T object = handle == 0 ? null : find(handle);
            if (object != null && gone.test(object)) {
                remove(handle);
            }
        }
    }

    int size() {
        return size;
    }
}
