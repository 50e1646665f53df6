package org.bitfusion.gpu.soft.interpreter;

import java.util.IdentityHashMap;
import org.bitfusion.gpu.soft.execution.BlockExecutor;
import org.bitfusion.gpu.soft.execution.BlockMemory;
import org.bitfusion.gpu.soft.execution.BlockState;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.gpu.soft.execution.KernelFault;
import org.bitfusion.gpu.soft.execution.LaunchContext;
import org.bitfusion.ptx.Instruction;
import org.jspecify.annotations.Nullable;

/// Runs blocks of one launch in one resident slot: the threads take turns of a fixed number of
/// steps, so every thread always goes on sooner or later.
final class BlockRun implements BlockExecutor {
    /// Steps of one thread's turn.
    private static final int TURN = 512;

    /// Rounds over all threads after which other resident blocks get their turn anyway.
    private static final int ROUNDS = 256;

    final InterpretedKernel kernel;
    final LaunchContext launch;
    final Memory memory;
    final Dimensions shape;
    private final IdentityHashMap<Code, Step[]> steps = new IdentityHashMap<>();
    private final IdentityHashMap<Code, long[]> templates = new IdentityHashMap<>();
    private final @Nullable Coverage coverage;
    private CudaThread[] threads = new CudaThread[0];
    private Warp[] warps = new Warp[0];
    private Barriers barriers = new Barriers(0);
    private int living;
    BlockMemory slot = new BlockMemory(0, 0, 0, 0);
    int blockX;
    int blockY;
    int blockZ;

    BlockRun(InterpretedKernel kernel, LaunchContext launch) {
        this.kernel = kernel;
        this.launch = launch;
        this.memory = new Memory(launch);
        this.shape = launch.block();
        LaunchContext.CoverageRecorder recorder = launch.coverage();
        this.coverage = recorder == null ? null : new Coverage(recorder);
    }

    @Override
    public void start(int x, int y, int z, BlockMemory newSlot) {
        blockX = x;
        blockY = y;
        blockZ = z;
        slot = newSlot;
        int count = (int) shape.count();
        living = count;
        barriers = new Barriers(count);
        warps = new Warp[(count + 31) / 32];
        threads = new CudaThread[count];
        Code entry = kernel.entry();
        for (int linear = 0; linear < count; linear++) {
            if (linear % 32 == 0) {
                warps[linear / 32] = new Warp(linear / 32);
            }
            Warp warp = warps[linear / 32];
            int[] position = {
                linear % shape.x(), linear / shape.x() % shape.y(), linear / shape.x() / shape.y()
            };
            CudaThread thread =
                    new CudaThread(
                            this, warp, linear, position, entry, Code.localOffset(slot, linear));
            threads[linear] = thread;
            warp.lanes[thread.lane] = thread;
        }
    }

    @Override
    public BlockState run() {
        for (int round = 0; round < ROUNDS; round++) {
            boolean progress = false;
            boolean onlyPolling = true;
            for (CudaThread thread : threads) {
                if (thread.state == CudaThread.State.RUNNABLE) {
                    progress = true;
                    turn(thread);
                    boolean stillPolling =
                            thread.polled && thread.state == CudaThread.State.RUNNABLE;
                    onlyPolling &= stillPolling;
                }
            }
            boolean aligned = false;
            for (Warp warp : warps) {
                aligned |= warp.advance();
            }
            if (living == 0) {
                return BlockState.FINISHED;
            }
            if (!progress && !aligned && !meetLoosely()) {
                throw new KernelFault(
                        KernelFault.LAUNCH_FAILED,
                        kernel.name() + ": the threads of a block wait for each other for ever");
            }
            if (progress && onlyPolling && !aligned) {
                return BlockState.YIELDED;
            }
        }
        return BlockState.YIELDED;
    }

    private boolean meetLoosely() {
        for (Warp warp : warps) {
            if (warp.meetLoosely()) {
                return true;
            }
        }
        return false;
    }

    private void turn(CudaThread thread) {
        thread.polled = false;
        thread.gaveUp = false;
        try {
            if (coverage != null) {
                coverage.turn(thread, TURN);
                return;
            }
            for (int left = TURN;
                    left > 0 && thread.state == CudaThread.State.RUNNABLE && !thread.gaveUp;
                    left--) {
                thread.steps[thread.counter++].execute(thread);
            }
        } catch (ArrayIndexOutOfBoundsException defect) {
            throw defect;
        } catch (IndexOutOfBoundsException | InternalError outside) {
            throw placed(
                    thread,
                    new KernelFault(KernelFault.ILLEGAL_ADDRESS, "address outside of memory"));
        } catch (KernelFault fault) {
            throw placed(thread, fault);
        }
    }

    /// The fault with the place where it happened.
    private KernelFault placed(CudaThread thread, KernelFault fault) {
        Instruction at = thread.code.origins().get(Math.max(0, thread.counter - 1));
        return fault.described(
                "%s: %s at %s (line %d), block (%d,%d,%d) thread (%d,%d,%d)"
                        .formatted(
                                kernel.name(),
                                fault.getMessage(),
                                at.form(),
                                at.line(),
                                blockX,
                                blockY,
                                blockZ,
                                thread.x,
                                thread.y,
                                thread.z));
    }

    Step[] stepsOf(Code code) {
        return steps.computeIfAbsent(code, c -> c.steps().toArray(new Step[0]));
    }

    long[] freshRegisters(Code code) {
        return templates.computeIfAbsent(code, c -> c.template(launch)).clone();
    }

    Barriers barriers() {
        return barriers;
    }

    void exited(CudaThread thread) {
        living--;
        barriers.exited();
    }
}
