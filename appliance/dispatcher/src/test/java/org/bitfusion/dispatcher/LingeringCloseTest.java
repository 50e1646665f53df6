package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A server that says why and closes as soon as it hears something.
@Timeout(60)
class LingeringCloseTest {
    private static final byte[] WHY = "because".getBytes(StandardCharsets.US_ASCII);
    private final MultiThreadIoEventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private @Nullable Channel listener;

    @AfterEach
    void stop() {
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private void listen(int most, Duration time) {
        Strangers<ChannelHandlerContext> all = new Strangers<>(most);
        listener =
                new ServerBootstrap()
                        .group(group)
                        .channel(NioServerSocketChannel.class)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        channel.pipeline()
                                                .addLast(new LingeringClose(all, time))
                                                .addLast(new Refusing());
                                    }
                                })
                        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                        .syncUninterruptibly()
                        .channel();
    }

    private static final class Refusing extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            context.writeAndFlush(Unpooled.wrappedBuffer(WHY))
                    .addListener(ChannelFutureListener.CLOSE);
            var _ = context.close();
        }
    }

    private Socket refused() throws IOException {
        InetSocketAddress address =
                (InetSocketAddress) Objects.requireNonNull(listener).localAddress();
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.getOutputStream().write(1);
        assertThat(socket.getInputStream().readNBytes(WHY.length)).isEqualTo(WHY);
        assertThat(socket.getInputStream().read()).isNegative();
        return socket;
    }

    /// Much more than a reader takes at once, and than lies on the way.
    @Test
    void whoWritesOnHearsWhyAndNoReset() throws IOException {
        listen(2, Duration.ofMinutes(1));
        InetSocketAddress address =
                (InetSocketAddress) Objects.requireNonNull(listener).localAddress();
        try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
            OutputStream out = socket.getOutputStream();
            for (int i = 0; i < 32; i++) {
                out.write(new byte[1 << 20]);
            }
            assertThat(socket.getInputStream().readAllBytes()).isEqualTo(WHY);
        }
    }

    @Test
    void whoDoesNotCloseIsClosedAfterAWhile() throws IOException {
        listen(2, Duration.ofMillis(300));
        try (Socket socket = refused()) {
            assertThatClosed(socket);
        }
    }

    @Test
    void fewLinger() throws IOException {
        listen(2, Duration.ofMinutes(1));
        try (Socket first = refused();
                Socket second = refused();
                Socket third = refused()) {
            assertThatClosed(first);
            for (int i = 0; i < 10; i++) {
                second.getOutputStream().write(1);
                third.getOutputStream().write(1);
                LockSupport.parkNanos(10_000_000);
            }
        }
    }

    /// Who writes to a socket that is closed hears it.
    private static void assertThatClosed(Socket socket) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(10))
                .untilAsserted(() ->
                        assertThatThrownBy(() -> socket.getOutputStream().write(1))
                                .isInstanceOf(IOException.class));
    }
}
