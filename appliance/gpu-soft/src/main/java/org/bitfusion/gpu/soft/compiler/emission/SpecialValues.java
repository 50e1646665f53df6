package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;
import org.bitfusion.gpu.soft.compiler.runtime.Frame;
import org.bitfusion.gpu.soft.compiler.runtime.Services;
import org.bitfusion.ptx.SpecialRegister;

/// Special registers as values.
final class SpecialValues {
    private static final int LANE_MASK = 31;

    private SpecialValues() {}

    /// Asks for the hoisted values that [#push] uses, so that it can be called inside a branch.
    static void prepare(Code code, SpecialRegister special) {
        push(code, special);
        code.builder().pop();
    }

    /// Pushes an int or a long.
    static ValueKind push(Code code, SpecialRegister special) {
        CodeBuilder builder = code.builder();
        switch (special.name()) {
            case TID -> pushThreadIndex(code, special.index());
            case NTID -> pushDimension(code, "ntid", special.index(), 1);
            case CTAID -> pushDimension(code, "ctaid", special.index(), 0);
            case NCTAID -> pushDimension(code, "nctaid", special.index(), 1);
            case LANEID -> builder.iload(RegionEmitter.THREAD_LOCAL).loadConstant(LANE_MASK).iand();
            case WARPID -> builder.iload(RegionEmitter.THREAD_LOCAL).iconst_5().iushr();
            case LANEMASK_EQ -> shiftByThread(builder, 1);
            case LANEMASK_LT -> shiftByThread(builder, 1).iconst_1().isub();
            case LANEMASK_LE -> shiftByThread(builder, 2).iconst_1().isub();
            case LANEMASK_GE -> shiftByThread(builder, -1);
            case LANEMASK_GT -> shiftByThread(builder, -2);
            case CLOCK64, GLOBALTIMER -> {
                service(code, special, long.class);
                return ValueKind.LONG;
            }
            case PM -> builder.iconst_0();
            case PM_64 -> {
                builder.lconst_0();
                return ValueKind.LONG;
            }
            default -> service(code, special, int.class);
        }
        return ValueKind.INT;
    }

    private static void pushThreadIndex(Code code, int index) {
        if (index > 2) {
            code.builder().iconst_0();
            return;
        }
        int array = code.hoisted().intArray("thread" + "XYZ".charAt(index));
        code.builder().aload(array).iload(RegionEmitter.THREAD_LOCAL).iaload();
    }

    private static void pushDimension(Code code, String name, int index, int fourth) {
        if (index > 2) {
            code.builder().loadConstant(fourth);
            return;
        }
        code.builder().iload(code.hoisted().field(name + "XYZ".charAt(index), ValueKind.INT));
    }

    private static CodeBuilder shiftByThread(CodeBuilder builder, int value) {
        return builder.loadConstant(value).iload(RegionEmitter.THREAD_LOCAL).ishl();
    }

    private static void service(Code code, SpecialRegister special, Class<?> result) {
        String name =
                switch (special.name()) {
                    case CLOCK -> "clockLow";
                    case CLOCK_HI -> "clockHigh";
                    case CLOCK64 -> "clock";
                    case GLOBALTIMER -> "globalTimer";
                    case GLOBALTIMER_LO -> "globalTimerLow";
                    case GLOBALTIMER_HI -> "globalTimerHigh";
                    case NSMID -> "multiprocessors";
                    case NWARPID -> "warps";
                    case DYNAMIC_SMEM_SIZE -> "dynamicSharedBytes";
                    case TOTAL_SMEM_SIZE, AGGR_SMEM_SIZE -> "sharedBytes";
                    case SMID,
                            GRIDID,
                            CLUSTERID,
                            CLUSTER_CTAID,
                            CLUSTER_CTARANK,
                            IS_EXPLICIT_CLUSTER ->
                            "zero";
                    case CLUSTER_NCTAID, CLUSTER_NCTARANK -> "one";
                    case ENVREG -> "environmentRegister";
                    default -> throw new Declined("special register " + special.name());
                };
        code.builder().aload(RegionEmitter.FRAME_LOCAL);
        if (special.name() == SpecialRegister.Name.ENVREG) {
            code.builder().loadConstant(special.index());
            code.call(Services.class, name, result, Frame.class, int.class);
        } else {
            code.call(Services.class, name, result, Frame.class);
        }
    }
}
