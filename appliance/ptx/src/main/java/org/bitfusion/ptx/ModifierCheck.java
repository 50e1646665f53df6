package org.bitfusion.ptx;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Which modifiers an operation may have (PTX ISA, "Instruction Set"), as far as executors follow
/// them: one that means nothing to its operation makes the instruction unsupported instead of being
/// passed over.
final class ModifierCheck {
    private ModifierCheck() {}

    /// True when every modifier says something to the operation that executors do or may pass over.
    static boolean allows(Opcode opcode, List<Modifier> modifiers, List<PtxType> types) {
        if (types.size() > maximumTypes(opcode) || !differ(modifiers)) {
            return false;
        }
        PtxType type = types.isEmpty() ? PtxType.B32 : types.getFirst();
        for (Modifier modifier : modifiers) {
            boolean known =
                    modifier instanceof Modifier.Flag flag
                            ? allows(opcode, flag, modifiers, types)
                            : allows(opcode, modifier, type);
            if (!known) {
                return false;
            }
        }
        return true;
    }

    private static int maximumTypes(Opcode opcode) {
        return switch (opcode) {
            case SET, SLCT, DP4A, DP2A, VSET, VSET2, VSET4 -> 2;
            case CVT -> 3;
            default -> isVideo(opcode) || isScalarVideo(opcode) ? 3 : 1;
        };
    }

    /// At most one modifier of each kind; `.mmio` stands before an ordering, and hints to the cache
    /// may be several.
    private static boolean differ(List<Modifier> modifiers) {
        Set<Object> kinds = new HashSet<>();
        for (Modifier modifier : modifiers) {
            boolean alone =
                    modifier instanceof Modifier.Flag
                            || modifier instanceof Modifier.Selector
                            || modifier == Modifier.Semantics.MMIO;
            Object kind = alone ? modifier : modifier.getClass();
            if (!kinds.add(kind) && modifier != Modifier.Flag.CACHE_HINT) {
                return false;
            }
        }
        return true;
    }

    private static boolean allows(Opcode opcode, Modifier modifier, PtxType type) {
        return switch (modifier) {
            case Modifier.Rounding rounding -> rounds(opcode, rounding, type);
            case Modifier.Comparison _ ->
                    isOne(opcode, Opcode.SET, Opcode.SETP, Opcode.VSET)
                            || isOne(opcode, Opcode.VSET2, Opcode.VSET4);
            case Modifier.Combination _ -> isOne(opcode, Opcode.SET, Opcode.SETP, Opcode.LOP3);
            case Modifier.Reduction reduction ->
                    isOne(opcode, Opcode.ATOM, Opcode.RED, Opcode.REDUX, Opcode.BAR)
                            || (isVideo(opcode) && reduction == Modifier.Reduction.ADD)
                            || (isScalarVideo(opcode)
                                    && opcode != Opcode.VMAD
                                    && isSecond(reduction));
            case Modifier.Selector selector -> isScalarVideo(opcode) && selects(opcode, selector);
            case Modifier.Scale _ -> opcode == Opcode.VMAD;
            case Modifier.Narrow _ -> opcode == Opcode.CVT;
            case Modifier.Semantics semantics -> orders(opcode, semantics);
            case Modifier.Scope scope ->
                    isMemory(opcode)
                            || isOne(opcode, Opcode.FENCE, Opcode.MEMBAR)
                            || (opcode == Opcode.BAR && scope == Modifier.Scope.CTA);
            case Modifier.Caching caching -> caches(opcode, caching);
            case Modifier.VectorWidth _ -> isOne(opcode, Opcode.LD, Opcode.LDU, Opcode.ST);
            case Modifier.Part part -> hasPart(opcode, part, type);
            case Modifier.CountMode _ ->
                    isOne(opcode, Opcode.SHF, Opcode.BMSK, Opcode.SZEXT)
                            || isOne(opcode, Opcode.VSHL, Opcode.VSHR);
            case Modifier.Direction _ -> opcode == Opcode.SHF;
            case Modifier.Permutation _ -> opcode == Opcode.PRMT;
            case Modifier.Shuffle shuffle ->
                    opcode == Opcode.SHFL
                            || (opcode == Opcode.BRX && shuffle == Modifier.Shuffle.IDX);
            case Modifier.Vote vote ->
                    opcode == Opcode.VOTE
                            || (opcode == Opcode.MATCH
                                    && (vote == Modifier.Vote.ALL || vote == Modifier.Vote.ANY));
            case Modifier.Barrier _ -> opcode == Opcode.BAR;
            case Modifier.Property _ -> opcode == Opcode.TESTP;
            case Modifier.InSpace _ ->
                    isMemory(opcode)
                            || isHint(opcode)
                            || isOne(opcode, Opcode.LDU, Opcode.ISSPACEP, Opcode.CVTA)
                            || isOne(opcode, Opcode.FENCE, Opcode.CREATEPOLICY);
            case Modifier.Flag _ -> false;
        };
    }

