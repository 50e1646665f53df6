package org.bitfusion.ptx;

import java.util.List;
import java.util.Objects;

/// A variable of a module (.global, .const, .shared) or of a function body (.local, .shared, call
/// .param). Two variables are the same only if they are the same object: names may repeat in nested
/// scopes.
public final class Variable implements Symbol {
    /// Where the definition is to be found.
    public enum Linkage {
        INTERNAL,
        VISIBLE,
        EXTERNAL,
        WEAK,
        COMMON
    }

    private final String name;
    private final StateSpace space;
    private final PtxType type;
    private final int alignment;
    private final long byteCount;
    private final long offset;
    private final Linkage linkage;
    private final Initializer initializer;

    Variable(Declaration declaration, long offset, Linkage linkage, Initializer initializer) {
        this.name = declaration.name();
        this.space = declaration.space();
        this.type = declaration.type();
        this.alignment = declaration.alignment();
        this.byteCount = declaration.byteCount();
        this.offset = offset;
        this.linkage = linkage;
        this.initializer = Objects.requireNonNull(initializer);
    }

    @Override
    public String name() {
        return name;
    }

    public StateSpace space() {
        return space;
    }

    /// Element type.
    public PtxType type() {
        return type;
    }

    /// Alignment in bytes, a power of two.
    public int alignment() {
        return alignment;
    }

    /// Size in bytes; 0 for unsized external arrays (dynamic shared memory).
    public long byteCount() {
        return byteCount;
    }

    /// Byte offset in its area: module-level .global and .const variables in the module's area of
    /// that space ([PtxModule#areaBytes]); .local in the function's local frame; call .param in the
    /// function's call area; -1 for .shared (a kernel's [SharedLayout] places those) and for
    /// external ones.
    public long offset() {
        return offset;
    }

    public Linkage linkage() {
        return linkage;
    }

    /// Initial contents; bytes beyond it are zero.
    public Initializer initializer() {
        return initializer;
    }

    /// True for `extern .shared` without a size: the launch's dynamic shared memory.
    public boolean isDynamicShared() {
        return space == StateSpace.SHARED && byteCount == 0;
    }

    @Override
    public String toString() {
        return space + " " + name + "[" + byteCount + "]";
    }

    /// Initial contents: plain bytes, and places that get an address when the module is loaded.
    ///
    /// @param bytes never written after construction
    @SuppressWarnings("ArrayRecordComponent") // megabytes at times: shared, not copied or compared
    public record Initializer(byte[] bytes, List<Relocation> relocations) {
        static final Initializer ZERO = new Initializer(new byte[0], List.of());

        public Initializer {
            relocations = List.copyOf(relocations);
        }
    }

    /// An address in an initializer: `byteCount` bytes at `offset` get (address of `symbol` +
    /// `addend`) >> `shift`.
    ///
    /// @param generic the generic address; else the address in the symbol's own space
    public record Relocation(
            long offset, int byteCount, String symbol, long addend, boolean generic, int shift) {}
}
