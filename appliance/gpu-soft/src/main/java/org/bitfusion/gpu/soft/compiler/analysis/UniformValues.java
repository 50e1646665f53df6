package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxParameter;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.SpecialRegister;
import org.bitfusion.ptx.StateSpace;
import org.jspecify.annotations.Nullable;

/// Registers that hold the same value in all threads of a block and can be computed anew anywhere:
/// written once, by an operation without effects, from launch constants and other such registers.
///
/// Each region that reads one computes it anew, with all that it is computed from; what takes more
/// than [#LONGEST] instructions is kept like any other register.
public final class UniformValues {
    /// Instructions that may be repeated for one value.
    private static final int LONGEST = 64;

    private final @Nullable Instruction[] definitions;
    private final int[] lengths;

    public UniformValues(List<Instruction> code, RegisterUse use) {
        definitions = new @Nullable Instruction[use.count()];
        lengths = new int[use.count()];
        int[] writes = new int[use.count()];
        for (Instruction instruction : code) {
            use.writes(instruction, number -> writes[number]++);
        }
        boolean changed;
        do {
            changed = false;
            for (Instruction instruction : code) {
                if (instruction.operandCount() > 0
                        && instruction.operand(0) instanceof Register register
                        && instruction.destinations() == 1
                        && writes[register.number()] == 1
                        && definitions[register.number()] == null
                        && isUniform(instruction)
                        && length(instruction, use) <= LONGEST) {
                    definitions[register.number()] = instruction;
                    lengths[register.number()] = length(instruction, use);
                    changed = true;
                }
            }
        } while (changed);
    }

    /// With everything that the instruction's operands are computed from, what they share counted
    /// twice.
    private int length(Instruction instruction, RegisterUse use) {
        int[] sum = {1};
        use.reads(instruction, number -> sum[0] += lengths[number]);
        return sum[0];
    }

    public boolean isUniform(int register) {
        return definitions[register] != null;
    }

    /// The only instruction that writes the uniform register, null when the register is not
    /// uniform.
    public @Nullable Instruction definition(int register) {
        return definitions[register];
    }

    /// True when `instruction` is computed before the loop over the threads.
    public boolean isHoisted(Instruction instruction) {
        return instruction.destinations() == 1
                && instruction.operand(0) instanceof Register register
                && definitions[register.number()] != null;
    }

    BitSet all() {
        BitSet set = new BitSet();
        for (int number = 0; number < definitions.length; number++) {
            if (definitions[number] != null) {
                set.set(number);
            }
        }
        return set;
    }

    private boolean isUniform(Instruction instruction) {
        return instruction.guard() == null && isComputedFrom(instruction, this::isUniform);
    }

    /// True when what the instruction writes depends on nothing but launch constants and registers
    /// that `same` is true for.
    static boolean isComputedFrom(Instruction instruction, IntPredicate same) {
        if (instruction.operation().has(Modifier.Flag.CC)) {
            return false;
        }
        boolean pure =
                switch (instruction.opcode()) {
                    case ADD,
                            SUB,
                            MUL,
                            MAD,
                            DIV,
                            REM,
                            ABS,
                            NEG,
                            MIN,
                            MAX,
                            AND,
                            OR,
                            XOR,
                            NOT,
                            SHL,
                            SHR,
                            SHF,
                            MOV,
                            CVT,
                            SELP,
                            SETP,
                            FMA,
                            RCP,
                            SQRT,
                            RSQRT,
                            POPC,
                            CLZ,
                            BFE,
                            BFI,
                            LOP3 ->
                            true;
                    case CVTA -> instruction.operation().space() != StateSpace.LOCAL;
                    case LD ->
                            instruction.operation().space() == StateSpace.PARAM
                                    && instruction.operation().vectorWidth() == 1;
                    default -> false;
                };
        if (!pure) {
            return false;
        }
        for (int index = 1; index < instruction.operandCount(); index++) {
            if (!isSame(instruction.operand(index), instruction.opcode() == Opcode.LD, same)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSame(Operand operand, boolean load, IntPredicate same) {
        return switch (operand) {
            case Register register -> same.test(register.number());
            case Operand.Negated negated -> same.test(negated.predicate().number());
            case Operand.Immediate _ -> true;
            case Operand.SymbolAddress address ->
                    !(address.symbol() instanceof PtxParameter parameter)
                            || isKernelParameter(parameter);
            case SpecialRegister special -> isUniform(special);
            case Operand.Address address ->
                    load
                            && address.register() == null
                            && address.symbol() instanceof PtxParameter parameter
                            && isKernelParameter(parameter);
            default -> false;
        };
    }

    private static boolean isKernelParameter(PtxParameter parameter) {
        return parameter.space() == StateSpace.PARAM && !parameter.result();
    }

    private static boolean isUniform(SpecialRegister special) {
        return switch (special.name()) {
            case NTID,
                    CTAID,
                    NCTAID,
                    ENVREG,
                    DYNAMIC_SMEM_SIZE,
                    TOTAL_SMEM_SIZE,
                    NWARPID,
                    NSMID,
                    GRIDID ->
                    true;
            default -> false;
        };
    }
}