    private static boolean rounds(Opcode opcode, Modifier.Rounding rounding, PtxType type) {
        boolean toInteger =
                switch (rounding) {
                    case RNA, RNI, RZI, RMI, RPI -> true;
                    case RN, RZ, RM, RP -> false;
                };
        return switch (opcode) {
            case CVT -> rounding != Modifier.Rounding.RNA || type == PtxType.TF32;
            case ADD, SUB, MUL, FMA, MAD ->
                    isWide(type) ? !toInteger : isHalf(type) && rounding == Modifier.Rounding.RN;
            case DIV, RCP, SQRT -> isWide(type) && !toInteger;
            default -> false;
        };
    }

    private static boolean orders(Opcode opcode, Modifier.Semantics semantics) {
        return switch (semantics) {
            case WEAK, VOLATILE, MMIO -> isOne(opcode, Opcode.LD, Opcode.ST);
            case RELAXED -> isMemory(opcode);
            case ACQUIRE -> isOne(opcode, Opcode.LD, Opcode.ATOM, Opcode.FENCE);
            case RELEASE -> isOne(opcode, Opcode.ST, Opcode.ATOM, Opcode.RED, Opcode.FENCE);
            case ACQ_REL -> isOne(opcode, Opcode.ATOM, Opcode.FENCE);
            case SC -> opcode == Opcode.FENCE;
        };
    }

    private static boolean caches(Opcode opcode, Modifier.Caching caching) {
        return switch (caching) {
            case CG, CS -> isOne(opcode, Opcode.LD, Opcode.ST);
            case CA, LU, CV -> opcode == Opcode.LD;
            case WB, WT -> opcode == Opcode.ST;
        };
    }

    private static boolean hasPart(Opcode opcode, Modifier.Part part, PtxType type) {
        return switch (opcode) {
            case MUL, MAD -> type.isInteger() && (part != Modifier.Part.WIDE || type.bits() < 64);
            case MADC, MUL24, MAD24, DP2A -> part != Modifier.Part.WIDE;
            default -> false;
        };
    }

    private static boolean allows(
            Opcode opcode, Modifier.Flag flag, List<Modifier> modifiers, List<PtxType> types) {
        PtxType type = types.isEmpty() ? PtxType.B32 : types.getFirst();
        boolean extremum = opcode == Opcode.MIN || opcode == Opcode.MAX;
        return switch (flag) {
            case FTZ -> flushes(opcode, types);
            case SAT -> saturates(opcode, type, modifiers.contains(Modifier.Part.HI));
            case SATFINITE -> false;
            case RELU ->
                    (extremum && type == PtxType.S32)
                            || (isOne(opcode, Opcode.FMA, Opcode.CVT) && isHalf(type));
            case APPROX -> approximates(opcode, type);
            case FULL -> opcode == Opcode.DIV && type == PtxType.F32;
            case CC ->
                    type.bits() >= 32
                            && !type.isFloat()
                            && isOne(
                                    opcode,
                                    Opcode.ADD,
                                    Opcode.ADDC,
                                    Opcode.SUB,
                                    Opcode.SUBC,
                                    Opcode.MAD,
                                    Opcode.MADC);
            case UNI -> isOne(opcode, Opcode.BRA, Opcode.BRX, Opcode.CALL, Opcode.RET);
            case TO -> opcode == Opcode.CVTA;
            case NAN_RESULT, XORSIGN, ABS -> extremum && (type == PtxType.F32 || isHalf(type));
            case NC -> opcode == Opcode.LD;
            case SHIFTAMT -> opcode == Opcode.BFIND;
            case SYNC ->
                    isOne(
                            opcode,
                            Opcode.SHFL,
                            Opcode.VOTE,
                            Opcode.MATCH,
                            Opcode.REDUX,
                            Opcode.ELECT);
            case WARP, ALIGNED -> opcode == Opcode.BAR;
            case NOFTZ -> isOne(opcode, Opcode.ATOM, Opcode.RED);
            case CACHE_HINT -> isMemory(opcode) || isHint(opcode) || opcode == Opcode.CREATEPOLICY;
            case PROXY, ALIAS, ASYNC -> isOne(opcode, Opcode.FENCE, Opcode.MEMBAR);
            case MASK -> opcode == Opcode.PMEVENT;
            case PACK -> opcode == Opcode.CVT;
            case PO -> opcode == Opcode.VMAD;
        };
    }

