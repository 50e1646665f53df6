package org.bitfusion.dispatcher;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.bitfusion.ledger.HostLedger;
import org.bitfusion.protocol.control.WorkerReport;
import org.bitfusion.tls.context.TlsContext;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Listens for clients, and hands out workers. One event loop does everything: connections are few
/// and quiet, and so nothing needs a lock.
public final class Dispatcher implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);
    private static final int SECONDS_TO_SHAKE_HANDS = 15;

    private final DispatcherSettings settings;
    private final EventLoopGroup group;
    private final WorkerPool pool;
    private final RunFolder folder;
    private final Strangers<Channel> strangers =
            new Strangers<>(Strangers.MOST, channel -> Strangers.place(channel.remoteAddress()));
    private final Strangers<ChannelHandlerContext> lingering = new Strangers<>(LingeringClose.MOST);
    private final AtomicBoolean closed = new AtomicBoolean();
    private final CompletableFuture<String> failure = new CompletableFuture<>();
    private final List<Consumer<SessionBroker>> waitingForDevices = new ArrayList<>();
    private final ServerBootstrap bootstrap;
    private final Channel listener;
    private final List<Channel> others = new CopyOnWriteArrayList<>();
    private final List<Consumer<UUID>> givenBack = new CopyOnWriteArrayList<>();
    private final Queue<CompletableFuture<?>> asked = new ConcurrentLinkedQueue<>();
    private volatile @Nullable SessionBroker broker;

    private Dispatcher(
            DispatcherSettings settings,
            EventLoopGroup group,
            RunFolder folder,
            ServerBootstrap bootstrap,
            Channel listener) {
        this.bootstrap = bootstrap;
        this.settings = settings;
        this.folder = folder;
        this.group = group;
        this.listener = listener;
        pool =
                new WorkerPool(
                        settings,
                        folder,
                        group.next(),
                        new WorkerPool.Listener() {
                            @Override
                            public void devicesKnown(List<WorkerReport.Device> devices) {
                                serve(devices);
                            }

                            @Override
                            public void startingFailed(String reason) {
                                if (broker == null) {
                                    fail(reason);
                                }
                            }
                        });
    }

    /// Opens the port, then starts workers, and goes on with what an earlier dispatcher left behind
    /// in the run folder.
    ///
    /// @throws PortInUseException if another process listens there
    /// @throws IOException if the run folder cannot be used
    public static Dispatcher start(DispatcherSettings settings) throws IOException {
        EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        CompletableFuture<Dispatcher> started = new CompletableFuture<>();
        ServerBootstrap bootstrap =
                new ServerBootstrap()
                        .group(group)
                        .channel(NioServerSocketChannel.class)
                        .option(ChannelOption.SO_BACKLOG, 1024)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        // Who is let in may be silent for ever: a machine that is gone is found
                        // out.
                        .childOption(ChannelOption.SO_KEEPALIVE, true)
                        .childHandler(
                                new ChannelInitializer<SocketChannel>() {
                                    @Override
                                    protected void initChannel(SocketChannel channel) {
                                        Dispatcher dispatcher = started.join();
                                        settings.tls()
                                                .ifPresent(tls ->
                                                        channel.pipeline()
                                                                .addLast(
                                                                        dispatcher.lingeringClose())
                                                                .addLast(handler(tls)));
                                        channel.pipeline().addLast(new FrameDecoder());
                                        channel.pipeline().addLast(dispatcher.connection());
                                    }
                                });
        ChannelFuture bound = bootstrap.bind(settings.address()).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw new PortInUseException(settings.address(), "-p", bound.cause());
        }
        RunFolder folder = null;
        try {
            WorkerUsers users = new WorkerUsers(settings.workerUsers());
            folder = RunFolder.open(settings.runFolder(), users);
            Dispatcher dispatcher =
                    new Dispatcher(settings, group, folder, bootstrap, bound.channel());
            started.complete(dispatcher);
            // Closed with the group.
            var _ =
                    ControlSocket.open(
                            folder.socket(),
                            users.areUsed(),
                            group,
                            new KnownWorkers(dispatcher.pool, () -> dispatcher.broker));
            group.next().execute(dispatcher.pool::fill);
            return dispatcher;
        } catch (IOException e) {
            started.completeExceptionally(e);
            if (folder != null) {
                folder.close();
            }
            var _ = group.shutdownGracefully(0, 1, TimeUnit.SECONDS);
            throw e;
        }
    }

    private static SslHandler handler(TlsContext tls) {
        SslHandler handler = new SslHandler(tls.serverEngine());
        handler.setHandshakeTimeout(SECONDS_TO_SHAKE_HANDS, TimeUnit.SECONDS);
        return handler;
    }

    /// The port that is listened on.
    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /// Listens in one more network, at the same port. A network that is not there is left out: the
    /// log says so.
    public void alsoListen(InetAddress address) {
        ChannelFuture bound = bootstrap.bind(address, port()).awaitUninterruptibly();
        if (bound.isSuccess()) {
            others.add(bound.channel());
        } else {
            LOG.warn(
                    "address={} port={} not listening, error=\"{}\"",
                    address.getHostAddress(),
                    port(),
                    String.valueOf(bound.cause()));
        }
    }

    /// Listens at one more address, for the same clients.
    ///
    /// @param flag with which another port is chosen
    /// @return the port
    /// @throws PortInUseException if another process listens there
    public int alsoListen(InetSocketAddress address, String flag) throws PortInUseException {
        ChannelFuture bound = bootstrap.bind(address).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            throw new PortInUseException(address, flag, bound.cause());
        }
        others.add(bound.channel());
        return ((InetSocketAddress) bound.channel().localAddress()).getPort();
    }

    private LingeringClose lingeringClose() {
        return new LingeringClose(lingering, LingeringClose.TIME);
    }

    private ClientConnection connection() {
        return new ClientConnection(settings, this::whenKnown, strangers);
    }

    private void whenKnown(Consumer<SessionBroker> taker) {
        if (broker == null) {
            waitingForDevices.add(taker);
        } else {
            taker.accept(broker);
        }
    }

    private void serve(List<WorkerReport.Device> devices) {
        List<ServedDevice> served = new ArrayList<>();
        List<Integer> visible =
                settings.visibleDevices()
                        .orElse(devices.stream().map(WorkerReport.Device::index).toList());
        for (int index : visible) {
            if (index < 0 || index >= devices.size()) {
                fail(
                        "BF_VISIBLE_DEVICES, -d or -n names GPU %d, this machine has %d"
                                .formatted(index, devices.size()));
                return;
            }
            WorkerReport.Device device = devices.get(index);
            long bytes =
                    Math.min(
                            device.totalBytes(),
                            settings.memoryLimitBytes().orElse(Long.MAX_VALUE));
            LOG.info("gpu={} name=\"{}\" bytes={} served", index, device.name(), bytes);
            served.add(
                    new ServedDevice(
                            index,
                            device.uuid(),
                            device.name(),
                            device.totalBytes(),
                            bytes,
                            device.major(),
                            device.minor(),
                            device.pciBusId()));
        }
        HostLedger host;
        try {
            host = Ledger.joinHost(folder, settings.hostFolder(), served);
        } catch (IOException | UncheckedIOException e) {
            fail("the ledger of this machine's GPUs cannot be used: " + e.getMessage());
            return;
        }
        SessionBroker known;
        try {
            known = goOnOrBegin(served, host);
        } catch (IOException | IllegalArgumentException e) {
            fail("the run folder cannot be used: " + e);
            return;
        }
        broker = known;
        waitingForDevices.forEach(taker -> taker.accept(known));
        waitingForDevices.clear();
    }

    private SessionBroker goOnOrBegin(List<ServedDevice> served, HostLedger host)
            throws IOException {
        if (Ledger.canGoOn(folder, served)) {
            try {
                SessionBroker known = broker(served, Ledger.goOn(folder, host));
                known.restore();
                return known;
            } catch (IOException | IllegalArgumentException e) {
                LOG.error(
                        "error=\"what an earlier dispatcher left makes no sense: {}\"",
                        e.toString());
            }
        }
        for (RunFolder.SessionRecord session : folder.sessions()) {
            LOG.warn("worker={} of an earlier dispatcher is ended", session.process().pid());
            session.process().kill();
        }
        folder.clear();
        return broker(served, Ledger.create(folder, host, served));
    }

    private SessionBroker broker(List<ServedDevice> served, Ledger ledger) {
        return new SessionBroker(
                settings,
                group.next(),
                pool,
                served,
                ledger,
                folder,
                lease -> givenBack.forEach(listener -> listener.accept(lease)));
    }

    /// From now on this dispatcher grants no lease itself; who asks is told that it may not. To be
    /// called once, by who has the pool's parts taken.
    public void leaseOnlyForPool() {
        var _ =
                withBroker((known, done) -> {
                    known.leaseOnlyForPool();
                    done.complete(true);
                });
    }

    /// Takes what the pool granted: it is in the run folder before it is answered, expires unless
    /// it is renewed, and is of use to its client only. The same part again is the same lease.
    /// Waits until the devices are known.
    ///
    /// @return completed by the dispatcher's own thread, which must not wait; fails with
    ///   IllegalStateException once the dispatcher is closed
    public CompletableFuture<TakeOutcome> take(PoolPart part) {
        return withBroker((known, outcome) -> outcome.complete(known.take(part)));
    }

    /// Ends a lease with its workers and all that was cut out of it.
    ///
    /// @param reason what the user of its programs is told on their stderr, a sentence; empty:
    ///   nothing
    /// @return completed as [#take] says, when its memory is free: true; false if there is none
    public CompletableFuture<Boolean> end(UUID lease, String reason) {
        return withBroker((known, done) -> {
            if (!known.release(lease, reason, () -> done.complete(true))) {
                done.complete(false);
            }
        });
    }

    /// What the ledger holds, and what of it leases of the pool have.
    ///
    /// @return completed as [#take] says
    public CompletableFuture<LedgerView> ledger() {
        return withBroker((known, view) -> view.complete(known.view()));
    }

    /// Tells of each lease of the pool that was taken here and is over, when its memory is free:
    /// released, expired, ended, with its parent. Not of what ended before the call.
    ///
    /// @param listener called by the dispatcher's own thread; must not wait
    public void onGivenBack(Consumer<UUID> listener) {
        givenBack.add(listener);
    }

    private <T> CompletableFuture<T> withBroker(
            BiConsumer<SessionBroker, CompletableFuture<T>> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Consumer<SessionBroker> guarded =
                known -> {
                    try {
                        work.accept(known, result);
                    } catch (RuntimeException e) {
                        result.completeExceptionally(e);
                    }
                };
        try {
            group.next().execute(() -> whenKnown(guarded));
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(new IllegalStateException("the dispatcher is closed", e));
        }
        asked.removeIf(CompletableFuture::isDone);
        asked.add(result);
        if (failure.isDone()) {
            failAsked();
        }
        return result;
    }

    private void fail(String reason) {
        failure.complete(reason);
        failAsked();
    }

    /// What was asked of a dispatcher that cannot go on is not answered any more.
    private void failAsked() {
        asked.forEach(each ->
                each.completeExceptionally(new IllegalStateException(failure.getNow("closed"))));
    }

    /// Waits until the dispatcher cannot go on.
    ///
    /// @return why
    public String awaitFailure() throws InterruptedException {
        try {
            return failure.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Whether [#close] was called.
    public boolean isClosed() {
        return closed.get();
    }

    /// Ends idle workers and closes the port, once. Workers that serve a program go on until it
    /// ends.
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        listener.close().awaitUninterruptibly();
        others.forEach(each -> each.close().awaitUninterruptibly());
        group.next().submit(pool::close).awaitUninterruptibly();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly();
        SessionBroker known = broker;
        folder.close(known == null ? folder.isUnused() : known.close());
        fail("closed");
    }
}
