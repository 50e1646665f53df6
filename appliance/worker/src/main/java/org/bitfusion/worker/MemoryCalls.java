package org.bitfusion.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuMemory;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.gpu.PendingWrite;
import org.bitfusion.gpu.ReadSink;
import org.bitfusion.gpu.Region;
import org.bitfusion.protocol.FrameHeader;
import org.bitfusion.protocol.message.MemAlloc;
import org.bitfusion.protocol.message.MemAllocAnswer;
import org.bitfusion.protocol.message.MemAllocAsync;
import org.bitfusion.protocol.message.MemCopy;
import org.bitfusion.protocol.message.MemCopyRegion;
import org.bitfusion.protocol.message.MemData;
import org.bitfusion.protocol.message.MemFree;
import org.bitfusion.protocol.message.MemFreeAsync;
import org.bitfusion.protocol.message.MemHandler;
import org.bitfusion.protocol.message.MemInfo;
import org.bitfusion.protocol.message.MemInfoAnswer;
import org.bitfusion.protocol.message.MemRead;
import org.bitfusion.protocol.message.MemReadAnswer;
import org.bitfusion.protocol.message.MemReadAsync;
import org.bitfusion.protocol.message.MemReadDone;
import org.bitfusion.protocol.message.MemSet;
import org.bitfusion.protocol.message.MemWrite;
import org.bitfusion.protocol.message.WireConstants;
import org.bitfusion.worker.wire.Outbox;
import org.jspecify.annotations.Nullable;

/// The messages about device memory and copies.
final class MemoryCalls implements MemHandler {
    private final SessionState session;
    private final PoolCalls pools;

    MemoryCalls(SessionState session, PoolCalls pools) {
        this.session = session;
        this.pools = pools;
    }

    @Override
    public void alloc(int request, MemAlloc message) {
        ClientContext context = session.contexts.find(message.context());
        if (context == null) {
            fail(MemAlloc.CALL, request, message.context());
            return;
        }
        CudaStatus error = context.takeError();
        if (error == CudaStatus.SUCCESS) {
            PatientAllocation.of(
                    context.gpu().memory(),
                    message.byteCount(),
                    message.alignment(),
                    allocated -> answer(request, allocated));
        } else {
            session.output.send(context);
            session.writer.fail(MemAlloc.CALL, request, error.code());
        }
    }

    private void answer(int request, Outcome<Long> allocated) {
        switch (allocated) {
            case Outcome.Success<Long>(Long address) -> {
                MemAllocAnswer answer = new MemAllocAnswer(address);
                session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
            }
            case Outcome.Failure<Long>(CudaStatus status, String _) ->
                    session.writer.fail(MemAlloc.CALL, request, status.code());
        }
    }

    private void fail(int call, int request, long context) {
        session.writer.fail(call, request, session.contexts.failure(context).code());
    }

    @Override
    public void free(MemFree message) {
        ClientContext context = session.contexts.find(message.context());
        if (context != null) {
            CudaStatus status = context.gpu().memory().free(message.address());
            if (status != CudaStatus.SUCCESS) {
                context.defer(status);
            }
        }
    }

    @Override
    public void info(int request, MemInfo message) {
        ClientContext context = session.contexts.find(message.context());
        if (context == null) {
            fail(MemInfo.CALL, request, message.context());
            return;
        }
        session.answer(
                MemInfo.CALL,
                request,
                context,
                () -> Outcome.of(context.gpu().memory().information()),
                (GpuMemory.Information information) -> {
                    MemInfoAnswer answer =
                            new MemInfoAnswer(information.free(), information.total());
                    return new SessionState.Answer(answer.wireBytes(), answer::writeFrame);
                });
    }

    @Override
    public void allocAsync(int request, MemAllocAsync message) {
        pools.allocate(request, message);
    }

    @Override
    public void freeAsync(MemFreeAsync message) {
        pools.free(message);
    }

    @Override
    public void write(MemWrite message, int payloadBytes, ByteBuffer begun) throws IOException {
        ClientStream stream = session.stream(message.stream());
        if (stream == null) {
            session.frames.skipPayload(begun, payloadBytes);
            return;
        }
        Outcome<PendingWrite> outcome =
                stream.gpu()
                        .write(
                                message.destination(),
                                region(message.region()),
                                message.packedOffset(),
                                payloadBytes);
        switch (outcome) {
            case Outcome.Success<PendingWrite>(PendingWrite write) -> {
                receive(write, begun);
                session.takeCost();
                long cost =
                        Math.max(
                                WireConstants.MINIMUM_FRAME_COST,
                                FrameHeader.BYTES + MemWrite.MINIMUM_BYTES + payloadBytes);
                stream.check(write.commit(_ -> session.credit.giveBack(cost)));
            }
            case Outcome.Failure<PendingWrite>(CudaStatus status, String _) -> {
                stream.check(status);
                session.frames.skipPayload(begun, payloadBytes);
            }
        }
    }

