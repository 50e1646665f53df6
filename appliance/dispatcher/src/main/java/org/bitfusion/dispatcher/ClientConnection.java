package org.bitfusion.dispatcher;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.DecoderException;
import java.io.IOException;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.bitfusion.protocol.Handshake;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.Proof;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.Secret;
import org.bitfusion.protocol.VersionRange;
import org.bitfusion.protocol.message.LeaseMessages;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;
import org.slf4j.MarkerFactory;

/// One connection to the dispatcher: answers the hello, then hands requests to [LeaseCalls].
final class ClientConnection extends SimpleChannelInboundHandler<Object> {
    private static final Logger LOG = LoggerFactory.getLogger(ClientConnection.class);

    /// The log leaves out what becomes too much.
    private static final Marker STRANGERS = MarkerFactory.getMarker("strangers");

    private static final int SECONDS_TO_GREET = 5;

    /// TLS lies before the hello, and a process that has just been started is slow at it.
    private static final int SECONDS_TO_GREET_OVER_TLS = 15;

    private final DispatcherSettings settings;
    private final BrokerSource brokers;
    private final Strangers<Channel> strangers;
    private boolean waitsForDevices;
    private int words;
    private ClientConnectionState state = new ClientConnectionState.AwaitingHello();

    /// Gives the broker as soon as the devices are known.
    interface BrokerSource {
        void whenKnown(java.util.function.Consumer<SessionBroker> taker);
    }

    /// @param strangers all connections of those who have not proved themselves yet
    ClientConnection(
            DispatcherSettings settings, BrokerSource brokers, Strangers<Channel> strangers) {
        super(false);
        this.settings = settings;
        this.strangers = strangers;
        this.brokers = brokers;
    }

    ClientConnectionState state() {
        return state;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        strangers
                .add(context.channel())
                .ifPresent(silent -> {
                    LOG.debug("peer={} closed, too many say nothing", silent.remoteAddress());
                    var _ = silent.close();
                });
        awaitNextWord(context);
    }

    /// The client's hello, or its proof, is to come in time.
    private void awaitNextWord(ChannelHandlerContext context) {
        int awaited = ++words;
        var _ =
                context.executor()
                        .schedule(
                                () -> {
                                    if (awaited == words && !isLetIn() && !waitsForDevices) {
                                        refuse(context, "no hello and proof in time");
                                    }
                                },
                                settings.tls().isPresent()
                                        ? SECONDS_TO_GREET_OVER_TLS
                                        : SECONDS_TO_GREET,
                                TimeUnit.SECONDS);
    }

