package org.bitfusion.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/// The pieces of which bodies are made; used by the generated messages. Limits are checked before
/// anything is allocated.
///
/// Readers and writers expect little-endian buffers.
public final class Wire {
    private Wire() {}

    /// Reads one element of a list.
    @FunctionalInterface
    public interface ElementReader<T> {
        T read(ByteBuffer in) throws ProtocolException;
    }

    /// @throws ProtocolException if fewer bytes remain
    public static void require(ByteBuffer in, int bytes, String what) throws ProtocolException {
        if (in.remaining() < bytes) {
            throw shortOf(in, bytes, what, "at least ");
        }
    }

    /// @throws ProtocolException if another number of bytes remains
    public static void requireExactly(ByteBuffer in, int bytes, String what)
            throws ProtocolException {
        if (in.remaining() != bytes) {
            throw shortOf(in, bytes, what, "");
        }
    }

    private static ProtocolException shortOf(
            ByteBuffer in, int bytes, String what, String qualifier) {
        return new ProtocolException(
                "%s: %d bytes (expected: %s%d)".formatted(what, in.remaining(), qualifier, bytes));
    }

    /// @throws ProtocolException if bytes remain
    public static void requireEnd(ByteBuffer in, String what) throws ProtocolException {
        if (in.hasRemaining()) {
            throw new ProtocolException("%s: %d bytes too many".formatted(what, in.remaining()));
        }
    }

    /// @throws ProtocolException if an answered message has request 0, or another has one
    public static void requireRequest(boolean answered, int request, String what)
            throws ProtocolException {
        if (answered == (request == 0)) {
            throw new ProtocolException(
                    "%s: request %d (expected: %s)"
                            .formatted(what, request, answered ? "not 0" : "0"));
        }
    }

    /// @return `bytes`, if the length lies within the limits
    public static int checkedLength(int bytes, int length, int minimum, int maximum, String what)
            throws ProtocolException {
        if (length < minimum || length > maximum) {
            throw new ProtocolException(
                    "%s: body of %d bytes (expected: %d to %d)"
                            .formatted(what, length, minimum, maximum));
        }
        return bytes;
    }

    public static byte get(ByteBuffer in) throws ProtocolException {
        require(in, 1, "u8");
        return in.get();
    }

    public static short getShort(ByteBuffer in) throws ProtocolException {
        require(in, 2, "u16");
        return in.getShort();
    }

    public static int getInt(ByteBuffer in) throws ProtocolException {
        require(in, 4, "u32");
        return in.getInt();
    }

    public static long getLong(ByteBuffer in) throws ProtocolException {
        require(in, 8, "u64");
        return in.getLong();
    }

    public static float getFloat(ByteBuffer in) throws ProtocolException {
        require(in, 4, "f32");
        return in.getFloat();
    }

    public static double getDouble(ByteBuffer in) throws ProtocolException {
        require(in, 8, "f64");
        return in.getDouble();
    }

    /// Reads 16 bytes in the order in which a UUID is written.
    public static UUID getUuid(ByteBuffer in) throws ProtocolException {
        require(in, 16, "uuid");
        return new UUID(Long.reverseBytes(in.getLong()), Long.reverseBytes(in.getLong()));
    }

    /// Writes 16 bytes in the order in which a UUID is written.
    public static void putUuid(ByteBuffer out, UUID uuid) {
        out.putLong(Long.reverseBytes(uuid.getMostSignificantBits()));
        out.putLong(Long.reverseBytes(uuid.getLeastSignificantBits()));
    }

    /// @param maximum of bytes
    /// @throws ProtocolException if it is longer, cut off or not UTF-8
    public static String getText(ByteBuffer in, int maximum) throws ProtocolException {
        require(in, 2, "string");
        int bytes = Short.toUnsignedInt(in.getShort());
        limit(bytes, maximum, "string");
        require(in, bytes, "string");
        ByteBuffer slice = in.slice(in.position(), bytes);
        in.position(in.position() + bytes);
        try {
            CharBuffer text =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .onMalformedInput(CodingErrorAction.REPORT)
                            .onUnmappableCharacter(CodingErrorAction.REPORT)
                            .decode(slice);
            return text.toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolException("string: not UTF-8");
        }
    }

