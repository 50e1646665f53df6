package org.bitfusion.ptx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// An operand with its names resolved.
public sealed interface Operand
        permits Register,
                SpecialRegister,
                Operand.Immediate,
                Operand.Address,
                Operand.SymbolAddress,
                Operand.Vector,
                Operand.Pair,
                Operand.Negated,
                Operand.Sink,
                Operand.Label,
                Operand.BranchTargets,
                Operand.Call {

    /// A constant. Integers carry 64 bits; `0f…` carries float bits (low 32), `0d…` and decimal
    /// fractions double bits.
    record Immediate(Kind kind, long bits) implements Operand {
        /// How the constant was written.
        public enum Kind {
            INTEGER,
            FLOAT32,
            FLOAT64
        }

        /// The bits of this constant as an operand of type `type`: integers truncated, floats
        /// rounded to the type when both are floats, raw bits where an untyped or integer
        /// instruction is given a float constant.
        public long bitsAs(PtxType type) {
            return ImmediateBits.of(this, type);
        }
    }

    /// A memory operand: register or symbol (or neither: an absolute address) plus a byte offset.
    record Address(@Nullable Register register, @Nullable Symbol symbol, long offset)
            implements Operand {}

    /// The address of a symbol as a value (mov), or a function or parameter named as an operand.
    record SymbolAddress(Symbol symbol, long offset) implements Operand {}

    /// `{a, b, …}`.
    record Vector(List<Operand> elements) implements Operand {
        public Vector {
            elements = List.copyOf(elements);
        }
    }

    /// `first|second` of setp, shfl and match; either may be a sink.
    record Pair(Operand first, Operand second) implements Operand {}

    /// `!p`.
    record Negated(Register predicate) implements Operand {}

    /// `_`: the result is not wanted.
    record Sink() implements Operand {}

    /// A place in the body.
    ///
    /// @param target index of the instruction that follows the label; equals the instruction count
    ///   at the end
    record Label(String name, int target) implements Operand {}

    /// The table of an indexed branch.
    record BranchTargets(List<Label> labels) implements Operand {
        public BranchTargets {
            labels = List.copyOf(labels);
        }
    }

    /// The single operand of `call`.
    ///
    /// @param results where results go: symbols of the .param space or registers
    /// @param target a function's SymbolAddress, or a register that holds a function address
    /// @param arguments symbols of the .param space, registers or constants
    /// @param prototype the layout of an indirect call; null for direct ones
    record Call(
            List<Operand> results,
            Operand target,
            List<Operand> arguments,
            @Nullable Prototype prototype)
            implements Operand {
        public Call {
            results = List.copyOf(results);
            arguments = List.copyOf(arguments);
        }
    }

    /// What `.callprototype` declares.
    record Prototype(List<PtxParameter> results, List<PtxParameter> parameters) {
        public Prototype {
            results = List.copyOf(results);
            parameters = List.copyOf(parameters);
        }
    }
}
