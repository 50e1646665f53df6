package org.bitfusion.ptx;

import java.util.List;
import java.util.Optional;

/// The first word of an instruction, understood: opcode, modifiers in the order of the text, types
/// in the order of the text. Interned per distinct text by the parser, so it can serve as a cache
/// key.
///
/// @param form the word itself, for instance `ld.global.nc.v4.f32`: the notation of coverage
///   reports
public record Operation(String form, Opcode opcode, List<Modifier> modifiers, List<PtxType> types) {

    public Operation {
        modifiers = List.copyOf(modifiers);
        types = List.copyOf(types);
    }

    /// Understands an instruction's first word; what is not understood has the opcode UNSUPPORTED.
    public static Operation of(String form) {
        return OperationReader.read(form);
    }

    public boolean has(Modifier modifier) {
        return modifiers.contains(modifier);
    }

    /// The first modifier of the given kind.
    public <M extends Modifier> Optional<M> modifier(Class<M> kind) {
        for (Modifier modifier : modifiers) {
            if (kind.isInstance(modifier)) {
                return Optional.of(kind.cast(modifier));
            }
        }
        return Optional.empty();
    }

    /// The state space of the access, GENERIC when none is named.
    public StateSpace space() {
        return modifier(Modifier.InSpace.class)
                .map(Modifier.InSpace::space)
                .orElse(StateSpace.GENERIC);
    }

    public Modifier.Semantics semantics() {
        return modifier(Modifier.Semantics.class).orElse(Modifier.Semantics.WEAK);
    }

    /// Elements of a vector access; 1 when it is none.
    public int vectorWidth() {
        return modifier(Modifier.VectorWidth.class).map(Modifier.VectorWidth::count).orElse(1);
    }

    /// The only or destination type.
    ///
    /// @throws PtxException when the instruction has no type
    public PtxType type() {
        return type(0);
    }

    /// The type at `index` in the order of the text; cvt and set have destination then source.
    ///
    /// @throws PtxException when there are fewer types
    public PtxType type(int index) {
        if (index >= types.size()) {
            throw new PtxException(0, form + ": type " + index + " is missing");
        }
        return types.get(index);
    }
}
