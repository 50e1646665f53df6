package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.execution.ProgramFactory;
import org.bitfusion.ptx.PtxException;

/// Makes kernels ready for interpretation; never declines what the oracle can be asked.
public final class InterpreterFactory implements ProgramFactory {
    @Override
    public String name() {
        return "interpreter";
    }

    @Override
    public Preparation prepare(Source source) {
        try {
            return new Preparation.Ready(InterpretedKernel.of(source.module(), source.kernel()));
        } catch (PtxException malformed) {
            return new Preparation.Invalid(String.valueOf(malformed.getMessage()));
        }
    }
}
