package org.bitfusion.dispatcher;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.bitfusion.protocol.AddressWindow;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.protocol.message.FreeDevice;
import org.bitfusion.protocol.message.LeaseDevices;
import org.bitfusion.protocol.message.LeaseDevicesAnswer;
import org.bitfusion.protocol.message.LeaseMessageHandler;
import org.bitfusion.protocol.message.LeaseRelease;
import org.bitfusion.protocol.message.LeaseReleaseAnswer;
import org.bitfusion.protocol.message.LeaseRenew;
import org.bitfusion.protocol.message.LeaseRenewAnswer;
import org.bitfusion.protocol.message.LeaseRequest;
import org.bitfusion.protocol.message.LeaseRequestAnswer;
import org.bitfusion.protocol.message.LeaseUse;
import org.bitfusion.protocol.message.LeaseUseAnswer;
import org.bitfusion.protocol.message.LeasedDevice;
import org.bitfusion.protocol.message.SessionEnded;
import org.bitfusion.protocol.message.SessionEndedAnswer;
import org.bitfusion.protocol.message.SessionOpen;
import org.bitfusion.protocol.message.SessionOpenAnswer;
import org.jspecify.annotations.Nullable;

/// Answers the requests of a connection, as far as its state allows them.
///
/// What a refusal says is its status: OUT_OF_MEMORY when others hold what was asked for,
/// INVALID_DEVICE when this appliance has no such devices, INVALID_HANDLE for a lease that is not
/// there, NOT_READY for a session whose worker is not there yet, OUT_OF_MEMORY for one too many,
/// DEVICE_UNAVAILABLE when no worker can be had, OPERATING_SYSTEM when no data port is free,
/// INVALID_VALUE for a window of addresses that no process has, MAP_FAILED for one that the GPU's
/// driver does not give, NOT_PERMITTED for a word on a lease that the connection does not hold, and
/// for a request where the pool grants the leases.
final class LeaseCalls implements LeaseMessageHandler {
    private final DispatcherSettings settings;
    private final SessionBroker broker;
    private final Channel channel;
    private final ClientConnectionState state;

    LeaseCalls(
            DispatcherSettings settings,
            SessionBroker broker,
            Channel channel,
            ClientConnectionState state) {
        this.settings = settings;
        this.broker = broker;
        this.channel = channel;
        this.state = state;
    }

    private ClientConnectionState.Leasing leasing(String call) throws ProtocolException {
        if (state instanceof ClientConnectionState.Leasing leasing) {
            return leasing;
        }
        throw new ProtocolException(call + " without the right to lease");
    }

    private ClientConnectionState.Leasing requesting(String call) throws ProtocolException {
        ClientConnectionState.Leasing leasing = leasing(call);
        if (!leasing.mayRequest()) {
            throw new ProtocolException(call + " without the access secret");
        }
        return leasing;
    }

    @Override
    public void leaseRequest(int request, LeaseRequest message) throws IOException {
        ClientConnectionState.Leasing leasing = requesting("lease.request");
        if (broker.isPoolOnly()) {
            fail(LeaseRequest.CALL, request, CudaResult.ERROR_NOT_PERMITTED);
            return;
        }
        LeaseRequest held =
                new LeaseRequest(
                        message.deviceCount(),
                        message.shareMillionths(),
                        message.memoryBytes(),
                        leasing.peer().holder(message.clientName()),
                        message.command(),
                        message.process());
        switch (broker.request(channel, held, leasing.handshake()::leaseSecret)) {
            case LeaseDecision.Granted(Lease lease) -> {
                leasing.leases().add(lease.id());
                LeaseRequestAnswer answer = answer(lease);
                send(answer.wireBytes(), out -> answer.writeFrame(out, request));
            }
            case LeaseDecision.NotFree _ ->
                    fail(LeaseRequest.CALL, request, CudaResult.ERROR_OUT_OF_MEMORY);
            case LeaseDecision.Impossible _ ->
                    fail(LeaseRequest.CALL, request, CudaResult.ERROR_INVALID_DEVICE);
        }
    }

    private LeaseRequestAnswer answer(Lease lease) {
        List<LeasedDevice> leased = new ArrayList<>();
        for (Share share : lease.shares()) {
            ServedDevice device = broker.devices().get(share.device());
            leased.add(new LeasedDevice(device.uuid(), device.name(), share.limit()));
        }
        return new LeaseRequestAnswer(lease.id(), 0, renewal(), leased);
    }

    private int renewal() {
        return (int) settings.renewal().toMillis();
    }

    @Override
    public void leaseRenew(int request, LeaseRenew message) throws IOException {
        Set<UUID> owned = leasing("lease.renew").leases();
        if (owned.contains(message.lease()) && broker.renew(message.lease(), channel)) {
            int renewal =
                    broker.lease(message.lease())
                            .map(lease -> (int) lease.renewal().toMillis())
                            .orElse(renewal());
            LeaseRenewAnswer answer = new LeaseRenewAnswer(renewal);
            send(answer.wireBytes(), out -> answer.writeFrame(out, request));
        } else {
            fail(LeaseRenew.CALL, request, CudaResult.ERROR_INVALID_HANDLE);
        }
    }

