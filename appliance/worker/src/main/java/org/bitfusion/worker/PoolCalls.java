package org.bitfusion.worker;

import java.io.IOException;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDevice;
import org.bitfusion.gpu.GpuPool;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.protocol.message.MemAllocAsync;
import org.bitfusion.protocol.message.MemAllocAsyncAnswer;
import org.bitfusion.protocol.message.MemFreeAsync;
import org.bitfusion.protocol.message.PoolAttribute;
import org.bitfusion.protocol.message.PoolAttributeAnswer;
import org.bitfusion.protocol.message.PoolCreate;
import org.bitfusion.protocol.message.PoolDestroy;
import org.bitfusion.protocol.message.PoolHandler;
import org.bitfusion.protocol.message.PoolSetAccess;
import org.bitfusion.protocol.message.PoolSetAttribute;
import org.bitfusion.protocol.message.PoolTrim;
import org.bitfusion.protocol.message.PoolUseDefault;
import org.jspecify.annotations.Nullable;

/// The messages about stream-ordered memory. A pool belongs to a device; the GPU contract keeps it
/// in a context, so one context per device is kept for pools.
final class PoolCalls implements PoolHandler {
    private final SessionState session;
    private final HandleTable<GpuPool> pools = new HandleTable<>("pool");
    private final @Nullable GpuContext[] homes;

    PoolCalls(SessionState session) {
        this.session = session;
        homes = new GpuContext[session.devices.size()];
    }

    @Override
    public void create(PoolCreate message) throws IOException {
        enter(message.pool(), home(message.device()), context -> context.memory().createPool());
    }

    @Override
    public void useDefault(PoolUseDefault message) throws IOException {
        enter(
                message.pool(),
                home(message.device()),
                context -> Outcome.of(context.memory().defaultPool()));
    }

    private void enter(
            long handle,
            Outcome<GpuContext> home,
            java.util.function.Function<GpuContext, Outcome<GpuPool>> pool)
            throws IOException {
        Outcome<GpuPool> outcome =
                switch (home) {
                    case Outcome.Success<GpuContext>(GpuContext context) -> pool.apply(context);
                    case Outcome.Failure<GpuContext>(CudaStatus status, String detail) ->
                            Outcome.failed(status, detail);
                };
        switch (outcome) {
            case Outcome.Success<GpuPool>(GpuPool made) -> pools.add(handle, made);
            case Outcome.Failure<GpuPool>(CudaStatus status, String _) ->
                    pools.addFailed(handle, status);
        }
    }

    /// The context that holds a device's pools.
    private Outcome<GpuContext> home(int number) throws IOException {
        GpuDevice device = session.device(number);
        GpuContext known = homes[number];
        if (known != null) {
            return Outcome.of(known);
        }
        Outcome<GpuContext> made = session.driver.createContext(device, 0);
        homes[number] = made.valueOrNull();
        return made;
    }

    @Override
    public void destroy(PoolDestroy message) {
        GpuPool pool = pools.remove(message.pool());
        if (pool != null) {
            pool.close();
        }
    }

    @Override
    public void trim(PoolTrim message) {
        GpuPool pool = pools.find(message.pool());
        if (pool != null) {
            pool.trim(message.bytesToKeep());
        }
    }

    @Override
    public void attribute(int request, PoolAttribute message) {
        GpuPool pool = pools.find(message.pool());
        Outcome<Long> outcome =
                pool == null
                        ? Outcome.failed(pools.failure(message.pool()))
                        : pool.attribute(message.attribute());
        switch (outcome) {
            case Outcome.Success<Long>(Long value) -> {
                PoolAttributeAnswer answer = new PoolAttributeAnswer(value);
                session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
            }
            case Outcome.Failure<Long>(CudaStatus status, String _) ->
                    session.writer.fail(PoolAttribute.CALL, request, status.code());
        }
    }

    @Override
    public void setAttribute(PoolSetAttribute message) {
        GpuPool pool = pools.find(message.pool());
        if (pool != null) {
            pool.setAttribute(message.attribute(), message.value());
        }
    }

    /// All devices of a session reach each other's pools or none does; there is nothing to set.
    @Override
    public void setAccess(PoolSetAccess message) throws IOException {
        session.device(message.device());
    }

    void allocate(int request, MemAllocAsync message) {
        ClientContext context = session.contexts.find(message.context());
        ClientStream stream = session.stream(message.stream());
        if (context == null || stream == null) {
            session.writer.fail(
                    MemAllocAsync.CALL,
                    request,
                    context == null
                            ? session.contexts.failure(message.context()).code()
                            : session.streams.failure(message.stream()).code());
            return;
        }
        CudaStatus error = context.takeError();
        if (error != CudaStatus.SUCCESS) {
            session.output.send(context);
            session.writer.fail(MemAllocAsync.CALL, request, error.code());
            return;
        }
        GpuPool pool =
                message.pool() == 0
                        ? context.gpu().memory().defaultPool()
                        : pools.find(message.pool());
        if (pool == null) {
            answer(request, Outcome.failed(pools.failure(message.pool())));
            return;
        }
        PatientAllocation.of(
                context.gpu().memory(),
                stream.gpu(),
                pool,
                message.byteCount(),
                allocated -> answer(request, allocated));
    }

    private void answer(int request, Outcome<Long> allocated) {
        switch (allocated) {
            case Outcome.Success<Long>(Long address) -> {
                MemAllocAsyncAnswer answer = new MemAllocAsyncAnswer(address);
                session.writer.send(answer.wireBytes(), out -> answer.writeFrame(out, request));
            }
            case Outcome.Failure<Long>(CudaStatus status, String _) ->
                    session.writer.fail(MemAllocAsync.CALL, request, status.code());
        }
    }

    void free(MemFreeAsync message) {
        ClientStream stream = session.stream(message.stream());
        if (stream != null) {
            stream.check(
                    stream.context().gpu().memory().freeAsync(stream.gpu(), message.address()));
        }
    }
}
