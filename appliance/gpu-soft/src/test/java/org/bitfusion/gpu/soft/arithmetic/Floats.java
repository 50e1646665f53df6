package org.bitfusion.gpu.soft.arithmetic;

import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Sweeps over the bit patterns of all floats, on all cores: every 61st unless
/// `-Dbitfusion.float.step` says otherwise. With a step of 1 every float there is is looked at.
final class Floats {
    static final int STEP = Integer.getInteger("bitfusion.float.step", 61);

    private static final int CHUNK_SHIFT = 18;
    private static final int CHUNKS = 1 << (32 - CHUNK_SHIFT);
    private static final long MAXIMUM_REPORTED = 8;

    private Floats() {}

    @FunctionalInterface
    interface Property {
        boolean holds(float x);
    }

    @FunctionalInterface
    interface Single {
        float apply(float x);
    }

    /// Some of the floats that do not have a property, as text; at most one of each chunk of 2^18.
    static List<String> without(Property property) {
        return IntStream.range(0, CHUNKS)
                .parallel()
                .mapToObj(chunk -> firstWithout(property, (long) chunk << CHUNK_SHIFT))
                .filter(Objects::nonNull)
                .limit(MAXIMUM_REPORTED)
                .map(x -> "%s = 0x%08x".formatted(x, Float.floatToRawIntBits(x)))
                .toList();
    }

    private static @Nullable Float firstWithout(Property property, long from) {
        long first = (from + STEP - 1) / STEP * STEP;
        for (long bits = first; bits < from + (1 << CHUNK_SHIFT); bits += STEP) {
            float x = Float.intBitsToFloat((int) bits);
            if (!property.holds(x)) {
                return x;
            }
        }
        return null;
    }

    /// Those without a property in a function or in its `.ftz` form, which reads and gives zeros
    /// for subnormals.
    ///
    /// @param bounded what holds of an argument and a result
    static List<String> outside(Single function, Bounded bounded) {
        return without(x -> {
            float y = function.apply(x);
            if (!bounded.holds(x, y)) {
                return false;
            }
            return (isNormal(x) && isNormal(y)) || flushed(function, bounded, x);
        });
    }

    @FunctionalInterface
    interface Bounded {
        boolean holds(float x, float y);
    }

    private static boolean isNormal(float x) {
        return Math.abs(x) >= Float.MIN_NORMAL;
    }

    private static boolean flushed(Single function, Bounded bounded, float x) {
        float argument = FloatArithmetic.flush(x);
        float unflushed = function.apply(argument);
        float y = FloatArithmetic.flush(unflushed);
        boolean small = y == 0 && Math.abs(unflushed) < Float.MIN_NORMAL;
        return bounded.holds(argument, unflushed) && (small || y == unflushed || Float.isNaN(y));
    }
}
