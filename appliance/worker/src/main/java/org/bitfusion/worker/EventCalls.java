package org.bitfusion.worker;

import java.io.IOException;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.protocol.message.EventCreate;
import org.bitfusion.protocol.message.EventDestroy;
import org.bitfusion.protocol.message.EventElapsed;
import org.bitfusion.protocol.message.EventElapsedAnswer;
import org.bitfusion.protocol.message.EventHandler;
import org.bitfusion.protocol.message.EventQuery;
import org.bitfusion.protocol.message.EventQueryAnswer;
import org.bitfusion.protocol.message.EventRecord;
import org.bitfusion.protocol.message.EventSynchronize;
import org.bitfusion.protocol.message.EventSynchronizeAnswer;

/// The messages about events.
final class EventCalls implements EventHandler {
    private final SessionState session;

    EventCalls(SessionState session) {
        this.session = session;
    }

    @Override
    public void create(EventCreate message) throws IOException {
        ClientContext context = session.contexts.find(message.context());
        if (context == null) {
            session.events.addFailed(message.event(), session.contexts.failure(message.context()));
            return;
        }
        switch (context.gpu().createEvent(message.flags())) {
            case Outcome.Success<GpuEvent>(GpuEvent gpu) ->
                    session.events.add(message.event(), new SessionState.ClientEvent(context, gpu));
            case Outcome.Failure<GpuEvent>(CudaStatus status, String _) -> {
                context.defer(status);
                session.events.addFailed(message.event(), status);
            }
        }
    }

    @Override
    public void destroy(EventDestroy message) {
        SessionState.ClientEvent event = session.events.remove(message.event());
        if (event != null) {
            event.gpu().close();
        }
    }

    @Override
    public void record(EventRecord message) {
        ClientStream stream = session.stream(message.stream());
        SessionState.ClientEvent event = session.events.find(message.event());
        if (stream == null || event == null) {
            session.progress.failed(message.event(), message.position());
            return;
        }
        stream.check(stream.gpu().record(event.gpu()));
        stream.gpu()
                .whenReached(status ->
                        session.progress.reached(
                                event.context(), message.event(), message.position(), status));
    }

    @Override
    public void query(int request, EventQuery message) {
        SessionState.ClientEvent event = session.events.find(message.event());
        if (event == null) {
            session.writer.fail(
                    EventQuery.CALL, request, session.events.failure(message.event()).code());
            return;
        }
        CudaStatus status = event.gpu().query();
        if (status == CudaStatus.NOT_READY) {
            session.writer.fail(EventQuery.CALL, request, status.code());
            return;
        }
        EventQueryAnswer answer = new EventQueryAnswer();
        session.answerSynchronised(
                EventQuery.CALL,
                request,
                event.context(),
                status,
                () ->
                        session.writer.send(
                                answer.wireBytes(), out -> answer.writeFrame(out, request)));
    }

    @Override
    public void synchronize(int request, EventSynchronize message) {
        SessionState.ClientEvent event = session.events.find(message.event());
        if (event == null) {
            session.writer.fail(
                    EventSynchronize.CALL, request, session.events.failure(message.event()).code());
            return;
        }
        EventSynchronizeAnswer answer = new EventSynchronizeAnswer();
        event.gpu()
                .whenReached(status ->
                        session.answerSynchronised(
                                EventSynchronize.CALL,
                                request,
                                event.context(),
                                status,
                                () ->
                                        session.writer.send(
                                                answer.wireBytes(),
                                                out -> answer.writeFrame(out, request))));
    }

    @Override
    public void elapsed(int request, EventElapsed message) {
        SessionState.ClientEvent start = session.events.find(message.start());
        SessionState.ClientEvent end = session.events.find(message.end());
        if (start == null || end == null) {
            session.writer.fail(EventElapsed.CALL, request, CudaStatus.INVALID_HANDLE.code());
            return;
        }
        session.answer(
                EventElapsed.CALL,
                request,
                end.context(),
                () -> end.gpu().millisecondsSince(start.gpu()),
                milliseconds -> {
                    EventElapsedAnswer answer = new EventElapsedAnswer(milliseconds);
                    return new SessionState.Answer(answer.wireBytes(), answer::writeFrame);
                });
    }
}
