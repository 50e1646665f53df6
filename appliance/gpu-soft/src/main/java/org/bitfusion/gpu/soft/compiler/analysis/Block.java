package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.ArrayList;
import java.util.List;

/// A straight piece of code: instructions `start` (inclusive) to `end` (exclusive), and the edges
/// that leave it.
public final class Block {
    private final int number;
    private final int start;
    private int end;
    private final List<Edge> edges = new ArrayList<>();
    private int loopDepth;

    Block(int number, int start, int end) {
        this.number = number;
        this.start = start;
        this.end = end;
    }

    public int number() {
        return number;
    }

    public int start() {
        return start;
    }

    public int end() {
        return end;
    }

    /// In the order: taken branch targets, then fall through.
    public List<Edge> edges() {
        return edges;
    }

    public int loopDepth() {
        return loopDepth;
    }

    void shorten(int newEnd) {
        end = newEnd;
    }

    void deepen() {
        loopDepth++;
    }

    @Override
    public String toString() {
        return "B" + number + "[" + start + "," + end + ")" + edges;
    }
}
