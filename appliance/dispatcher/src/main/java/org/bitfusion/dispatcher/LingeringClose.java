package org.bitfusion.dispatcher;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// Closes a connection so that its other end hears why: what was said last is sent, then what still
/// comes is thrown away until the other end has closed, too. A socket that is closed with bytes
/// unread answers with a reset, which overtakes an alert of TLS: in TLS 1.3 a client writes on
/// while its certificate is looked at.
///
/// Who does not close is closed after a while, and sooner if too many linger: one more, and the
/// first of them goes.
final class LingeringClose extends ChannelDuplexHandler {
    /// How many linger, beside [Strangers#MOST].
    static final int MOST = 64;

    /// As long as an alert takes to a client far away, and its end back.
    static final Duration TIME = Duration.ofSeconds(2);

    private final Strangers<ChannelHandlerContext> all;
    private final Duration time;
    private boolean lingers;

    /// @param all that linger, of the same event loop
    LingeringClose(Strangers<ChannelHandlerContext> all, Duration time) {
        this.all = all;
        this.time = time;
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
        if (!lingers && !context.channel().isActive()) {
            var _ = context.close(promise);
            return;
        }
        var _ = context.channel().closeFuture().addListener(_ -> promise.trySuccess());
        if (!lingers) {
            lingers = true;
            linger(context);
        }
    }

    private void linger(ChannelHandlerContext context) {
        all.add(context).ifPresent(LingeringClose::cut);
        var _ = context.channel().closeFuture().addListener(_ -> all.remove(context));
        var _ =
                context.executor()
                        .schedule(() -> cut(context), time.toMillis(), TimeUnit.MILLISECONDS);
        var _ =
                context.writeAndFlush(Unpooled.EMPTY_BUFFER)
                        .addListener((ChannelFutureListener) sent -> saysNoMore(sent.channel()));
        context.channel().config().setAutoRead(true);
    }

    private static void saysNoMore(Channel channel) {
        if (channel instanceof SocketChannel socket) {
            var _ = socket.shutdownOutput();
        }
    }

    /// What is closed from here does not come here again.
    private static void cut(ChannelHandlerContext context) {
        var _ = context.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (lingers) {
            ReferenceCountUtil.release(message);
        } else {
            context.fireChannelRead(message);
        }
    }
}
