package org.bitfusion.gpu.soft.compiler.runtime;

import static org.bitfusion.gpu.soft.compiler.runtime.Memory.ALL;
import static org.bitfusion.gpu.soft.compiler.runtime.Memory.INT;
import static org.bitfusion.gpu.soft.compiler.runtime.Memory.LONG;

import java.util.function.IntBinaryOperator;
import org.bitfusion.gpu.soft.arithmetic.Half;
import org.bitfusion.gpu.soft.arithmetic.Packed;

/// Atomic operations of generated code by native address, aligned to their size; each answers the
/// value before.
///
/// A compare-and-set of a dead page ends the process in the JVM's interpreter, a load does not
/// (docs/decisions/0003): each first compare-and-set of an operation follows a load of the place.
public final class Atomics {
    private static final int HALF_MASK = 0xFFFF;

    private Atomics() {}

    public static int add(long address, int value) {
        return (int) INT.getAndAdd(ALL, address, value);
    }

    public static long add(long address, long value) {
        return (long) LONG.getAndAdd(ALL, address, value);
    }

    public static int exch(long address, int value) {
        return (int) INT.getAndSet(ALL, address, value);
    }

    public static long exch(long address, long value) {
        return (long) LONG.getAndSet(ALL, address, value);
    }

    public static int cas(long address, int expected, int value) {
        int _ = (int) INT.getAcquire(ALL, address);
        return exchange(address, expected, value);
    }

    public static long cas(long address, long expected, long value) {
        long _ = (long) LONG.getAcquire(ALL, address);
        return exchange(address, expected, value);
    }

    /// For who has loaded from there.
    private static int exchange(long address, int expected, int value) {
        return (int) INT.compareAndExchange(ALL, address, expected, value);
    }

    private static long exchange(long address, long expected, long value) {
        return (long) LONG.compareAndExchange(ALL, address, expected, value);
    }

    public static int and(long address, int value) {
        return (int) INT.getAndBitwiseAnd(ALL, address, value);
    }

    public static long and(long address, long value) {
        return (long) LONG.getAndBitwiseAnd(ALL, address, value);
    }

    public static int or(long address, int value) {
        return (int) INT.getAndBitwiseOr(ALL, address, value);
    }

    public static long or(long address, long value) {
        return (long) LONG.getAndBitwiseOr(ALL, address, value);
    }

    public static int xor(long address, int value) {
        return (int) INT.getAndBitwiseXor(ALL, address, value);
    }

    public static long xor(long address, long value) {
        return (long) LONG.getAndBitwiseXor(ALL, address, value);
    }

    public static int minSigned(long address, int value) {
        int old = (int) INT.getVolatile(ALL, address);
        while (value < old) {
            int seen = exchange(address, old, value);
            if (seen == old) {
                break;
            }
            old = seen;
        }
        return old;
    }

    public static int maxSigned(long address, int value) {
        int old = (int) INT.getVolatile(ALL, address);
        while (value > old) {
            int seen = exchange(address, old, value);
            if (seen == old) {
                break;
            }
            old = seen;
        }
        return old;
    }

    public static int minUnsigned(long address, int value) {
        int old = (int) INT.getVolatile(ALL, address);
        while (Integer.compareUnsigned(value, old) < 0) {
            int seen = exchange(address, old, value);
            if (seen == old) {
                break;
            }
            old = seen;
        }
        return old;
    }

    public static int maxUnsigned(long address, int value) {
        int old = (int) INT.getVolatile(ALL, address);
        while (Integer.compareUnsigned(value, old) > 0) {
            int seen = exchange(address, old, value);
            if (seen == old) {
                break;
            }
            old = seen;
        }
        return old;
    }

    public static long minSigned(long address, long value) {
        long old = (long) LONG.getVolatile(ALL, address);
        while (value < old) {
            long seen = exchange(address, old, value);
            if (seen == old) {
                break;
            }
            old = seen;
        }
        return old;
    }

    public static long maxSigned(long address, long value) {
        long old = (long) LONG.getVolatile(ALL, address);
        while (value > old) {
            long seen = exchange(address, old, value);
            if (seen == old) {
                break;
            }
            old = seen;
        }
        return old;
    }

    public static long minUnsigned(long address, long value) {
        long old = (long) LONG.getVolatile(ALL, address);
        while (Long.compareUnsigned(value, old) < 0) {
            long seen = exchange(address, old, value);
            if (seen == old) {
                break;
            }
            old = seen;
        }
        return old;
    }

    public static long maxUnsigned(long address, long value) {
        long old = (long) LONG.getVolatile(ALL, address);
        while (Long.compareUnsigned(value, old) > 0) {
            long seen = exchange(address, old, value);
            if (seen == old) {
                break;
            }
            old = seen;
        }
        return old;
    }

    /// Counts up to `limit`, then wraps to 0.
    public static int inc(long address, int limit) {
        return update(
                address,
                limit,
                (old, bound) -> Integer.compareUnsigned(old, bound) >= 0 ? 0 : old + 1);
    }

    /// Counts down to 0, then wraps to `limit`.
    public static int dec(long address, int limit) {
        return update(
                address,
                limit,
                (old, bound) ->
                        old == 0 || Integer.compareUnsigned(old, bound) > 0 ? bound : old - 1);
    }

    public static float add(long address, float value) {
        int old = (int) INT.getVolatile(ALL, address);
        while (true) {
            int sum = Float.floatToRawIntBits(Float.intBitsToFloat(old) + value);
            int seen = exchange(address, old, sum);
            if (seen == old) {
                return Float.intBitsToFloat(old);
            }
            old = seen;
        }
    }

    public static double add(long address, double value) {
        long old = (long) LONG.getVolatile(ALL, address);
        while (true) {
            long sum = Double.doubleToRawLongBits(Double.longBitsToDouble(old) + value);
            long seen = exchange(address, old, sum);
            if (seen == old) {
                return Double.longBitsToDouble(old);
            }
            old = seen;
        }
    }

    /// Adds pairs of halves.
    public static int addPacked(long address, int value, boolean brain) {
        return update(address, value, (old, v) -> Packed.add(old, v, brain));
    }

    /// Adds a half within the word that holds it.
    public static int addHalf(long address, int value, boolean brain) {
        int shift = (int) (address & 2) * Byte.SIZE;
        int old =
                update(
                        address & ~3L,
                        value,
                        (word, v) -> {
                            int sum = Half.add((word >>> shift) & HALF_MASK, v, brain);
                            return (word & ~(HALF_MASK << shift)) | (sum << shift);
                        });
        return (old >>> shift) & HALF_MASK;
    }

    /// Compare and swap of 16 bits within the word that holds them.
    public static int casHalf(long address, int expected, int value) {
        int shift = (int) (address & 2) * Byte.SIZE;
        int old =
                update(
                        address & ~3L,
                        value,
                        (word, v) ->
                                ((word >>> shift) & HALF_MASK) == expected
                                        ? (word & ~(HALF_MASK << shift)) | (v << shift)
                                        : word);
        return (old >>> shift) & HALF_MASK;
    }

    private static int update(long address, int operand, IntBinaryOperator change) {
        int old = (int) INT.getVolatile(ALL, address);
        while (true) {
            int seen = exchange(address, old, change.applyAsInt(old, operand));
            if (seen == old) {
                return old;
            }
            old = seen;
        }
    }
}