    private static boolean flushes(Opcode opcode, List<PtxType> types) {
        PtxType type = types.isEmpty() ? PtxType.B32 : types.getFirst();
        boolean single = type == PtxType.F32;
        boolean half = type == PtxType.F16 || type == PtxType.F16X2;
        return switch (opcode) {
            case ADD, SUB, MUL, FMA, MIN, MAX, ABS, NEG, SETP -> single || half;
            case DIV, MAD, SQRT, SIN, COS, LG2 -> single;
            case RCP, RSQRT -> isWide(type);
            case EX2 -> single || type == PtxType.BF16 || type == PtxType.BF16X2;
            case CVT, SET, SLCT ->
                    types.contains(PtxType.F32)
                            || (opcode == Opcode.SET
                                    && (types.contains(PtxType.F16)
                                            || types.contains(PtxType.F16X2)));
            default -> false;
        };
    }

    private static boolean saturates(Opcode opcode, PtxType type, boolean high) {
        boolean real = type == PtxType.F32 || type == PtxType.F16 || type == PtxType.F16X2;
        return switch (opcode) {
            case ADD, SUB -> real || type == PtxType.S32;
            case MUL, FMA -> real;
            case MAD -> type == PtxType.F32 || (type == PtxType.S32 && high);
            case MAD24 -> type == PtxType.S32 && high;
            case CVT -> type.kind() != PtxType.Kind.PACKED_FLOAT && type != PtxType.TF32;
            default -> isVideo(opcode) || (isScalarVideo(opcode) && opcode != Opcode.VSET);
        };
    }

    private static boolean approximates(Opcode opcode, PtxType type) {
        return switch (opcode) {
            case DIV, SQRT, SIN, COS, LG2 -> type == PtxType.F32;
            case RCP, RSQRT, EX2, TANH -> true;
            default -> false;
        };
    }

    private static boolean isWide(PtxType type) {
        return type == PtxType.F32 || type == PtxType.F64;
    }

    private static boolean isHalf(PtxType type) {
        return switch (type) {
            case F16, BF16, F16X2, BF16X2 -> true;
            default -> false;
        };
    }

    private static boolean isMemory(Opcode opcode) {
        return isOne(opcode, Opcode.LD, Opcode.ST, Opcode.ATOM, Opcode.RED);
    }

    private static boolean isHint(Opcode opcode) {
        return isOne(
                opcode, Opcode.PREFETCH, Opcode.PREFETCHU, Opcode.DISCARD, Opcode.APPLYPRIORITY);
    }

    private static boolean isVideo(Opcode opcode) {
        return opcode.compareTo(Opcode.VADD2) >= 0 && opcode.compareTo(Opcode.VSET4) <= 0;
    }

    private static boolean isScalarVideo(Opcode opcode) {
        return opcode.compareTo(Opcode.VADD) >= 0 && opcode.compareTo(Opcode.VSET) <= 0;
    }

    private static boolean isSecond(Modifier.Reduction reduction) {
        return switch (reduction) {
            case ADD, MIN, MAX -> true;
            default -> false;
        };
    }

    private static boolean selects(Opcode opcode, Modifier.Selector selector) {
        return switch (selector.operand()) {
            case 'a', 'b' -> opcode == Opcode.VMAD || !selector.part().equals("neg");
            case 'c' -> opcode == Opcode.VMAD && selector.part().equals("neg");
            default -> opcode != Opcode.VMAD && !selector.part().equals("neg");
        };
    }

    private static boolean isOne(Opcode opcode, Opcode... known) {
        return List.of(known).contains(opcode);
    }
}
