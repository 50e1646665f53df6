package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.IdentityHashMap;
import java.util.List;
import org.bitfusion.ptx.FunctionBody;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.PtxParameter;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.StateSpace;
import org.bitfusion.ptx.Symbol;
import org.bitfusion.ptx.Variable;

/// One kernel's code without calls of PTX functions.
///
/// @param name the kernel's
/// @param registers `registers.get(n).number() == n`
/// @param places where parameters and local variables lie
/// @param localBytes local memory per thread
public record FlatBody(
        String name,
        List<Instruction> instructions,
        List<Register> registers,
        IdentityHashMap<Symbol, Kernel.Place> places,
        long localBytes) {

    /// A kernel that calls nothing.
    public static FlatBody of(PtxFunction kernel) {
        FunctionBody body = kernel.body();
        IdentityHashMap<Symbol, Kernel.Place> places = new IdentityHashMap<>();
        for (PtxParameter parameter : kernel.parameters()) {
            places.put(parameter, new Kernel.Place(StateSpace.PARAM, parameter.offset()));
        }
        long callStart = (body.localBytes() + 15) & -16;
        for (Variable variable : body.variables()) {
            switch (variable.space()) {
                case LOCAL ->
                        places.put(variable, new Kernel.Place(StateSpace.LOCAL, variable.offset()));
                case PARAM ->
                        places.put(
                                variable,
                                new Kernel.Place(StateSpace.LOCAL, callStart + variable.offset()));
                default -> {}
            }
        }
        return new FlatBody(
                kernel.name(),
                body.instructions(),
                body.registers(),
                places,
                callStart + body.callBytes());
    }
}
