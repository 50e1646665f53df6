package org.bitfusion.gpu.soft.launch;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.gpu.soft.execution.BlockExecutor;
import org.bitfusion.gpu.soft.execution.BlockMemory;
import org.bitfusion.gpu.soft.execution.DeviceServices;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.execution.KernelProgram;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.gpu.soft.memory.PrivateMemory;
import org.bitfusion.gpu.soft.module.SoftFunction;
import org.bitfusion.gpu.soft.module.SoftModule;
import org.bitfusion.ptx.Variable;
import org.jspecify.annotations.Nullable;

/// The blocks of one launch. Cores take blocks in index order; each starts a further one only when
/// those that it has are finished or wait for others, up to as many as the device would hold.
final class GridRun implements LaunchContext {
    /// Bytes of a cooperative launch's workspace: nvcc's grid barrier counts at offset 4.
    static final long WORKSPACE_BYTES = 64;

    private final SoftModule module;
    private final KernelProgram program;
    private final KernelEnvironment environment;
    private final Dimensions grid;
    private final Dimensions block;
    private final int dynamicSharedBytes;
    private final long parameterOffset;
    private final long workspaceAddress;
    private final long localBytesPerThread;
    private final long blocks;
    private final int residentLimit;
    private final AtomicLong nextBlock = new AtomicLong();
    private final AtomicInteger residents = new AtomicInteger();
    private volatile boolean stopped;
    private @Nullable Throwable failure;
    private int active;
    private boolean closed;

    GridRun(
            SoftFunction kernel,
            KernelProgram program,
            LaunchParameters launch,
            KernelEnvironment environment,
            long parameterOffset,
            long workspaceOffset) {
        this.module = kernel.softModule();
        this.program = program;
        this.environment = environment;
        this.grid = new Dimensions(launch.gridX(), launch.gridY(), launch.gridZ());
        this.block = new Dimensions(launch.blockX(), launch.blockY(), launch.blockZ());
        this.dynamicSharedBytes = launch.dynamicSharedBytes();
        this.parameterOffset = parameterOffset;
        this.workspaceAddress =
                workspaceOffset < 0 ? 0 : environment.window().addressAt(workspaceOffset);
        this.localBytesPerThread =
                program.localBytesPerThread(environment.stackLimit().getAsLong());
        this.blocks = grid.count();
        this.residentLimit = residentLimit(kernel);
    }

    private int residentLimit(SoftFunction kernel) {
        Integer perMultiprocessor =
                kernel.occupancy((int) block.count(), dynamicSharedBytes, 0).valueOrNull();
        int held = perMultiprocessor == null ? 1 : Math.max(1, perMultiprocessor);
        return Math.max(held * environment.multiprocessors(), environment.cores());
    }

    /// Runs all blocks; this thread works too.
    void run() {
        int helpers = (int) Math.min(environment.cores(), blocks) - 1;
        for (int count = 0; count < helpers; count++) {
            environment.threads().execute(this::help);
        }
        new Core().work();
        Throwable problem = awaitHelpers();
        if (problem instanceof RuntimeException exception) {
            throw exception;
        }
        if (problem instanceof Error error) {
            throw error;
        }
    }

    private void help() {
        synchronized (this) {
            if (closed) {
                return;
            }
            active++;
        }
        new Core().work();
        synchronized (this) {
            active--;
            notifyAll();
        }
    }

