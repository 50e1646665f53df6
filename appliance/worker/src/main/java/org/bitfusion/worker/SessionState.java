package org.bitfusion.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.GpuDriver;
import org.bitfusion.gpu.GpuEvent;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.protocol.ProtocolException;
import org.bitfusion.protocol.message.WireConstants;
import org.bitfusion.worker.wire.CreditAccount;
import org.bitfusion.worker.wire.FrameLoop;
import org.bitfusion.worker.wire.FrameWriter;
import org.bitfusion.worker.wire.Link;
import org.jspecify.annotations.Nullable;

/// What the calls of a session share: its handles, the way back to the client, and the rules for
/// errors and credit. Used by the thread that executes ([FrameLoop]), but for `writer`, `credit`,
/// `link` and `progress`.
final class SessionState implements FrameLoop.Costs {
    /// Costs are returned in lumps of this size at least, well below the client's window.
    private static final long LUMP = WireConstants.CREDIT_STEP / 4;

    /// An event and its context.
    record ClientEvent(ClientContext context, GpuEvent gpu) {}

    final GpuDriver driver;
    final List<GpuDevice> devices;
    final FrameWriter writer;
    final FrameLoop frames;
    final Link link;
    final CreditAccount credit;
    final KernelOutput output;
    final Progress progress;
    final PrecedingWork precedingWork = new PrecedingWork();
    final HandleTable<ClientContext> contexts = new HandleTable<>("context");
    final HandleTable<ClientStream> streams = new HandleTable<>("stream");
    final HandleTable<ClientEvent> events = new HandleTable<>("event");
    private final List<ClientStream> unreturned = new ArrayList<>();
    private long unreturnedCost;
    private @Nullable ClientStream current;
    private boolean costTaken;

    /// @param devices of the session, in the order in which the client sees them
    SessionState(
            GpuDriver driver,
            List<GpuDevice> devices,
            FrameLoop frames,
            FrameWriter writer,
            Link link) {
        this.driver = driver;
        this.devices = List.copyOf(devices);
        this.frames = frames;
        this.writer = writer;
        this.link = link;
        credit = new CreditAccount(writer);
        output = new KernelOutput(writer);
        progress = new Progress(writer, output, frames::isInPlace);
    }

    /// A device by its number in the session.
    GpuDevice device(int number) throws ProtocolException {
        if (number < 0 || number >= devices.size()) {
            throw new ProtocolException("device " + Integer.toUnsignedLong(number));
        }
        return devices.get(number);
    }

    /// The stream that a message works on; its cost is returned when the stream has executed it.
    ///
    /// @return null if the handle means nothing
    @Nullable ClientStream stream(long handle) {
        ClientStream stream = streams.find(handle);
        current = stream;
        if (stream != null) {
            precedingWork.orderBefore(stream);
        }
        return stream;
    }

    /// The current frame's cost is returned by the one who handles it.
    void takeCost() {
        costTaken = true;
    }

    @Override
    public void arrived(int cost) throws IOException {
        credit.arrived(cost);
    }

    /// A frame was handled. Work in a stream is paid for when the stream has done it.
    @Override
    public void executed(int cost) {
        ClientStream stream = current;
        current = null;
        if (costTaken) {
            costTaken = false;
        } else if (stream == null) {
            credit.giveBack(cost);
        } else {
            if (stream.addCost(cost)) {
                unreturned.add(stream);
            }
            unreturnedCost += cost;
            if (unreturnedCost >= LUMP) {
                returnCosts();
            }
        }
    }

    @Override
    public void burstEnds() {
        progress.burstEnds();
    }

    private void returnCosts() {
        for (ClientStream stream : unreturned) {
            long cost = stream.takeCost();
            stream.gpu().whenReached(_ -> credit.giveBack(cost));
        }
        unreturned.clear();
        unreturnedCost = 0;
    }

    /// Answers a call that has no result when everything before it is done.
    void answerSynchronised(
            int call, int request, ClientContext context, CudaStatus status, Runnable good) {
        output.send(context);
        CudaStatus first = status == CudaStatus.SUCCESS ? context.takeError() : status;
        if (first == CudaStatus.SUCCESS) {
            good.run();
        } else {
            if (status != CudaStatus.SUCCESS) {
                context.takeError();
            }
            writer.fail(call, request, first.code());
        }
    }

    /// Answers with the context's error if it has one, else with what the call gives.
    ///
    /// @param answer makes the answer of a good result
    <T> void answer(
            int call,
            int request,
            @Nullable ClientContext context,
            java.util.function.Supplier<Outcome<T>> work,
            java.util.function.Function<T, Answer> answer) {
        CudaStatus error = context == null ? CudaStatus.INVALID_CONTEXT : context.takeError();
        if (error != CudaStatus.SUCCESS) {
            if (context != null) {
                output.send(context);
            }
            writer.fail(call, request, error.code());
            return;
        }
        switch (work.get()) {
            case Outcome.Success<T>(T value) -> {
                Answer good = answer.apply(value);
                writer.send(good.bytes(), out -> good.frame().write(out, request));
            }
            case Outcome.Failure<T>(CudaStatus status, String _) ->
                    writer.fail(call, request, status.code());
        }
    }

    /// An answer's length and how it is written.
    record Answer(int bytes, FrameBody frame) {}

    /// Writes header and fields of an answer.
    interface FrameBody {
        void write(ByteBuffer out, int request);
    }

    /// An array of what a function gives for 0, 1, 2, …; 0 where it fails.
    static int[] values(int count, IntFunction<Outcome<Integer>> of) {
        int[] values = new int[count];
        for (int i = 0; i < count; i++) {
            Integer value = of.apply(i).valueOrNull();
            values[i] = value == null ? 0 : value;
        }
        return values;
    }
}