    private void receive(PendingWrite write, ByteBuffer begun) throws IOException {
        boolean complete = false;
        try {
            session.frames.readPayload(begun, write.buffer());
            complete = true;
        } finally {
            if (!complete) {
                write.cancel();
            }
        }
    }

    @Override
    public void read(int request, MemRead message) {
        ClientStream stream = session.stream(message.stream());
        if (stream == null) {
            session.writer.fail(
                    MemRead.CALL, request, session.streams.failure(message.stream()).code());
            return;
        }
        ClientContext context = stream.context();
        MemReadAnswer answer = new MemReadAnswer();
        Runnable good =
                () ->
                        session.writer.send(
                                answer.wireBytes(), out -> answer.writeFrame(out, request));
        CudaStatus status =
                stream.gpu()
                        .read(
                                message.source(),
                                region(message.region()),
                                new Sender(
                                        message.ticket(),
                                        end ->
                                                session.answerSynchronised(
                                                        MemRead.CALL,
                                                        request,
                                                        context,
                                                        end,
                                                        good)));
        if (status != CudaStatus.SUCCESS) {
            session.answerSynchronised(MemRead.CALL, request, context, status, good);
        }
    }

    @Override
    public void readAsync(MemReadAsync message) {
        ClientStream stream = session.stream(message.stream());
        if (stream == null) {
            done(message.ticket(), session.streams.failure(message.stream()));
            return;
        }
        CudaStatus status =
                stream.gpu()
                        .read(
                                message.source(),
                                region(message.region()),
                                new Sender(message.ticket(), end -> done(message.ticket(), end)));
        if (status != CudaStatus.SUCCESS) {
            stream.check(status);
            done(message.ticket(), status);
        }
    }

    private void done(long ticket, CudaStatus status) {
        MemReadDone message = new MemReadDone(ticket, status.code());
        session.writer.send(message.wireBytes(), message::writeFrame);
    }

    /// Cuts what a stream reads into frames.
    private final class Sender implements ReadSink {
        private final Outbox.Loan loan = new Outbox.Loan();
        private final long ticket;
        private final java.util.function.Consumer<CudaStatus> end;

        Sender(long ticket, java.util.function.Consumer<CudaStatus> end) {
            this.ticket = ticket;
            this.end = end;
        }

        @Override
        public void accept(ByteBuffer bytes, long packedOffset) {
            send(bytes, packedOffset, null);
        }

        @Override
        public void acceptLasting(ByteBuffer bytes, long packedOffset) {
            send(bytes, packedOffset, loan);
        }

        @Override
        public void settle() {
            session.writer.keep(loan);
        }

        private void send(ByteBuffer bytes, long packedOffset, Outbox.@Nullable Loan loan) {
            int limit = bytes.limit();
            long offset = packedOffset;
            while (bytes.position() < limit) {
                int count = Math.min(WireConstants.BULK_CHUNK, limit - bytes.position());
                bytes.limit(bytes.position() + count);
                session.writer.sendData(new MemData(ticket, offset), bytes, loan);
                offset += count;
            }
        }

        @Override
        public void completed(CudaStatus status) {
            end.accept(status);
        }
    }

    @Override
    public void copy(MemCopy message) {
        ClientStream stream = session.stream(message.stream());
        if (stream != null) {
            stream.check(
                    stream.gpu()
                            .copy(message.destination(), message.source(), message.byteCount()));
        }
    }

    @Override
    public void copyRegion(MemCopyRegion message) {
        ClientStream stream = session.stream(message.stream());
        if (stream != null) {
            Region to = region(message.region());
            Region from =
                    new Region(
                            to.widthBytes(),
                            to.height(),
                            to.depth(),
                            message.sourcePitch(),
                            message.sourceSlicePitch());
            stream.check(
                    stream.gpu().copyRegion(message.destination(), to, message.source(), from));
        }
    }

    @Override
    public void set(MemSet message) {
        ClientStream stream = session.stream(message.stream());
        if (stream != null) {
            stream.check(
                    stream.gpu()
                            .fill(
                                    message.destination(),
                                    message.value(),
                                    message.elementBytes(),
                                    message.pitch(),
                                    message.columns(),
                                    message.rows()));
        }
    }

    static Region region(org.bitfusion.protocol.message.Region wire) {
        return new Region(
                wire.widthBytes(), wire.height(), wire.depth(), wire.pitch(), wire.slicePitch());
    }
}
