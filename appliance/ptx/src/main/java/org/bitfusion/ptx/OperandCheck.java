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
            case CVT -> (count == 2 || count == 3) && types == 2 && writable(operands);
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
            case BFI, LOP3 -> count == 5 && types >= 1 && writable(operands);
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
                    VSET2,
                    VADD4,
                    VSUB4,
                    VAVRG4,
                    VABSDIFF4,
                    VMIN4,
                    VMAX4,
                    VSET4 ->
                    count == 4 && types == 3 && writable(operands);
        };
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
