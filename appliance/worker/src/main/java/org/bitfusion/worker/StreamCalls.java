package org.bitfusion.worker;

import java.io.IOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.HostFunctionRun;
import org.bitfusion.protocol.message.StreamCreate;
import org.bitfusion.protocol.message.StreamDestroy;
import org.bitfusion.protocol.message.StreamHandler;
import org.bitfusion.protocol.message.StreamHold;
import org.bitfusion.protocol.message.StreamHostFunction;
import org.bitfusion.protocol.message.StreamHostFunctionDone;
import org.bitfusion.protocol.message.StreamPrecede;
import org.bitfusion.protocol.message.StreamQuery;
import org.bitfusion.protocol.message.StreamQueryAnswer;
import org.bitfusion.protocol.message.StreamRelease;
import org.bitfusion.protocol.message.StreamSynchronize;
import org.bitfusion.protocol.message.StreamSynchronizeAnswer;
import org.bitfusion.protocol.message.StreamWaitEvent;

/// The messages about streams.
final class StreamCalls implements StreamHandler {
    private final SessionState session;
    private final Map<Long, Runnable> hostFunctions = new ConcurrentHashMap<>();
    private final Holds holds = new Holds();

    StreamCalls(SessionState session) {
        this.session = session;
    }

    @Override
    public void create(StreamCreate message) throws IOException {
        ClientContext context = session.contexts.find(message.context());
        if (context == null) {
            session.streams.addFailed(
                    message.stream(), session.contexts.failure(message.context()));
            return;
        }
        switch (context.gpu().createStream(message.flags(), message.priority())) {
            case Outcome.Success<GpuStream>(GpuStream gpu) ->
                    session.streams.add(message.stream(), new ClientStream(context, gpu));
            case Outcome.Failure<GpuStream>(CudaStatus status, String _) -> {
                context.defer(status);
                session.streams.addFailed(message.stream(), status);
            }
        }
    }

    @Override
    public void destroy(StreamDestroy message) throws IOException {
        if (session.contexts.find(message.stream()) != null) {
            throw new ProtocolException("a default stream cannot be destroyed");
        }
        ClientStream stream = session.streams.remove(message.stream());
        if (stream != null) {
            stream.gpu().close();
        }
    }

    @Override
    public void query(int request, StreamQuery message) {
        ClientStream stream = session.streams.find(message.stream());
        if (stream == null) {
            session.writer.fail(
                    StreamQuery.CALL, request, session.streams.failure(message.stream()).code());
            return;
        }
        StreamQueryAnswer answer = new StreamQueryAnswer();
        CudaStatus status = stream.gpu().query();
        if (status == CudaStatus.NOT_READY) {
            session.writer.fail(StreamQuery.CALL, request, status.code());
            stream.gpu()
                    .whenReached(reached ->
                            session.progress.reached(
                                    stream.context(),
                                    message.stream(),
                                    message.position(),
                                    reached));
            return;
        }
        session.answerSynchronised(
                StreamQuery.CALL,
                request,
                stream.context(),
                status,
                () ->
                        session.writer.send(
                                answer.wireBytes(), out -> answer.writeFrame(out, request)));
    }

    @Override
    public void synchronize(int request, StreamSynchronize message) {
        ClientStream stream = session.streams.find(message.stream());
        if (stream == null) {
            session.writer.fail(
                    StreamSynchronize.CALL,
                    request,
                    session.streams.failure(message.stream()).code());
            return;
        }
        StreamSynchronizeAnswer answer = new StreamSynchronizeAnswer();
        stream.gpu()
                .whenReached(status ->
                        session.answerSynchronised(
                                StreamSynchronize.CALL,
                                request,
                                stream.context(),
                                status,
                                () ->
                                        session.writer.send(
                                                answer.wireBytes(),
                                                out -> answer.writeFrame(out, request))));
    }

    @Override
    public void waitEvent(StreamWaitEvent message) {
        ClientStream stream = session.stream(message.stream());
        SessionState.ClientEvent event = session.events.find(message.event());
        if (stream != null && event != null) {
            stream.check(stream.gpu().await(event.gpu()));
        }
    }

    @Override
    public void precede(StreamPrecede message) {
        ClientStream stream = session.stream(message.stream());
        if (stream != null) {
            session.precedingWork.add(stream);
        }
    }

    @Override
    public void hold(StreamHold message) {
        ClientStream stream = session.stream(message.stream());
        if (stream != null) {
            holds.hold(stream, message.id());
        }
    }

    @Override
    public void release(StreamRelease message) throws ProtocolException {
        holds.release(message.id(), message.status());
    }

    @Override
    public void hostFunction(StreamHostFunction message) throws IOException {
        ClientStream stream = session.stream(message.stream());
        if (stream == null) {
            run(message.id(), session.streams.failure(message.stream()));
            return;
        }
        CudaStatus status =
                stream.gpu()
                        .hostFunction(goOn -> {
                            hostFunctions.put(message.id(), goOn);
                            run(message.id(), stream.context().gpu().error());
                        });
        if (status != CudaStatus.SUCCESS) {
            stream.check(status);
            run(message.id(), status);
        }
    }

    private void run(long id, CudaStatus status) {
        HostFunctionRun message = new HostFunctionRun(id, status.code());
        session.writer.send(message.wireBytes(), message::writeFrame);
    }

    /// Whatever fails on the way, the client runs its function and says so.
    @Override
    public void hostFunctionDone(StreamHostFunctionDone message) {
        Runnable goOn = hostFunctions.remove(message.id());
        if (goOn != null) {
            goOn.run();
        }
    }
}
