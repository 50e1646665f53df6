package org.bitfusion.gpu.soft.execution;

/// Extents of a grid or block.
public record Dimensions(int x, int y, int z) {
    public long count() {
        return (long) x * y * z;
    }
}