    /// @return bytes of the text on the wire, without its count
    public static int textBytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /// @throws IllegalArgumentException if the text is longer than `maximum` bytes
    public static void putText(ByteBuffer out, String text, int maximum) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        fits(bytes.length, maximum);
        out.putShort((short) bytes.length).put(bytes);
    }

    /// @return a view of the bytes, valid as long as the buffer's contents
    public static ByteBuffer getBytes(ByteBuffer in, int maximum) throws ProtocolException {
        int count = count(in, maximum, 1, "bytes");
        return view(in, count);
    }

    /// @return a view of all that remains, valid as long as the buffer's contents
    public static ByteBuffer getRest(ByteBuffer in, int maximum) throws ProtocolException {
        limit(in.remaining(), maximum, "bytes");
        return view(in, in.remaining());
    }

    private static ByteBuffer view(ByteBuffer in, int count) {
        ByteBuffer view = in.slice(in.position(), count).order(ByteOrder.LITTLE_ENDIAN);
        in.position(in.position() + count);
        return view;
    }

    public static void putBytes(ByteBuffer out, ByteBuffer bytes, int maximum) {
        fits(bytes.remaining(), maximum);
        out.putInt(bytes.remaining()).put(bytes.duplicate());
    }

    public static void putRest(ByteBuffer out, ByteBuffer bytes, int maximum) {
        fits(bytes.remaining(), maximum);
        out.put(bytes.duplicate());
    }

    public static int[] getInts(ByteBuffer in, int maximum) throws ProtocolException {
        int[] values = new int[count(in, maximum, 4, "array")];
        for (int i = 0; i < values.length; i++) {
            values[i] = in.getInt();
        }
        return values;
    }

    public static long[] getLongs(ByteBuffer in, int maximum) throws ProtocolException {
        long[] values = new long[count(in, maximum, 8, "array")];
        for (int i = 0; i < values.length; i++) {
            values[i] = in.getLong();
        }
        return values;
    }

    public static void putArray(ByteBuffer out, int[] values, int maximum) {
        fits(values.length, maximum);
        out.putInt(values.length);
        for (int value : values) {
            out.putInt(value);
        }
    }

    public static void putArray(ByteBuffer out, long[] values, int maximum) {
        fits(values.length, maximum);
        out.putInt(values.length);
        for (long value : values) {
            out.putLong(value);
        }
    }

    /// @param elementBytes the fewest bytes of an element: what remains limits what is allocated
    public static <T> List<T> getList(
            ByteBuffer in, int maximum, int elementBytes, ElementReader<T> reader)
            throws ProtocolException {
        int count = count(in, maximum, elementBytes, "array");
        List<T> elements = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            elements.add(reader.read(in));
        }
        return elements;
    }

    /// @return bytes of the elements on the wire, without their count
    public static <T> int listBytes(List<T> elements, ToIntFunction<T> bytes) {
        int sum = 0;
        for (T element : elements) {
            sum += bytes.applyAsInt(element);
        }
        return sum;
    }

    public static <T> void putList(
            ByteBuffer out, List<T> elements, int maximum, Consumer<T> writer) {
        fits(elements.size(), maximum);
        out.putInt(elements.size());
        elements.forEach(writer);
    }

    private static int count(ByteBuffer in, int maximum, int elementBytes, String what)
            throws ProtocolException {
        require(in, 4, what);
        int count = in.getInt();
        limit(count, maximum, what);
        if ((long) count * elementBytes > in.remaining()) {
            throw new ProtocolException(
                    "%s of %d in %d bytes".formatted(what, count, in.remaining()));
        }
        return count;
    }

    private static void limit(int count, int maximum, String what) throws ProtocolException {
        if (count < 0 || count > maximum) {
            throw new ProtocolException(
                    "%s of %d (expected: at most %d)"
                            .formatted(what, Integer.toUnsignedLong(count), maximum));
        }
    }

    private static void fits(int count, int maximum) {
        if (count > maximum) {
            throw new IllegalArgumentException(
                    "count: " + count + " (expected: at most " + maximum + ")");
        }
    }
}
