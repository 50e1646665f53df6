package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.execution.Dimensions;
import org.bitfusion.ptx.SpecialRegister;

/// What the special registers hold.
final class SpecialValues {
    private SpecialValues() {}

    /// Reads one special register for a thread.
    @FunctionalInterface
    interface Reader {
        long read(CudaThread thread);
    }

    static Reader reader(SpecialRegister register) {
        int index = register.index();
        return switch (register.name()) {
            case TID -> choose(index, t -> t.x, t -> t.y, t -> t.z);
            case NTID -> t -> extent(t.block.shape, index);
            case CTAID ->
                    choose(index, t -> t.block.blockX, t -> t.block.blockY, t -> t.block.blockZ);
            case NCTAID -> t -> extent(t.block.launch.grid(), index);
            case CLUSTERID ->
                    choose(index, t -> t.block.blockX, t -> t.block.blockY, t -> t.block.blockZ);
            case NCLUSTERID -> t -> extent(t.block.launch.grid(), index);
            case CLUSTER_CTAID, CLUSTER_CTARANK, IS_EXPLICIT_CLUSTER, GRIDID, PM, PM_64 -> t -> 0;
            case CLUSTER_NCTAID, CLUSTER_NCTARANK -> t -> 1;
            case LANEID -> t -> t.lane;
            case WARPID -> t -> t.warp.index;
            case NWARPID -> t -> (t.block.shape.count() + 31) / 32;
            case SMID -> SpecialValues::processor;
            case NSMID -> t -> t.block.launch.services().multiprocessors();
            case LANEMASK_EQ -> t -> 1L << t.lane;
            case LANEMASK_LE -> t -> (2L << t.lane) - 1;
            case LANEMASK_LT -> t -> (1L << t.lane) - 1;
            case LANEMASK_GE -> t -> 0xFFFF_FFFFL << t.lane & 0xFFFF_FFFFL;
            case LANEMASK_GT -> t -> 0xFFFF_FFFEL << t.lane & 0xFFFF_FFFFL;
            case CLOCK, CLOCK64 -> t -> t.block.launch.services().clock();
            case CLOCK_HI -> t -> t.block.launch.services().clock() >>> 32;
            case GLOBALTIMER, GLOBALTIMER_LO -> t -> t.block.launch.services().globalTimer();
            case GLOBALTIMER_HI -> t -> t.block.launch.services().globalTimer() >>> 32;
            case TOTAL_SMEM_SIZE, AGGR_SMEM_SIZE -> t -> t.block.slot.sharedBytes();
            case DYNAMIC_SMEM_SIZE -> t -> t.block.launch.dynamicSharedBytes();
            case ENVREG -> t -> t.block.launch.environmentRegister(index);
        };
    }

    private static Reader choose(int index, Reader x, Reader y, Reader z) {
        return switch (index) {
            case 0 -> x;
            case 1 -> y;
            case 2 -> z;
            default -> t -> 0;
        };
    }

    private static long extent(Dimensions shape, int index) {
        return switch (index) {
            case 0 -> shape.x();
            case 1 -> shape.y();
            case 2 -> shape.z();
            default -> 1;
        };
    }

    private static long processor(CudaThread thread) {
        BlockRun block = thread.block;
        Dimensions grid = block.launch.grid();
        long linear =
                block.blockX + (long) grid.x() * (block.blockY + (long) grid.y() * block.blockZ);
        return linear % Math.max(1, block.launch.services().multiprocessors());
    }
}
