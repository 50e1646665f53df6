package org.bitfusion.gpu.soft.compiler.emission;

import org.bitfusion.gpu.soft.compiler.Declined;
import org.bitfusion.gpu.soft.compiler.analysis.BridgedForms;
import org.bitfusion.gpu.soft.compiler.runtime.Memory;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.PtxType;

/// The table of emitters: which family writes which operation.
final class InstructionEmitter {
    private InstructionEmitter() {}

    /// Writes one instruction that is neither a branch nor a cut; its guard has been dealt with.
    ///
    /// @throws BridgedForms.Again when the instruction turns out to be one for the interpreter's
    ///   step after parts of it have been written
    static void emit(Code code, Instruction instruction) {
        BridgedForms bridged = code.kernel().bridged();
        if (bridged.contains(instruction)) {
            BridgeEmitter.emit(code, instruction);
            return;
        }
        try {
            emitDirectly(code, instruction);
        } catch (Declined declined) {
            if (bridged.add(instruction)) {
                throw new BridgedForms.Again(instruction.form());
            }
            throw declined;
        }
    }

    private static void emitDirectly(Code code, Instruction instruction) {
        switch (instruction.opcode()) {
            case ADD, SUB, MUL, MAD, FMA, DIV, REM, ABS, NEG, MIN, MAX ->
                    arithmetic(code, instruction);
            case ADDC, SUBC, MADC -> CarryEmitter.emit(code, instruction);
            case MUL24, MAD24, SAD, DP4A, DP2A -> IntegerEmitter.special(code, instruction);
            case POPC, CLZ, BFIND, FNS, BREV, BFE, BFI, SZEXT, BMSK, LOP3, SHF, SHL, SHR, PRMT ->
                    BitsEmitter.emit(code, instruction);
            case AND, OR, XOR, NOT, CNOT -> BitsEmitter.logic(code, instruction);
            case TESTP, COPYSIGN, RCP, SQRT, RSQRT, SIN, COS, LG2, EX2, TANH ->
                    FloatEmitter.function(code, instruction);
            case SET, SETP -> ComparisonEmitter.emit(code, instruction);
            case SELP, SLCT -> ComparisonEmitter.select(code, instruction);
            case MOV -> MoveEmitter.emit(code, instruction);
            case CVT -> ConversionEmitter.emit(code, instruction);
            case CVTA ->
                    Addresses.convert(
                            code, instruction, instruction.operation().has(Modifier.Flag.TO));
            case CREATEPOLICY -> {
                code.builder().lconst_0();
                code.store(instruction.operand(0), PtxType.B64);
            }
            case ISSPACEP -> MoveEmitter.isInSpace(code, instruction);
            case LD, LDU -> MemoryEmitter.load(code, code.plan(), instruction);
            case ST -> MemoryEmitter.store(code, code.plan(), instruction);
            case ATOM, RED -> AtomicEmitter.emit(code, code.plan(), instruction);
            case MEMBAR, FENCE -> code.call(Memory.class, "fence", void.class);
            case PREFETCH,
                    PREFETCHU,
                    DISCARD,
                    APPLYPRIORITY,
                    NANOSLEEP,
                    PMEVENT,
                    GRIDDEPCONTROL -> {}
            case CALL -> CallEmitter.emit(code, instruction);
            case TRAP, BRKPT -> {
                code.call(Memory.class, "trap", org.bitfusion.gpu.soft.execution.KernelFault.class);
                code.builder().athrow();
            }
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
                    VideoEmitter.emit(code, instruction);
            default -> throw new Declined(instruction.form());
        }
    }

    private static void arithmetic(Code code, Instruction instruction) {
        switch (instruction.operation().type().kind()) {
            case FLOAT, PACKED_FLOAT -> FloatEmitter.arithmetic(code, instruction);
            default -> {
                if (instruction.operation().has(Modifier.Flag.CC)) {
                    CarryEmitter.emit(code, instruction);
                } else {
                    IntegerEmitter.arithmetic(code, instruction);
                }
            }
        }
    }
}
