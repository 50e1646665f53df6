package org.bitfusion.ptx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One instruction.
///
/// @param operands in the order of the text, destination first where there is one; empty when
///   unsupported
/// @param guard the predicate that decides whether it executes; null when it always does
/// @param line line of the module's text
public record Instruction(
        Operation operation, List<Operand> operands, @Nullable Guard guard, int line) {

    public Instruction {
        operands = List.copyOf(operands);
    }

    /// `@p` or `@!p`.
    public record Guard(Register predicate, boolean negated) {}

    public Opcode opcode() {
        return operation.opcode();
    }

    /// The notation of coverage reports, for instance `mad.lo.s32`.
    public String form() {
        return operation.form();
    }

    public Operand operand(int index) {
        return operands.get(index);
    }

    public int operandCount() {
        return operands.size();
    }

    /// How many of the first operands are written: 0 or 1.
    public int destinations() {
        if (opcode() == Opcode.BAR) {
            return operation.has(Modifier.Barrier.RED) ? 1 : 0;
        }
        return opcode().destinations();
    }

    /// True when control never reaches the next instruction (unless the guard says no).
    public boolean endsFlow() {
        return switch (opcode()) {
            case BRA, BRX, RET, EXIT, TRAP -> true;
            default -> false;
        };
    }
}