    /// Who does not read its answers is not heard until it does.
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        if (isLetIn()) {
            context.channel().config().setAutoRead(context.channel().isWritable());
        }
        context.fireChannelWritabilityChanged();
    }

    private boolean isLetIn() {
        return !(state instanceof ClientConnectionState.AwaitingHello
                || state instanceof ClientConnectionState.Greeted);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, Object message) throws IOException {
        switch (message) {
            case Hello hello when state instanceof ClientConnectionState.AwaitingHello -> {
                // What follows the hello waits until the devices are known and it is answered.
                waitsForDevices = true;
                context.channel().config().setAutoRead(false);
                brokers.whenKnown(broker -> greet(context, hello, broker));
            }
            case Proof proof -> brokers.whenKnown(_ -> prove(context, proof));
            case FrameDecoder.Frame frame ->
                    brokers.whenKnown(broker -> call(context, frame, broker));
            default -> throw new ProtocolException("unexpected " + message.getClass());
        }
    }

    private void greet(ChannelHandlerContext context, Hello hello, SessionBroker broker) {
        int process = (int) ProcessHandle.current().pid();
        waitsForDevices = false;
        if (!context.channel().isActive()) {
            return; // it has made way for others while the devices were not known
        }
        ClientPeer peer;
        try {
            peer = ClientPeer.of(context.channel(), settings);
        } catch (SSLException e) {
            refuse(context, e.getMessage());
            return;
        }
        switch (judge(hello, peer, broker)) {
            case Judgement.Refused(Hello.Status status) -> {
                Hello answer = hello.refusal(status, settings.build(), process);
                LOG.warn(
                        STRANGERS,
                        "peer={} pid={} refused, error={} versions=\"{}\" build={}",
                        context.channel().remoteAddress(),
                        hello.process(),
                        status,
                        hello.versions(),
                        hello.build());
                state = new ClientConnectionState.Closed();
                context.writeAndFlush(Unpooled.wrappedBuffer(answer.bytes()))
                        .addListener(ChannelFutureListener.CLOSE);
            }
            case Judgement.Knows(Secret secret) -> {
                Handshake handshake =
                        Handshake.welcome(
                                hello,
                                secret,
                                peer.binding(),
                                UUID.randomUUID(),
                                settings.build(),
                                process);
                state = new ClientConnectionState.Greeted(handshake, peer);
                var _ = context.writeAndFlush(Unpooled.wrappedBuffer(handshake.answer().bytes()));
                awaitNextWord(context);
                context.channel().config().setAutoRead(true);
            }
        }
    }

    private sealed interface Judgement {
        record Refused(Hello.Status status) implements Judgement {}

        /// The client may come in if it knows this secret too.
        record Knows(Secret secret) implements Judgement {}
    }

    private static Judgement judge(Hello hello, ClientPeer peer, SessionBroker broker) {
        if (VersionRange.OWN.common(hello.versions()).isEmpty()) {
            return new Judgement.Refused(Hello.Status.OTHER_VERSION);
        }
        if (hello.kind() != Hello.KIND_LEASE && hello.kind() != Hello.KIND_SESSION) {
            return new Judgement.Refused(Hello.Status.NOT_ALLOWED);
        }
        boolean withoutLease = hello.id().equals(Hello.NO_LEASE);
        if (withoutLease && peer.identity().isPresent() && hello.kind() == Hello.KIND_SESSION) {
            return new Judgement.Refused(Hello.Status.NOT_ALLOWED); // of all who share the pool
        }
        if (withoutLease) {
            return new Judgement.Knows(peer.access());
        }
        return broker.lease(hello.id())
                .filter(lease -> peer.mayUse(lease.client()))
                .<Judgement>map(lease -> new Judgement.Knows(lease.secret()))
                .orElse(new Judgement.Refused(Hello.Status.UNKNOWN_LEASE));
    }

    private void prove(ChannelHandlerContext context, Proof proof) {
        if (!(state
                instanceof ClientConnectionState.Greeted(Handshake handshake, ClientPeer peer))) {
            return;
        }
        Hello hello = handshake.hello();
        if (!handshake.clientIsProvedBy(proof)) {
            refuse(context, "pid " + hello.process() + " does not know the secret");
            return;
        }
        strangers.remove(context.channel());
        SessionRequest request = new SessionRequest(context.executor(), SessionRequest.ASK_AGAIN);
        if (hello.kind() == Hello.KIND_SESSION) {
            state = new ClientConnectionState.Joining(handshake, hello.id(), request);
        } else {
            boolean mayRequest = hello.id().equals(Hello.NO_LEASE);
            state =
                    new ClientConnectionState.Leasing(
                            handshake,
                            peer,
                            mayRequest,
                            new HashSet<>(mayRequest ? Set.of() : Set.of(hello.id())),
                            request);
        }
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
        strangers.remove(context.channel());
        ClientConnectionState last = state;
        state = new ClientConnectionState.Closed();
        if (last instanceof ClientConnectionState.Greeted(Handshake handshake, _)) {
            LOG.warn(
                    STRANGERS,
                    "peer={} pid={} left without a proof: it knows another secret",
                    context.channel().remoteAddress(),
                    handshake.hello().process());
        }
        if (last instanceof ClientConnectionState.Joining joining && joining.request().giveUp()) {
            LOG.warn(
                    "lease={} peer={} pid={} gave up waiting for a worker",
                    joining.lease(),
                    context.channel().remoteAddress(),
                    joining.handshake().hello().process());
        }
        if (last instanceof ClientConnectionState.Leasing leasing) {
            leasing.request().giveUp();
            brokers.whenKnown(broker -> {
                broker.stopsAsking(context.channel());
                leasing.leases().forEach(id -> broker.holderGone(id, context.channel()));
            });
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        Throwable reason = cause instanceof DecoderException ? cause.getCause() : cause;
        refuse(context, reason == null ? cause.toString() : reason.getMessage());
    }

    private static void refuse(ChannelHandlerContext context, @Nullable String reason) {
        LOG.warn(
                STRANGERS,
                "peer={} closed, error=\"{}\"",
                context.channel().remoteAddress(),
                reason);
        var _ = context.close();
    }
}
