package org.bitfusion.gpu.soft.interpreter;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// One CUDA thread: registers, program counter, call stack and what it waits for. Used by one core
/// at a time.
final class CudaThread {
    /// What a thread is doing.
    enum State {
        RUNNABLE,
        /// At a block barrier.
        AT_BARRIER,
        /// At a meeting of the lanes that a mask names.
        AT_MEETING,
        /// At a meeting of whichever lanes of the warp are active.
        AT_ALIGNMENT,
        EXITED
    }

    /// A caller that waits for a return.
    @SuppressWarnings("ArrayRecordComponent") // the registers themselves are kept, not a copy
    record Frame(
            Code code,
            long[] registers,
            int counter,
            long base,
            long stackTop,
            @Nullable CallSite call) {}

    final BlockRun block;
    final Warp warp;
    final int linear;
    final int lane;
    final int x;
    final int y;
    final int z;
    final Deque<Frame> stack = new ArrayDeque<>();

    Code code;
    Step[] steps;
    long[] registers;
    int counter;

    /// Offset of the current frame in the thread's local memory.
    long frame;

    /// Offset of the thread's local memory in the segment.
    long local;

    /// Where what `alloca` has given begins, as offset in the thread's local memory.
    long stackTop;

    /// The carry flag (0 or 1).
    int carry;

    State state = State.RUNNABLE;

    /// Set by accesses that a spin loop would make; cleared by the scheduler.
    boolean polled;

    /// Ends the thread's turn when set; cleared by the scheduler.
    boolean gaveUp;

    /// What the thread brought to the meeting it waits at.
    Warp.@Nullable Arrival arrival;

    /// Number of the barrier waited at, and where its reduction goes (-1: nowhere).
    int barrier;

    int barrierResult = -1;

    /// True when an alignment point has just let this thread through.
    boolean aligned;

    CudaThread(BlockRun block, Warp warp, int linear, int[] position, Code code, long local) {
        this.block = block;
        this.warp = warp;
        this.linear = linear;
        this.lane = linear & 31;
        this.x = position[0];
        this.y = position[1];
        this.z = position[2];
        this.code = code;
        this.steps = block.stepsOf(code);
        this.registers = block.freshRegisters(code);
        this.local = local;
        this.stackTop = block.slot.localBytesPerThread();
    }

    void exit() {
        state = State.EXITED;
        block.exited(this);
    }

    /// Enters `callee`, whose parameter block the caller has filled.
    void enter(Code callee, CallSite call, long base) {
        stack.push(new Frame(code, registers, counter, frame, stackTop, call));
        code = callee;
        steps = block.stepsOf(callee);
        registers = block.freshRegisters(callee);
        counter = 0;
        frame = base;
    }

    /// Leaves the current function; the thread exits from a kernel.
    void leave() {
        Frame caller = stack.poll();
        if (caller == null) {
            exit();
            return;
        }
        Code finished = code;
        long[] finishedRegisters = registers;
        long finishedBase = frame;
        code = caller.code();
        steps = block.stepsOf(code);
        registers = caller.registers();
        counter = caller.counter();
        frame = caller.base();
        stackTop = caller.stackTop();
        CallSite call = caller.call();
        if (call != null) {
            call.copyResults(this, finished, finishedRegisters, finishedBase);
        }
    }
}
