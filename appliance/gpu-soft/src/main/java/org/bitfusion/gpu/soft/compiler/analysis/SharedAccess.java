package org.bitfusion.gpu.soft.compiler.analysis;

import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.StateSpace;
import org.jspecify.annotations.Nullable;

/// An access of shared memory.
///
/// @param variable number of the shared variable that is accessed; -1 when not known
/// @param form the address; null when not known
/// @param alone see [Guards#alone]
record SharedAccess(
        boolean reads,
        boolean writes,
        int bytes,
        int variable,
        @Nullable AddressForm form,
        int alone) {

    /// The access that `instruction` makes; null for one that does not go to shared memory.
    static @Nullable SharedAccess of(
            Instruction instruction, @Nullable AddressForm form, int alone) {
        int variable = -1;
        if (form != null) {
            for (Term term : form.terms().keySet()) {
                variable = term.kind() == Term.Kind.SHARED ? term.first() : variable;
            }
        }
        boolean generic = instruction.operation().space() == StateSpace.GENERIC;
        if (addressOf(instruction) == null || (generic && variable < 0)) {
            return null;
        }
        return new SharedAccess(
                instruction.opcode() != Opcode.ST,
                switch (instruction.opcode()) {
                    case LD, LDU -> false;
                    default -> true;
                },
                instruction.operation().type().bytes() * instruction.operation().vectorWidth(),
                variable,
                form,
                alone);
    }

    /// The memory operand of what may be an access of shared memory; null for other instructions.
    static Operand.@Nullable Address addressOf(Instruction instruction) {
        int index =
                switch (instruction.opcode()) {
                    case LD, LDU, ATOM -> 1;
                    case ST, RED -> 0;
                    default -> -1;
                };
        if (index < 0 || !(instruction.operand(index) instanceof Operand.Address address)) {
            return null;
        }
        return switch (instruction.operation().space()) {
            case SHARED, GENERIC -> address;
            default -> null;
        };
    }

    boolean isAtomic() {
        return reads && writes;
    }

    SharedAccess at(@Nullable AddressForm newForm) {
        return new SharedAccess(reads, writes, bytes, variable, newForm, alone);
    }

    /// The same after the round of a loop in which it happened.
    SharedAccess earlier() {
        return new SharedAccess(reads, writes, bytes, variable, form, -1);
    }

    /// One that stands for both, which happen at the same instruction.
    SharedAccess and(SharedAccess other) {
        AddressForm covering =
                form == null || other.form == null ? null : form.covering(other.form);
        return new SharedAccess(
                reads, writes, bytes, variable, covering, alone == other.alone ? alone : -1);
    }
}
