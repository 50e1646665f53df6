package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.ptx.Instruction;

/// Which class decodes which opcode.
final class Decoder {
    private Decoder() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        return switch (instruction.opcode()) {
            case ADD, SUB, MUL, MIN, MAX, ABS, NEG, DIV, FMA, MAD -> arithmetic(code, instruction);
            case ADDC, SUBC, MADC -> CarrySteps.decode(code, instruction);
            case REM, MUL24, MAD24, SAD, POPC, CLZ, BFIND, DP4A, DP2A ->
                    IntegerSteps.decode(code, instruction);
            case RCP, SQRT, RSQRT, SIN, COS, LG2, EX2, TANH, TESTP, COPYSIGN ->
                    FunctionSteps.decode(code, instruction);
            case AND,
                    OR,
                    XOR,
                    NOT,
                    CNOT,
                    LOP3,
                    SHF,
                    SHL,
                    SHR,
                    FNS,
                    BREV,
                    BFE,
                    BFI,
                    SZEXT,
                    BMSK,
                    PRMT ->
                    BitSteps.decode(code, instruction);
            case SET, SETP, SELP, SLCT -> CompareSteps.decode(code, instruction);
            case MOV, CVTA, ISSPACEP, CREATEPOLICY -> MoveSteps.decode(code, instruction);
            case CVT -> ConvertSteps.decode(code, instruction);
            case LD, LDU, ST -> MemorySteps.decode(code, instruction);
            case ATOM, RED -> AtomicSteps.decode(code, instruction);
            case SHFL, VOTE, MATCH, ACTIVEMASK, REDUX, ELECT -> WarpSteps.decode(code, instruction);
            case BAR,
                    MEMBAR,
                    FENCE,
                    BRA,
                    BRX,
                    CALL,
                    RET,
                    EXIT,
                    TRAP,
                    NANOSLEEP,
                    BRKPT,
                    PMEVENT,
                    GRIDDEPCONTROL,
                    PREFETCH,
                    PREFETCHU,
                    DISCARD,
                    APPLYPRIORITY ->
                    ControlSteps.decode(code, instruction);
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
                    VideoSteps.decode(code, instruction);
            case VSET2, VSET4 -> VideoSteps.compare(code, instruction);
            case VADD, VSUB, VABSDIFF, VMIN, VMAX, VSHL, VSHR, VMAD, VSET ->
                    ScalarVideoSteps.decode(code, instruction);
            case ALLOCA, STACKSAVE, STACKRESTORE -> StackSteps.decode(code, instruction);
            case UNSUPPORTED -> throw code.unsupported();
        };
    }

    private static Step arithmetic(CodeBuilder code, Instruction instruction) {
        return switch (instruction.operation().type()) {
            case F32 -> FloatSteps.decode(code, instruction);
            case F64 -> DoubleSteps.decode(code, instruction);
            case F16, BF16, F16X2, BF16X2 -> HalfSteps.decode(code, instruction);
            default ->
                    instruction.operation().has(org.bitfusion.ptx.Modifier.Flag.CC)
                            ? CarrySteps.decode(code, instruction)
                            : IntegerSteps.decode(code, instruction);
        };
    }
}
