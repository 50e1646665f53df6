package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.IdentityHashMap;
import java.util.Objects;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Operand;
import org.bitfusion.ptx.PtxType;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.SpecialRegister;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Variable;
import org.jspecify.annotations.Nullable;

/// What instructions compute, as sums where that can be said.
final class FormReader {
    private static final int LANES = 32;
    private static final int LANE_BITS = 5;

    /// Names of all dynamic shared memory stand for one place.
    private static final int DYNAMIC = 0;

    private final IdentityHashMap<Variable, Integer> variables = new IdentityHashMap<>();
    private final Variations variations;

    FormReader(Variations variations) {
        this.variations = variations;
    }

    /// What the only register that `instruction` writes holds after it; null when that is no sum of
    /// known values.
    @Nullable AddressForm result(Instruction instruction, @Nullable AddressForm[] state) {
        if (!isWhole(instruction)) {
            return null;
        }
        @Nullable AddressForm[] in = new AddressForm[4];
        for (int index = 1; index < Math.min(in.length, instruction.operandCount()); index++) {
            in[index] = value(instruction.operand(index), state);
        }
        AddressForm a = in[1];
        AddressForm b = in[2];
        if (a == null) {
            return null;
        }
        return switch (instruction.opcode()) {
            case MOV, CVT, CVTA -> a;
            case NEG -> a.times(-1);
            case ADD -> b == null ? null : a.plus(b, 1);
            case SUB -> b == null ? null : a.minus(b);
            case MUL -> b == null ? null : product(a, b);
            case MAD -> sum(b == null ? null : product(a, b), in[3]);
            case SHL -> b == null || !b.isConstant() ? null : a.times(1L << (b.constant() & 31));
            case AND -> b == null ? null : masked(a, b);
            case OR -> b == null ? null : joined(a, b);
            case SHR -> b == null || !isSign(a, b) ? null : AddressForm.ZERO;
            default -> null;
        };
    }

    private static @Nullable AddressForm sum(@Nullable AddressForm a, @Nullable AddressForm b) {
        return a == null || b == null ? null : a.plus(b, 1);
    }

    private static @Nullable AddressForm product(AddressForm a, AddressForm b) {
        if (b.isConstant()) {
            return a.times(b.constant());
        }
        return a.isConstant() ? b.times(a.constant()) : null;
    }

    /// `thread & 31` is the lane, `thread & -32` what is left of the thread.
    private @Nullable AddressForm masked(AddressForm a, AddressForm b) {
        if (!b.isConstant() || !variations.isThreadNumber(a)) {
            return null;
        }
        if (b.constant() == LANES - 1) {
            return AddressForm.of(Term.LANE);
        }
        boolean clearsLane = (int) b.constant() == -LANES || b.constant() == 1024 - LANES;
        return clearsLane ? a.minus(AddressForm.of(Term.LANE)) : null;
    }

    /// True for the sign bit of a number that is never negative: part of signed divisions.
    private boolean isSign(AddressForm a, AddressForm b) {
        boolean zero = a.equals(AddressForm.ZERO);
        return zero || (b.constant() == 31 && b.isConstant() && variations.isThreadNumber(a));
    }

    /// An `or` of bits that are known to be 0 adds.
    private static @Nullable AddressForm joined(AddressForm a, AddressForm b) {
        if (!b.isConstant() || b.constant() < 0) {
            return null;
        }
        long divisor = Math.abs(a.constant());
        for (long factor : a.terms().values()) {
            divisor = AddressForm.greatestDivisor(divisor, factor);
        }
        boolean free = Long.lowestOneBit(divisor) > b.constant() || divisor == 0;
        return free ? a.plus(b, 1) : null;
    }

    /// True for the part of the thread's number that all lanes of a warp have in common.
    static boolean isWarpNumber(Instruction instruction) {
        return switch (instruction.opcode()) {
            case SHR ->
                    instruction.operand(2) instanceof Operand.Immediate by
                            && by.bitsAs(PtxType.U32) >= LANE_BITS;
            case DIV ->
                    instruction.operand(2) instanceof Operand.Immediate by
                            && by.bitsAs(PtxType.U32) % LANES == 0;
            default -> false;
        };
    }

    /// True for integers of the width of addresses and indexes, without carries.
    private static boolean isWhole(Instruction instruction) {
        if (instruction.operation().has(Modifier.Flag.CC)
                || instruction.operation().has(Modifier.Flag.SAT)
                || instruction.operation().has(Modifier.Part.HI)) {
            return false;
        }
        return instruction.operation().types().stream()
                .allMatch(type -> !type.isFloat() && type.bits() >= 32 && type.bits() <= 64);
    }

    /// The value of a source; null when it is not one that addresses are made of.
    @Nullable AddressForm value(Operand operand, @Nullable AddressForm[] state) {
        return switch (operand) {
            case Register register -> state[register.number()];
            case Operand.Immediate immediate ->
                    immediate.kind() == Operand.Immediate.Kind.INTEGER
                            ? AddressForm.of(immediate.bits())
                            : null;
            case Operand.SymbolAddress address ->
                    address.symbol() instanceof Variable variable
                                    && variable.space() == StateSpace.SHARED
                            ? shared(variable, address.offset())
                            : null;
            case SpecialRegister special -> special(special);
            default -> null;
        };
    }

    /// Where a memory operand points; null when nobody knows.
    @Nullable AddressForm address(Operand.Address address, @Nullable AddressForm[] state) {
        Register register = address.register();
        if (address.symbol() instanceof Variable variable) {
            return variable.space() == StateSpace.SHARED
                    ? shared(variable, address.offset())
                    : null;
        }
        if (register == null) {
            return address.symbol() == null ? AddressForm.of(address.offset()) : null;
        }
        AddressForm form = state[register.number()];
        return form == null ? null : form.plus(AddressForm.of(address.offset()), 1);
    }

    private AddressForm shared(Variable variable, long offset) {
        int number =
                variable.isDynamicShared()
                        ? DYNAMIC
                        : Objects.requireNonNull(
                                variables.computeIfAbsent(variable, _ -> variables.size() + 1));
        return AddressForm.of(new Term(Term.Kind.SHARED, number, 0))
                .plus(AddressForm.of(offset), 1);
    }

    private static @Nullable AddressForm special(SpecialRegister special) {
        return switch (special.name()) {
            case TID -> AddressForm.of(new Term(Term.Kind.THREAD, special.index(), 0));
            case NTID -> AddressForm.of(new Term(Term.Kind.BLOCK_SIZE, special.index(), 0));
            case LANEID -> AddressForm.of(Term.LANE);
            default -> null;
        };
    }
}
