package org.bitfusion.ptx;

import java.util.List;

/// Checks that an instruction has the operands and types that executors rely on, so that they need
/// not.
final class OperandCheck {
    private OperandCheck() {}

    /// True when count and kinds of the operands fit the operation.
    static boolean fits(Operation operation, List<Operand> operands) {
        int count = operands.size();
        int types = operation.types().size();
        for (Operand operand : operands) {
            if (operand instanceof SpecialRegister special && special.isVector()) {
                return false;
            }
        }
        return switch (operation.opcode()) {
            case BRA, CALL -> count == 1;
            case BRX -> count == 2;
            case RET, EXIT, TRAP, BRKPT, MEMBAR, FENCE, GRIDDEPCONTROL -> count == 0;
            case MOV,
                    NOT,
                    CNOT,
                    ABS,
                    NEG,
                    POPC,
                    CLZ,
                    BFIND,
                    BREV,
                    RCP,
                    SQRT,
                    RSQRT,
                    SIN,
                    COS,
                    LG2,
                    EX2,
                    TANH,
                    CVTA,
                    TESTP ->
                    count == 2 && types >= 1 && writable(operands);
            case LD, LDU ->
                    count >= 2
                            && types == 1
                            && isAddress(operands.get(1))
                            && isAsWide(operation, operands.get(0));
            case ST ->
                    count >= 2
                            && types == 1
                            && isAddress(operands.get(0))
                            && isAsWide(operation, operands.get(1));
            case CVT -> converts(operation, count, types) && writable(operands);
            case VADD, VSUB, VABSDIFF, VMIN, VMAX, VSHL, VSHR ->
                    types == 3 && isScalarVideo(operation, count) && writable(operands);
            case VSET -> types == 2 && isScalarVideo(operation, count) && writable(operands);
            case VMAD -> types == 3 && count == 4 && writable(operands);
            case CREATEPOLICY -> count >= 2 && types == 1 && writable(operands);
            case ALLOCA -> (count == 2 || count == 3) && types == 1 && writable(operands);
            case STACKSAVE -> count == 1 && types == 1 && writable(operands);
            case STACKRESTORE -> count == 1 && types == 1;
            case ADD,
                    ADDC,
                    SUB,
                    SUBC,
                    MUL,
                    MUL24,
                    DIV,
                    REM,
                    MIN,
                    MAX,
                    COPYSIGN,
                    AND,
                    OR,
                    XOR,
                    SHL,
                    SHR,
                    SZEXT,
                    BMSK ->
                    count == (mayHaveThreeSources(operation) ? Math.max(3, Math.min(count, 4)) : 3)
                            && types >= 1
                            && writable(operands);
            case MAD, MADC, MAD24, FMA, SAD, SELP, SLCT, PRMT, FNS, BFE, DP4A, DP2A, SHF ->
                    count == 4 && types >= 1 && writable(operands);
            case BFI -> count == 5 && types >= 1 && writable(operands);
            case LOP3 ->
                    isCombined(operation)
                            ? count == 6 && operands.getFirst() instanceof Operand.Pair
                            : count == 5 && types >= 1 && writable(operands);
            case SETP, SET -> count == (isCombined(operation) ? 4 : 3) && types >= 1;
            case SHFL -> count == 5 || count == 4;
            case ISSPACEP -> count == 2;
            case ATOM -> count >= 3 && types == 1 && isAddress(operands.get(1));
            case RED -> count >= 2 && types == 1 && isAddress(operands.get(0));
            case VOTE, REDUX, MATCH -> count >= 2;
            case ACTIVEMASK -> count == 1;
            case BAR -> count >= 1;
            case NANOSLEEP, ELECT, PMEVENT -> count >= 1;
            case PREFETCH, PREFETCHU, DISCARD, APPLYPRIORITY, UNSUPPORTED -> true;
            case VADD2,
                    VSUB2,
                    VAVRG2,
                    VABSDIFF2,
                    VMIN2,
                    VMAX2,
                    VADD4,
                    VSUB4,
                    VAVRG4,
                    VABSDIFF4,
                    VMIN4,
                    VMAX4 ->
                    count == 4 && types == 3 && writable(operands);
            case VSET2, VSET4 -> count == 4 && types == 2 && writable(operands);
        };
    }

    /// `cvt.pack` has a third type when it is given what to keep of the result.
    private static boolean converts(Operation operation, int count, int types) {
        if (!operation.has(Modifier.Flag.PACK)) {
            return (count == 2 || count == 3) && types == 2;
        }
        int named = types + (operation.modifier(Modifier.Narrow.class).isPresent() ? 1 : 0);
        return operation.has(Modifier.Flag.SAT) && named == count - 1 && (count == 3 || count == 4);
    }

    /// A third source is there for a second operation, and for a result that fills only a part.
    private static boolean isScalarVideo(Operation operation, int count) {
        boolean merges =
                operation.modifiers().stream()
                        .anyMatch(modifier ->
                                modifier instanceof Modifier.Selector selector
                                        && selector.operand() == 'd');
        boolean second = operation.modifier(Modifier.Reduction.class).isPresent();
        return count == (merges || second ? 4 : 3) && !(merges && second);
    }

    private static boolean mayHaveThreeSources(Operation operation) {
        return (operation.opcode() == Opcode.MIN || operation.opcode() == Opcode.MAX)
                && operation.types().contains(PtxType.F32);
    }

    private static boolean isCombined(Operation operation) {
        return operation.modifier(Modifier.Combination.class).isPresent();
    }

    private static boolean writable(List<Operand> operands) {
        return operands.getFirst() instanceof Register
                || operands.getFirst() instanceof Operand.Vector
                || operands.getFirst() instanceof Operand.Sink;
    }

    /// True when what is loaded or stored has as many elements as the operation says.
    private static boolean isAsWide(Operation operation, Operand data) {
        int elements = data instanceof Operand.Vector vector ? vector.elements().size() : 1;
        return elements == operation.vectorWidth();
    }

    private static boolean isAddress(Operand operand) {
        return operand instanceof Operand.Address;
    }
}
