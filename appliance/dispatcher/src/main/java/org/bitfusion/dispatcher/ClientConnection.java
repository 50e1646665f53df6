package org.bitfusion.dispatcher;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.message.LeaseMessages;
import org.bitfusion.protocol.message.WireConstants;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One connection to the dispatcher: answers the hello, then hands requests to [LeaseCalls].
final class ClientConnection extends SimpleChannelInboundHandler<Object> {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);
    private static final int SECONDS_TO_GREET = 10;

    private final DispatcherSettings settings;
    private final BrokerSource brokers;
    private ClientConnectionState state = new ClientConnectionState.AwaitingHello();

    /// Gives the broker as soon as the devices are known.
    interface BrokerSource {
        void whenKnown(java.util.function.Consumer<SessionBroker> taker);
    }

    ClientConnection(DispatcherSettings settings, BrokerSource brokers) {
        super(false);
        this.settings = settings;
        this.brokers = brokers;
    }

    ClientConnectionState state() {
        return state;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        var _ =
                context.executor()
                        .schedule(
                                () -> {
                                    if (state instanceof ClientConnectionState.AwaitingHello) {
                                        refuse(context, "nothing was said");
                                    }
                                },
                                SECONDS_TO_GREET,
                                TimeUnit.SECONDS);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Object message) throws IOException {
        switch (message) {
            case Hello hello when state instanceof ClientConnectionState.AwaitingHello -> {
                // What follows the hello waits until the devices are known and it is answered.
                context.channel().config().setAutoRead(false);
                brokers.whenKnown(broker -> greet(context, hello, broker));
            }
            case FrameDecoder.Frame frame ->
                    brokers.whenKnown(broker -> call(context, frame, broker));
            default -> throw new ProtocolException("unexpected " + message.getClass());
        }
    }

    private void greet(ChannelHandlerContext context, Hello hello, SessionBroker broker) {
        Hello.Status status = judge(hello, broker);
        ByteBuffer answer = ByteBuffer.allocate(Hello.BYTES);
        hello.answer(status, settings.build(), (int) ProcessHandle.current().pid()).write(answer);
        ChannelFuture sent = context.writeAndFlush(Unpooled.wrappedBuffer(answer.flip()));
        if (status == Hello.Status.WELCOME) {
            state =
                    hello.kind() == Hello.KIND_LEASE
                            ? new ClientConnectionState.Leasing(new HashSet<>())
                            : new ClientConnectionState.Joining(hello.id());
            context.channel().config().setAutoRead(true);
            return;
        }
        LOG.warn(
                "peer={} pid={} refused, error={} version={} build={}",
                context.channel().remoteAddress(),
                hello.process(),
                status,
                hello.version(),
                hello.build());
        state = new ClientConnectionState.Closed();
        sent.addListener(ChannelFutureListener.CLOSE);
    }

    private Hello.Status judge(Hello hello, SessionBroker broker) {
        if (hello.version() != WireConstants.PROTOCOL_VERSION) {
            return Hello.Status.OTHER_VERSION;
        }
        return switch (hello.kind()) {
            case Hello.KIND_LEASE -> allowed(hello, settings.accessSecret());
            case Hello.KIND_SESSION -> judgeSession(hello, broker);
            default -> Hello.Status.NOT_ALLOWED;
        };
    }

    private Hello.Status judgeSession(Hello hello, SessionBroker broker) {
        if (hello.id().equals(Hello.NO_LEASE)) {
            return allowed(hello, settings.accessSecret());
        }
        return broker.lease(hello.id())
                .map(lease -> allowed(hello, lease.secret()))
                .orElse(Hello.Status.UNKNOWN_LEASE);
    }

    private static Hello.Status allowed(Hello hello, Secret secret) {
        return hello.secret().equals(secret) ? Hello.Status.WELCOME : Hello.Status.NOT_ALLOWED;
    }

    private void call(
            ChannelHandlerContext context, FrameDecoder.Frame frame, SessionBroker broker) {
        try {
            LeaseMessages.dispatch(
                    frame.header().call(),
                    frame.header().request(),
                    frame.header().length(),
                    frame.body(),
                    new LeaseCalls(settings, broker, context.channel(), state));
        } catch (IOException e) {
            refuse(context, e.getMessage());
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        ClientConnectionState last = state;
        state = new ClientConnectionState.Closed();
        if (last instanceof ClientConnectionState.Leasing(Set<UUID> leases)) {
            brokers.whenKnown(broker -> {
                broker.stopsAsking(context.channel());
                leases.forEach(broker::holderGone);
            });
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        Throwable reason = cause instanceof DecoderException ? cause.getCause() : cause;
        refuse(context, reason == null ? cause.toString() : reason.getMessage());
    }

    private static void refuse(ChannelHandlerContext context, @Nullable String reason) {
        LOG.warn("peer={} closed, error=\"{}\"", context.channel().remoteAddress(), reason);
        var _ = context.close();
    }
}
