package org.bitfusion.gpu.soft.compiler.runtime;

import org.bitfusion.gpu.soft.execution.BlockExecutor;
import org.bitfusion.gpu.soft.execution.BlockMemory;
import org.bitfusion.gpu.soft.execution.BlockState;
import org.bitfusion.gpu.soft.execution.KernelFault;

/// Runs blocks of one launch with generated code. As long as all threads of a block stop at the
/// same cuts, regions run for the whole block and nothing is kept about single threads; else
/// [DivergedThreads] takes over until they meet again.
public final class CompiledBlock implements BlockExecutor {
    /// Cuts that a block may pass before other blocks get a turn: a loop around a barrier may wait
    /// for them.
    private static final int PASSES = 1 << 14;

    private static final int LANES = 32;

    private final RegionCode code;
    private final CutPoint[] cuts;
    private final Frame frame;
    private final DivergedThreads diverged;

    /// The entry at which all threads go on, or [RegionCode#MIXED].
    private int together;

    /// @param cuts by entry number; the first is unused
    public CompiledBlock(RegionCode code, CutPoint[] cuts, Frame frame) {
        this.code = code;
        this.cuts = cuts;
        this.frame = frame;
        this.diverged = new DivergedThreads(code, cuts, frame);
    }

    @Override
    public void start(int blockX, int blockY, int blockZ, BlockMemory memory) {
        frame.begin(blockX, blockY, blockZ, memory);
        diverged.reset();
        together = 0;
    }

    @Override
    public BlockState run() {
        try {
            return advance();
        } catch (ArrayIndexOutOfBoundsException e) {
            throw new IllegalStateException("the compiler's frame does not fit its code", e);
        } catch (IndexOutOfBoundsException e) {
            throw outside(String.valueOf(e.getMessage()));
        } catch (InternalError e) {
            throw fault("an address in memory that is not allocated");
        }
    }

    /// @param message of `Objects.checkIndex`: an offset in the device's window, or one in the much
    ///   smaller shared or local memory
    private KernelFault outside(String message) {
        String[] words = message.split(" ", -1);
        try {
            long offset = Long.parseLong(words[1]);
            long length = Long.parseLong(words[words.length - 1]);
            if (length > frame.launch.memory().byteSize() / 2) {
                return KernelFault.outside(frame.windowBase + offset);
            }
        } catch (IndexOutOfBoundsException | NumberFormatException unknown) {
            return fault("an address outside the device's memory: " + message);
        }
        return fault("an address outside shared or local memory: " + message);
    }

    private static KernelFault fault(String message) {
        return new KernelFault(KernelFault.ILLEGAL_ADDRESS, message);
    }

    private BlockState advance() {
        for (int pass = 0; pass < PASSES; pass++) {
            if (together == RegionCode.MIXED) {
                int entry = diverged.advance();
                if (entry <= 0) {
                    return entry == 0 ? BlockState.FINISHED : BlockState.YIELDED;
                }
                together = entry;
            }
            int next = code.run(together, frame, 0, frame.threads, false);
            if (next == 0) {
                return BlockState.FINISHED;
            }
            if (next == RegionCode.MIXED || !passTogether(cuts[next])) {
                together = RegionCode.MIXED;
            } else {
                together = next;
                if (cuts[next].action() == CutPoint.Action.YIELD) {
                    return BlockState.YIELDED;
                }
            }
        }
        return BlockState.YIELDED;
    }

    /// All threads wait at `cut`: does what it asks for, or answers false when that needs a look at
    /// single threads.
    private boolean passTogether(CutPoint cut) {
        return switch (cut.action()) {
            case CONTINUE, YIELD, LOCKSTEP -> true;
            case BARRIER_ARRIVE -> false;
            case BARRIER_SYNC -> isWholeBlock(cut);
            case BARRIER_AND, BARRIER_OR, BARRIER_COUNT -> {
                if (isWholeBlock(cut)) {
                    BarrierReduction.run(cut.action(), frame, _ -> true);
                    yield true;
                }
                yield false;
            }
            default -> exchangeInAllWarps(cut);
        };
    }

    private boolean isWholeBlock(CutPoint cut) {
        return cut.second() == CutPoint.ABSENT || cut.second() == frame.threads;
    }

    /// Whichever lanes a mask names, all of them are here.
    private boolean exchangeInAllWarps(CutPoint cut) {
        for (int first = 0; first < frame.threads; first += LANES) {
            int present = -1 >>> Math.max(0, first + LANES - frame.threads);
            WarpExchange.run(cut, frame, first, present, present);
        }
        return true;
    }
}
