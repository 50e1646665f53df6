package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.SpecialRegister;

/// Which registers an instruction reads and writes. The carry flag of the extended-precision
/// instructions counts as one more register, numbered after all others.
public final class RegisterUse {
    private final int carry;

    public RegisterUse(int registerCount) {
        this.carry = registerCount;
    }

    /// The number of the carry flag.
    public int carry() {
        return carry;
    }

    /// Registers plus the carry flag.
    public int count() {
        return carry + 1;
    }

    public void reads(Instruction instruction, IntConsumer reader) {
        Instruction.Guard guard = instruction.guard();
        if (guard != null) {
            reader.accept(guard.predicate().number());
        }
        int destinations = instruction.destinations();
        for (int index = 0; index < instruction.operandCount(); index++) {
            boolean destination = index < destinations;
            visit(instruction.operand(index), destination, false, r -> reader.accept(r.number()));
        }
        if (readsCarry(instruction.opcode())) {
            reader.accept(carry);
        }
    }

    public void writes(Instruction instruction, IntConsumer writer) {
        for (int index = 0; index < instruction.destinations(); index++) {
            visit(instruction.operand(index), true, true, r -> writer.accept(r.number()));
        }
        if (instruction.opcode() == Opcode.CALL
                && instruction.operand(0) instanceof Operand.Call call) {
            call.results().forEach(r -> visit(r, true, true, w -> writer.accept(w.number())));
        }
        if (instruction.operation().has(Modifier.Flag.CC)) {
            writer.accept(carry);
        }
    }

    private static boolean readsCarry(Opcode opcode) {
        return opcode == Opcode.ADDC || opcode == Opcode.SUBC || opcode == Opcode.MADC;
    }

    /// Visits the registers of one operand: those written when `wantWritten`, else those read.
    private static void visit(
            Operand operand, boolean destination, boolean wantWritten, Consumer<Register> seen) {
        switch (operand) {
            case Register register -> {
                if (destination == wantWritten) {
                    seen.accept(register);
                }
            }
            case Operand.Address address -> {
                if (!wantWritten && address.register() != null) {
                    seen.accept(address.register());
                }
            }
            case Operand.Vector vector ->
                    vector.elements().forEach(e -> visit(e, destination, wantWritten, seen));
            case Operand.Pair pair -> {
                visit(pair.first(), destination, wantWritten, seen);
                visit(pair.second(), destination, wantWritten, seen);
            }
            case Operand.Negated negated -> {
                if (!wantWritten) {
                    seen.accept(negated.predicate());
                }
            }
            case Operand.Call call -> {
                if (!wantWritten) {
                    visit(call.target(), false, false, seen);
                    call.arguments().forEach(a -> visit(a, false, false, seen));
                }
            }
            case SpecialRegister _,
                    Operand.Immediate _,
                    Operand.SymbolAddress _,
                    Operand.Sink _,
                    Operand.Label _,
                    Operand.BranchTargets _ -> {}
        }
    }
}