    @Override
    public void leaseRelease(int request, LeaseRelease message) throws IOException {
        ClientConnectionState.Leasing leasing = leasing("lease.release");
        boolean owned = leasing.leases().contains(message.lease());
        if (owned) {
            leasing.request().giveUp();
        }
        LeaseReleaseAnswer answer = new LeaseReleaseAnswer();
        boolean known =
                owned
                        && broker.release(
                                message.lease(),
                                "",
                                () ->
                                        send(
                                                answer.wireBytes(),
                                                out -> answer.writeFrame(out, request)));
        if (!known) {
            fail(LeaseRelease.CALL, request, CudaResult.ERROR_INVALID_HANDLE);
        }
    }

    @Override
    public void leaseDevices(int request, LeaseDevices message) throws IOException {
        requesting("lease.devices");
        List<FreeDevice> devices = new ArrayList<>();
        for (int i = 0; i < broker.devices().size(); i++) {
            ServedDevice device = broker.devices().get(i);
            devices.add(
                    new FreeDevice(
                            device.uuid(),
                            device.name(),
                            device.servedBytes(),
                            broker.free(i),
                            device.major(),
                            device.minor()));
        }
        LeaseDevicesAnswer answer = new LeaseDevicesAnswer(settings.build(), devices);
        send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    @Override
    public void sessionEnded(int request, SessionEnded message) throws IOException {
        ClientConnectionState.Leasing leasing = leasing("session.ended");
        boolean owned =
                message.lease().equals(Hello.NO_LEASE)
                        ? leasing.mayRequest()
                        : leasing.leases().contains(message.lease());
        if (!owned) {
            fail(SessionEnded.CALL, request, CudaResult.ERROR_NOT_PERMITTED);
            return;
        }
        broker.end(message.lease(), message.session());
        SessionEndedAnswer answer = new SessionEndedAnswer();
        send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    @Override
    public void leaseUse(int request, LeaseUse message) throws IOException {
        if (!(state instanceof ClientConnectionState.Joining joining)) {
            throw new ProtocolException("lease.use without the right to a session");
        }
        Optional<LeaseUseAnswer> use = broker.use(joining.lease());
        if (use.isPresent()) {
            LeaseUseAnswer answer = use.get();
            send(answer.wireBytes(), out -> answer.writeFrame(out, request));
        } else {
            fail(LeaseUse.CALL, request, CudaResult.ERROR_INVALID_HANDLE);
        }
    }

    /// A connection for leases opens sessions of the lease that was granted on it; null if there is
    /// none.
    private ClientConnectionState.@Nullable Joining joining() throws ProtocolException {
        return switch (state) {
            case ClientConnectionState.Joining joining -> joining;
            case ClientConnectionState.Leasing leasing when leasing.leases().size() == 1 ->
                    new ClientConnectionState.Joining(
                            leasing.handshake(),
                            leasing.leases().iterator().next(),
                            leasing.request());
            case ClientConnectionState.Leasing _ -> null;
            default -> throw new ProtocolException("session.open without the right to a session");
        };
    }

    @Override
    public void sessionOpen(int request, SessionOpen message) throws IOException {
        ClientConnectionState.Joining joining = joining();
        if (joining == null) {
            fail(SessionOpen.CALL, request, CudaResult.ERROR_INVALID_HANDLE);
            return;
        }
        if (!new AddressWindow(message.windowBase(), message.windowBytes()).isPossible()) {
            fail(SessionOpen.CALL, request, CudaResult.ERROR_INVALID_VALUE);
            return;
        }
        boolean sensible =
                joining.request()
                        .ask(
                                result -> answer(request, result),
                                message,
                                (asked, taker) -> broker.open(joining, asked, taker));
        if (!sensible) {
            throw new ProtocolException("session.open while another waits, or has been answered");
        }
    }

    /// Who asks together with the lease asks once.
    private void answer(int request, SessionResult result) {
        if (result instanceof SessionResult.NotYet
                && state instanceof ClientConnectionState.Leasing leasing) {
            leasing.request().giveUp();
        }
        opened(request, result);
    }

    private void opened(int request, SessionResult result) {
        switch (result) {
            case SessionResult.Opened opened -> {
                SessionOpenAnswer answer = new SessionOpenAnswer(opened.port(), opened.session());
                send(answer.wireBytes(), out -> answer.writeFrame(out, request));
            }
            case SessionResult.NotYet _ ->
                    fail(SessionOpen.CALL, request, CudaResult.ERROR_NOT_READY);
            case SessionResult.TooMany _ ->
                    fail(SessionOpen.CALL, request, CudaResult.ERROR_OUT_OF_MEMORY);
            case SessionResult.NoPort _ ->
                    fail(SessionOpen.CALL, request, CudaResult.ERROR_OPERATING_SYSTEM);
            case SessionResult.NoWindow _ ->
                    fail(SessionOpen.CALL, request, CudaResult.ERROR_MAP_FAILED);
            case SessionResult.NoWorker _ ->
                    fail(SessionOpen.CALL, request, CudaResult.ERROR_DEVICE_UNAVAILABLE);
            case SessionResult.LeaseEnded _ ->
                    fail(SessionOpen.CALL, request, CudaResult.ERROR_INVALID_HANDLE);
        }
    }

    private void send(int bodyBytes, Consumer<ByteBuffer> frame) {
        ByteBuffer bytes = ByteBuffer.allocate(FrameHeader.BYTES + bodyBytes);
        frame.accept(bytes);
        var _ = channel.writeAndFlush(Unpooled.wrappedBuffer(bytes.flip()));
    }

    private void fail(int call, int request, int status) {
        send(0, out -> FrameHeader.writeFailure(out, call, request, status));
    }
}
