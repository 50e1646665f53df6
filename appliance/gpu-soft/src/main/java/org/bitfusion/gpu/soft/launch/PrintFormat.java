package org.bitfusion.gpu.soft.launch;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.function.LongFunction;

/// `printf` as kernels call it: the conversions of C, with arguments that the compiler packed at
/// their natural alignment (CUDA programming guide, "Formatted Output").
final class PrintFormat {
    private static final int MAXIMUM_ARGUMENTS = 32;

    private final byte[] format;
    private final MemorySegment memory;
    private final LongFunction<byte[]> strings;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private long next;
    private int count;
    private int at;

    /// @param arguments position in `memory` of the packed arguments
    /// @param strings the bytes of the string at an address
    PrintFormat(byte[] format, MemorySegment memory, long arguments, LongFunction<byte[]> strings) {
        this.format = format;
        this.memory = memory;
        this.next = arguments;
        this.strings = strings;
    }

    int argumentCount() {
        return count;
    }

    byte[] format() {
        while (at < format.length) {
            byte character = format[at++];
            if (character != '%') {
                output.write(character);
            } else if (at < format.length && format[at] == '%') {
                at++;
                output.write('%');
            } else {
                conversion();
            }
        }
        return output.toByteArray();
    }

    private void conversion() {
        int start = at - 1;
        Conversion flags = new Conversion();
        while (at < format.length && flags.flag(format[at])) {
            at++;
        }
        int width = number();
        if (width < 0) {
            flags.left = true;
            width = -width;
        }
        flags.width = width;
        if (at < format.length && format[at] == '.') {
            at++;
            flags.precision = number();
        }
        boolean wide = length();
        if (at >= format.length || count > MAXIMUM_ARGUMENTS) {
            output.write(format, start, at - start);
            return;
        }
        char kind = (char) format[at++];
        byte[] text = convert(kind, flags, wide);
        if (text == null) {
            output.write(format, start, at - start);
        } else {
            output.writeBytes(text);
        }
    }

    private int number() {
        if (at < format.length && format[at] == '*') {
            at++;
            return (int) argument(4);
        }
        int value = 0;
        while (at < format.length && format[at] >= '0' && format[at] <= '9' && value < 1 << 20) {
            value = value * 10 + format[at++] - '0';
        }
        return value;
    }

    /// Skips length modifiers; true for those of 64-bit integers.
    private boolean length() {
        boolean wide = false;
        while (at < format.length && "hlLqjzt".indexOf(format[at]) >= 0) {
            wide |= format[at++] != 'h';
        }
        return wide;
    }

    private byte @org.jspecify.annotations.Nullable [] convert(
            char kind, Conversion flags, boolean wide) {
        return switch (kind) {
            case 'd', 'i' -> ascii(flags.signed(wide ? argument(8) : (int) argument(4)));
            case 'u', 'x', 'X', 'o' ->
                    ascii(flags.unsigned(wide ? argument(8) : argument(4) & 0xffffffffL, kind));
            case 'c' -> flags.pad(new byte[] {(byte) argument(4)});
            case 's' -> flags.text(string(argument(8)));
            case 'p' -> ascii(flags.pointer(argument(8)));
            case 'f', 'F', 'e', 'E', 'g', 'G', 'a', 'A' ->
                    ascii(flags.floating(Double.longBitsToDouble(argument(8)), kind));
            default -> null;
        };
    }

    private byte[] string(long address) {
        return address == 0 ? ascii("(null)") : strings.apply(address);
    }

    private long argument(int bytes) {
        count++;
        next = (next + bytes - 1) & -bytes;
        long value =
                bytes == 4
                        ? memory.get(ValueLayout.JAVA_INT_UNALIGNED, next)
                        : memory.get(ValueLayout.JAVA_LONG_UNALIGNED, next);
        next += bytes;
        return value;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
