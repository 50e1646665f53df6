package org.bitfusion.protocol;

/// The range of addresses that a client process sets aside for device memory.
public record AddressWindow(long base, long bytes) {
    /// Base and size are multiples of this.
    public static final long GRANULARITY = 2L << 20;

    /// User addresses of a 64-bit Linux process end here.
    private static final long END = 1L << 47;

    /// False for a range that no process can have set aside.
    public boolean isPossible() {
        return base > 0
                && bytes > 0
                && base % GRANULARITY == 0
                && bytes % GRANULARITY == 0
                && base < END
                && bytes <= END - base;
    }

    @Override
    public String toString() {
        return "window of 0x%x bytes at 0x%x".formatted(bytes, base);
    }
}
