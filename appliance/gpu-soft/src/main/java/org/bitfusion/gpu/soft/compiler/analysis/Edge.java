package org.bitfusion.gpu.soft.compiler.analysis;

import org.jspecify.annotations.Nullable;

/// A way from one block to the next; with a cut, threads stop there and go on in another region.
public final class Edge {
    private Block target;
    private @Nullable Cut cut;

    Edge(Block target) {
        this.target = target;
    }

    public Block target() {
        return target;
    }

    public @Nullable Cut cut() {
        return cut;
    }

    void place(Cut newCut) {
        cut = newCut;
    }

    void redirect(Block newTarget) {
        target = newTarget;
    }

    @Override
    public String toString() {
        return "->B" + target.number() + (cut == null ? "" : "|" + cut);
    }
}