    private synchronized @Nullable Throwable awaitHelpers() {
        closed = true;
        boolean interrupted = false;
        while (active > 0) {
            try {
                wait();
            } catch (InterruptedException ignored) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return failure;
    }

    private synchronized void fail(Throwable problem) {
        stopped = true;
        if (failure == null) {
            failure = problem;
        }
    }

    /// One core's share of the work.
    private final class Core {
        private final ResidentBlocks own = new ResidentBlocks();

        void work() {
            try {
                loop();
            } catch (Throwable problem) {
                fail(problem);
            } finally {
                own.release();
            }
        }

        @SuppressWarnings("ThreadPriorityCheck") // blocks here wait for blocks of other threads
        private void loop() {
            while (!stopped && !environment.cancelled().getAsBoolean()) {
                boolean admitted = own.isWaiting() && admit();
                if (own.isEmpty()) {
                    return;
                }
                if (!own.runEach() && !admitted) {
                    Thread.yield();
                }
            }
        }

        private boolean admit() {
            if (nextBlock.get() >= blocks) {
                return false;
            }
            if (residents.incrementAndGet() > residentLimit) {
                residents.decrementAndGet();
                return false;
            }
            long index = nextBlock.getAndIncrement();
            if (index >= blocks) {
                residents.decrementAndGet();
                return false;
            }
            own.start(index);
            return true;
        }
    }

    /// The blocks that one core has begun, and the slots that it can use again.
    private final class ResidentBlocks {
        private final ArrayList<Resident> running = new ArrayList<>();
        private final ArrayList<Resident> idle = new ArrayList<>();
        private boolean waiting = true;

        boolean isEmpty() {
            return running.isEmpty();
        }

        /// True when no block has got further in the last round.
        boolean isWaiting() {
            return waiting;
        }

        void start(long index) {
            Resident resident = idle.isEmpty() ? new Resident() : idle.removeLast();
            int x = (int) (index % grid.x());
            long row = index / grid.x();
            resident.executor.start(
                    x, (int) (row % grid.y()), (int) (row / grid.y()), resident.memory);
            running.add(resident);
        }

        /// Runs each block until it finishes or yields; true when one finished.
        boolean runEach() {
            boolean finished = false;
            for (int at = 0; at < running.size() && !stopped; ) {
                Resident resident = running.get(at);
                switch (resident.executor.run()) {
                    case FINISHED -> {
                        running.remove(at);
                        idle.add(resident);
                        residents.decrementAndGet();
                        finished = true;
                    }
                    case YIELDED -> at++;
                }
            }
            waiting = !finished || running.isEmpty();
            return finished;
        }

        void release() {
            residents.addAndGet(-running.size());
            running.forEach(Resident::release);
            idle.forEach(Resident::release);
        }
    }

    /// An executor and the memory of its block.
    private final class Resident {
        private final PrivateMemory.Slot slot;
        private final BlockMemory memory;
        private final BlockExecutor executor;

        Resident() {
            slot =
                    environment
                            .window()
                            .privateMemory()
                            .takeSlot(localBytesPerThread * block.count());
            memory =
                    slot.forLaunch(
                            program.dynamicSharedOffset() + dynamicSharedBytes,
                            localBytesPerThread);
            executor = program.newBlockExecutor(GridRun.this);
        }

        void release() {
            environment.window().privateMemory().giveSlot(slot);
        }
    }

    @Override
    public MemorySegment memory() {
        return environment.window().segment();
    }

    @Override
    public long windowBase() {
        return environment.window().windowBase();
    }

    @Override
    public Dimensions grid() {
        return grid;
    }

    @Override
    public Dimensions block() {
        return block;
    }

    @Override
    public int dynamicSharedBytes() {
        return dynamicSharedBytes;
    }

    @Override
    public long parameterOffset() {
        return parameterOffset;
    }

    @Override
    public long addressOf(Variable variable) {
        return module.addressOf(variable);
    }

    @Override
    public int environmentRegister(int index) {
        return switch (index) {
            case 1 -> (int) (workspaceAddress >>> 32);
            case 2 -> (int) workspaceAddress;
            default -> 0;
        };
    }

    @Override
    public DeviceServices services() {
        return environment.services();
    }

    @Override
    public @Nullable AccessCheck accessCheck() {
        return environment.accessCheck();
    }

    @Override
    public @Nullable CoverageRecorder coverage() {
        return environment.coverage();
    }
}
