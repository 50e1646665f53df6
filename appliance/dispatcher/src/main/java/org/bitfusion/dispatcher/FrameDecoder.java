package org.bitfusion.dispatcher;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.LeaseMessages;

/// Cuts the bytes of a connection into a [Hello], a [Proof], then [Frame]s. A frame's limits are
/// checked as soon as its header is there, before its body is waited for.
final class FrameDecoder extends ByteToMessageDecoder {
    /// A whole frame.
    ///
    /// @param body little-endian, of its own
    record Frame(FrameHeader header, ByteBuffer body) {}

    private enum Next {
        HELLO,
        PROOF,
        FRAME
    }

    private Next next = Next.HELLO;

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out)
            throws IOException {
        switch (next) {
            case HELLO -> {
                if (in.readableBytes() >= Hello.BYTES) {
                    out.add(Hello.read(take(in, Hello.BYTES)));
                    next = Next.PROOF;
                }
            }
            case PROOF -> {
                if (in.readableBytes() >= Proof.BYTES) {
                    out.add(Proof.read(take(in, Proof.BYTES)));
                    next = Next.FRAME;
                }
            }
            case FRAME -> decodeFrame(in, out);
        }
    }

    private static void decodeFrame(ByteBuf in, List<Object> out) throws IOException {
        if (in.readableBytes() < FrameHeader.BYTES) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.allocate(FrameHeader.BYTES);
        in.getBytes(in.readerIndex(), bytes);
        FrameHeader header = FrameHeader.read(bytes.flip());
        if (header.flags() != 0 || header.status() != 0) {
            throw new ProtocolException("a request with flags or a status");
        }
        LeaseMessages.bytesToBuffer(header.call(), header.length());
        if (in.readableBytes() >= FrameHeader.BYTES + header.length()) {
            in.skipBytes(FrameHeader.BYTES);
            out.add(new Frame(header, take(in, header.length())));
        }
    }

    private static ByteBuffer take(ByteBuf in, int count) {
        ByteBuffer copy = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        in.readBytes(copy);
        return copy.flip();
    }
}
