package org.bitfusion.scheduler.request;

/// What is asked for: GPUs, and the same share of each.
public record Wish(int gpuCount, Share share, Choice choice) {
    /// What one lease can hold.
    public static final int GPU_COUNT_LIMIT = 64;

    public Wish {
        if (gpuCount < 1 || gpuCount > GPU_COUNT_LIMIT) {
            throw new IllegalArgumentException(
                    "gpuCount: " + gpuCount + " (expected: 1 to " + GPU_COUNT_LIMIT + ")");
        }
    }

    /// `2 GPUs with 2048 MiB`.
    public String words() {
        return (gpuCount == 1 ? "1 GPU with " : gpuCount + " GPUs with ")
                + (gpuCount == 1 ? share.words().replace("their", "its") : share.words());
    }
}
