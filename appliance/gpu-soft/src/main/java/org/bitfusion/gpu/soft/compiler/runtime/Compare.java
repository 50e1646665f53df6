package org.bitfusion.gpu.soft.compiler.runtime;

/// Comparisons that take more than one JVM instruction.
public final class Compare {
    private Compare() {}

    public static int minUnsigned(int a, int b) {
        return Integer.compareUnsigned(a, b) < 0 ? a : b;
    }

    public static int maxUnsigned(int a, int b) {
        return Integer.compareUnsigned(a, b) < 0 ? b : a;
    }

    public static long minUnsigned(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? a : b;
    }

    public static long maxUnsigned(long a, long b) {
        return Long.compareUnsigned(a, b) < 0 ? b : a;
    }

    /// `ne` of floats: false when an operand is NaN.
    public static boolean differ(float a, float b) {
        return a < b || a > b;
    }

    public static boolean differ(double a, double b) {
        return a < b || a > b;
    }

    /// `equ`: true when an operand is NaN.
    public static boolean equalOrUnordered(float a, float b) {
        return !(a < b || a > b);
    }

    public static boolean equalOrUnordered(double a, double b) {
        return !(a < b || a > b);
    }

    /// `num`: neither operand is NaN.
    public static boolean ordered(float a, float b) {
        return a <= b || a > b;
    }

    public static boolean ordered(double a, double b) {
        return a <= b || a > b;
    }

    public static boolean unordered(float a, float b) {
        return !(a <= b || a > b);
    }

    public static boolean unordered(double a, double b) {
        return !(a <= b || a > b);
    }

    /// `testp`.
    public static boolean isNormal(float a) {
        return Float.isFinite(a) && Math.abs(a) >= Float.MIN_NORMAL;
    }

    public static boolean isSubnormal(float a) {
        return a != 0 && Math.abs(a) < Float.MIN_NORMAL;
    }

    public static boolean isNumber(float a) {
        return !Float.isNaN(a);
    }

    public static boolean isNormal(double a) {
        return Double.isFinite(a) && Math.abs(a) >= Double.MIN_NORMAL;
    }

    public static boolean isSubnormal(double a) {
        return a != 0 && Math.abs(a) < Double.MIN_NORMAL;
    }

    public static boolean isNumber(double a) {
        return !Double.isNaN(a);
    }
}
