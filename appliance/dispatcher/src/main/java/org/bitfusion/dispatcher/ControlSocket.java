package org.bitfusion.dispatcher;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.handler.codec.LineBasedFrameDecoder;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.bitfusion.protocol.control.WorkerOrder;
import org.bitfusion.protocol.control.WorkerReport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Where workers come to: those that this dispatcher started, and those that serve a session which
/// it, or the one before it, gave to them. Everything runs on the dispatcher's own thread.
final class ControlSocket {
    private static final Logger LOG = LoggerFactory.getLogger(ControlSocket.class);
    private static final int LONGEST_LINE = 16 * 1024;
    private static final int SECONDS_TO_GREET = 5;

    /// As many as sessions may be, which come all at once to the next dispatcher.
    private static final int MOST_STRANGERS = 1024;

    /// Who knows the workers.
    interface Workers {
        /// The process that a new worker's first line names; empty: there is none.
        Optional<WorkerProcess> started(WorkerReport.Hello hello);

        /// Whether it is known which sessions there are; until then those who resume come in vain.
        boolean canResume();

        /// The same for one that serves a session already.
        Optional<WorkerProcess> resumed(WorkerReport.Resumed resumed);
    }

    private ControlSocket() {}

    /// Opens the socket; an older one of that name is replaced.
    ///
    /// @param toAll whether other users' processes may come; who they are they say with their name
    static Channel open(Path path, boolean toAll, EventLoopGroup group, Workers workers)
            throws IOException {
        Strangers<Channel> strangers = new Strangers<>(MOST_STRANGERS);
        Files.deleteIfExists(path);
        ChannelFuture bound =
                new ServerBootstrap()
                        .group(group)
                        .channel(NioServerDomainSocketChannel.class)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        channel.pipeline()
                                                .addLast(
                                                        new LineBasedFrameDecoder(
                                                                LONGEST_LINE, true, true))
                                                .addLast(new Connection(workers, strangers));
                                    }
                                })
                        .bind(UnixDomainSocketAddress.of(path))
                        .awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new IOException(path + ": " + bound.cause(), bound.cause());
        }
        Files.setPosixFilePermissions(
                path, PosixFilePermissions.fromString(toAll ? "rw-rw-rw-" : "rw-------"));
        return bound.channel();
    }

    static void send(Channel channel, WorkerOrder order) {
        var _ =
                channel.writeAndFlush(
                        Unpooled.copiedBuffer(order.line() + "\n", StandardCharsets.UTF_8));
    }

    private static final class Connection extends SimpleChannelInboundHandler<ByteBuf> {
        private final Workers workers;
        private final Strangers<Channel> strangers;
        private @Nullable WorkerProcess worker;

        Connection(Workers workers, Strangers<Channel> strangers) {
            this.workers = workers;
            this.strangers = strangers;
        }

        @Override
        public void channelActive(ChannelHandlerContext context) {
            strangers
                    .add(context.channel())
                    .ifPresent(silent -> {
                        var _ = silent.close();
                    });
            var _ =
                    context.executor()
                            .schedule(
                                    () -> {
                                        if (worker == null) {
                                            var _ = context.close();
                                        }
                                    },
                                    SECONDS_TO_GREET,
                                    TimeUnit.SECONDS);
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, ByteBuf line)
                throws IOException {
            WorkerReport report = WorkerReport.parse(line.toString(StandardCharsets.UTF_8));
            WorkerProcess known = worker;
            if (known != null) {
                known.reported(report);
                return;
            }
            if (report instanceof WorkerReport.Resumed && !workers.canResume()) {
                var _ = context.close();
                return;
            }
            Optional<WorkerProcess> named =
                    switch (report) {
                        case WorkerReport.Hello hello -> workers.started(hello);
                        case WorkerReport.Resumed resumed -> workers.resumed(resumed);
                        default -> Optional.empty();
                    };
            if (named.isPresent()) {
                worker = named.get();
                strangers.remove(context.channel());
                named.get().attach(context.channel());
            } else {
                LOG.warn("a worker that nobody knows is told to end");
                send(context.channel(), new WorkerOrder.End());
                var _ =
                        context.writeAndFlush(Unpooled.EMPTY_BUFFER)
                                .addListener(ChannelFutureListener.CLOSE);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            strangers.remove(context.channel());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            WorkerProcess known = worker;
            LOG.error(
                    "worker={} error=\"{}\"", known == null ? "?" : known.pid(), cause.toString());
            var _ = context.close();
            if (known != null) {
                known.kill();
            }
        }
    }
}
