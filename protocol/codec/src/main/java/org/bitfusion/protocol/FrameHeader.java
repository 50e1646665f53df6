package org.bitfusion.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bitfusion.protocol.message.WireConstants;

/// What stands before every body.
///
/// ```
///  0        4       6       8          12         16
///  | length | call  | flags | request  | status   | body (length bytes)...
///  | u32    | u16   | u16   | u32      | i32      |
/// ```
///
/// @param length of the body in bytes
/// @param call the message's number
/// @param flags [#ANSWER] or 0
/// @param request chosen by the asker, repeated by the answer; 0 where nothing is answered
/// @param status a CUresult in answers, else 0; an answer with another status than 0 has no body
public record FrameHeader(int length, int call, int flags, int request, int status) {
    /// Bytes of a header.
    public static final int BYTES = 16;

    /// The flag of answers.
    public static final int ANSWER = 1;

    /// Reads a header, which takes [#BYTES] from the buffer.
    ///
    /// @throws ProtocolException if the length is above the limit or a flag is unknown
    public static FrameHeader read(ByteBuffer in) throws ProtocolException {
        Wire.require(in, BYTES, "frame header");
        in.order(ByteOrder.LITTLE_ENDIAN);
        int length = in.getInt();
        int call = Short.toUnsignedInt(in.getShort());
        int flags = Short.toUnsignedInt(in.getShort());
        int request = in.getInt();
        int status = in.getInt();
        if (length < 0 || length > WireConstants.MAX_BODY) {
            throw new ProtocolException(
                    "call 0x%04x: body of %d bytes (expected: at most %d)"
                            .formatted(
                                    call, Integer.toUnsignedLong(length), WireConstants.MAX_BODY));
        }
        if ((flags & ~ANSWER) != 0) {
            throw new ProtocolException("call 0x%04x: flags 0x%x".formatted(call, flags));
        }
        return new FrameHeader(length, call, flags, request, status);
    }

    /// Writes a header; the buffer's order becomes little-endian.
    public static void write(
            ByteBuffer out, int length, int call, int flags, int request, int status) {
        out.order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(length)
                .putShort((short) call)
                .putShort((short) flags)
                .putInt(request)
                .putInt(status);
    }

    /// Writes the whole answer to a call that did not succeed.
    public static void writeFailure(ByteBuffer out, int call, int request, int status) {
        write(out, 0, call, ANSWER, request, status);
    }

    /// @return whether the frame answers a request
    public boolean answer() {
        return (flags & ANSWER) != 0;
    }
}
