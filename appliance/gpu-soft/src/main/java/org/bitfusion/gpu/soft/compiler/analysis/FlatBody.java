package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.IdentityHashMap;
import java.util.List;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.PtxFunction;
import org.bitfusion.ptx.Register;
import org.bitfusion.ptx.Symbol;

/// One kernel's code without calls of PTX functions.
///
/// @param name the kernel's
/// @param registers `registers.get(n).number() == n`
/// @param places where parameters and local variables lie
/// @param localBytes local memory per thread
/// @param parameterBytes of the kernel
public record FlatBody(
        String name,
        List<Instruction> instructions,
        List<Register> registers,
        IdentityHashMap<Symbol, Kernel.Place> places,
        long localBytes,
        long parameterBytes) {

    /// The code of `kernel` and of all that it calls.
    public static FlatBody of(PtxFunction kernel) {
        return Inliner.flatten(kernel);
    }
}
