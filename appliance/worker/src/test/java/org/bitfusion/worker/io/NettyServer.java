package org.bitfusion.worker.io;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// A Netty event loop that decodes in place; payload is copied out of Netty's buffers.
final class NettyServer implements ProbeServer {
    private static final int BUFFER = 256 * 1024;

    private final EventLoopGroup loop;
    private final Channel listener;

    NettyServer(
            IoHandlerFactory factory,
            Class<? extends ServerChannel> channelClass,
            ByteBuffer memory,
            @Nullable SslContext tls) {
        loop = new MultiThreadIoEventLoopGroup(1, factory);
        listener =
                new ServerBootstrap()
                        .group(loop)
                        .channel(channelClass)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(
                                ChannelOption.RECVBUF_ALLOCATOR,
                                new io.netty.channel.FixedRecvByteBufAllocator(BUFFER))
                        .childHandler(
                                new ChannelInitializer<SocketChannel>() {
                                    @Override
                                    protected void initChannel(SocketChannel channel) {
                                        if (tls != null) {
                                            channel.pipeline()
                                                    .addLast(tls.newHandler(channel.alloc()));
                                        }
                                        channel.pipeline().addLast(new Handler(memory));
                                    }
                                })
                        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .syncUninterruptibly()
                        .channel();
    }

    @Override
    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        loop.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static final class Handler extends ChannelInboundHandlerAdapter
            implements ProbeFrames.Transport {
        private final ByteBuffer memory;
        private final ProbeFrames frames;
        private int sent = ProbeFrames.BULK;
        private @Nullable ChannelHandlerContext context;

        Handler(ByteBuffer memory) {
            this.memory = memory;
            frames = new ProbeFrames(memory, this);
        }

        @Override
        public void handlerAdded(ChannelHandlerContext context) {
            this.context = context;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            frames.accept(
                    bytes.internalNioBuffer(bytes.readerIndex(), bytes.readableBytes())
                            .slice()
                            .order(ByteOrder.LITTLE_ENDIAN));
            bytes.release();
        }

        @Override
        public void answer(ByteBuffer frame) {
            ChannelHandlerContext to = java.util.Objects.requireNonNull(context);
            ByteBuf copy = to.alloc().directBuffer(frame.remaining());
            var _ = to.writeAndFlush(copy.writeBytes(frame), to.voidPromise());
        }

        @Override
        public void sendBulk() {
            sent = 0;
            sendMore(java.util.Objects.requireNonNull(context));
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            sendMore(context);
        }

        private void sendMore(ChannelHandlerContext to) {
            while (sent < ProbeFrames.BULK && to.channel().isWritable()) {
                int at = sent;
                sent += ProbeFrames.CHUNK;
                var _ =
                        to.write(
                                Unpooled.wrappedBuffer(ProbeFrames.bulkHeader().rewind()),
                                to.voidPromise());
                var _ =
                        to.writeAndFlush(
                                Unpooled.wrappedBuffer(memory.slice(at, ProbeFrames.CHUNK)),
                                to.voidPromise());
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            cause.printStackTrace();
            var _ = context.close();
        }
    }
}
