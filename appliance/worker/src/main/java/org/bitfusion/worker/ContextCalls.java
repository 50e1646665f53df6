package org.bitfusion.worker;

import java.io.IOException;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.protocol.message.ContextCreate;
import org.bitfusion.protocol.message.ContextDestroy;
import org.bitfusion.protocol.message.ContextHandler;
import org.bitfusion.protocol.message.ContextLimit;
import org.bitfusion.protocol.message.ContextLimitAnswer;
import org.bitfusion.protocol.message.ContextPeer;
import org.bitfusion.protocol.message.ContextSetLimit;
import org.bitfusion.protocol.message.ContextSynchronize;
import org.bitfusion.protocol.message.ContextSynchronizeAnswer;

/// The messages about contexts.
final class ContextCalls implements ContextHandler {
    private final SessionState session;
    private final ModuleCalls modules;

    ContextCalls(SessionState session, ModuleCalls modules) {
        this.session = session;
        this.modules = modules;
    }

    @Override
    public void create(ContextCreate message) throws IOException {
        var device = session.device(message.device());
        switch (session.driver.createContext(device, message.flags())) {
            case Outcome.Success<GpuContext>(GpuContext gpu) -> {
                ClientContext context = new ClientContext(message.context(), device.index(), gpu);
                session.contexts.add(message.context(), context);
                session.streams.add(
                        message.context(), new ClientStream(context, gpu.defaultStream()));
            }
            case Outcome.Failure<GpuContext>(CudaStatus status, String _) -> {
                session.contexts.addFailed(message.context(), status);
                session.streams.addFailed(message.context(), status);
            }
        }
    }

    @Override
    public void destroy(ContextDestroy message) {
        ClientContext context = session.contexts.remove(message.context());
        session.streams.remove(message.context());
        if (context != null) {
            session.streams.removeIf(stream -> stream.context() == context);
            session.events.removeIf(event -> event.context() == context);
            modules.forget(context);
            context.gpu().close();
        }
    }

    @Override
    public void synchronize(int request, ContextSynchronize message) {
        ClientContext context = session.contexts.find(message.context());
        if (context == null) {
            fail(ContextSynchronize.CALL, request, message.context());
            return;
        }
        context.gpu()
                .whenIdle(status ->
                        session.answerSynchronised(
                                ContextSynchronize.CALL,
                                request,
                                context,
                                status,
                                () -> answer(request)));
    }

    private void answer(int request) {
        ContextSynchronizeAnswer answer = new ContextSynchronizeAnswer();
        session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
    }

    private void fail(int call, int request, long handle) {
        session.writer.fail(call, request, session.contexts.failure(handle).code());
    }

    @Override
    public void limit(int request, ContextLimit message) {
        ClientContext context = session.contexts.find(message.context());
        if (context == null) {
            fail(ContextLimit.CALL, request, message.context());
            return;
        }
        session.answer(
                ContextLimit.CALL,
                request,
                context,
                () -> context.gpu().limit(message.limit()),
                value -> {
                    ContextLimitAnswer answer = new ContextLimitAnswer(value);
                    return new SessionState.Answer(answer.wireBytes(), answer::writeFrame);
                });
    }

    @Override
    public void setLimit(ContextSetLimit message) {
        ClientContext context = session.contexts.find(message.context());
        if (context != null) {
            CudaStatus status = context.gpu().setLimit(message.limit(), message.value());
            if (status != CudaStatus.SUCCESS) {
                context.defer(status);
            }
        }
    }

    @Override
    public void peer(ContextPeer message) {
        ClientContext context = session.contexts.find(message.context());
        ClientContext peer = session.contexts.find(message.peer());
        if (context != null && peer != null) {
            CudaStatus status =
                    message.enable() != 0
                            ? context.gpu().enablePeer(peer.gpu())
                            : context.gpu().disablePeer(peer.gpu());
            if (status != CudaStatus.SUCCESS) {
                context.defer(status);
            }
        }
    }
}
