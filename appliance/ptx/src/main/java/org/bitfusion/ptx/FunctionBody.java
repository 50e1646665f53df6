package org.bitfusion.ptx;

import java.util.List;
import java.util.Map;

/// A function's code.
///
/// @param instructions in text order; control that runs past the last one returns
/// @param registers every register in use; `registers.get(n).number() == n`
/// @param registerCounts how many registers each [Register.File] has; absent means none
/// @param variables .local, .shared and call .param variables, .local and .param with offsets
/// @param localBytes bytes of the local frame
/// @param localAlignment alignment of the local frame
/// @param callBytes bytes of the area for .param variables of calls made by this body
/// @param labels label → index of the instruction that follows; only outermost labels
public record FunctionBody(
        List<Instruction> instructions,
        List<Register> registers,
        Map<Register.File, Integer> registerCounts,
        List<Variable> variables,
        long localBytes,
        int localAlignment,
        long callBytes,
        Map<String, Integer> labels) {

    public FunctionBody {
        instructions = List.copyOf(instructions);
        registers = List.copyOf(registers);
        registerCounts = Map.copyOf(registerCounts);
        variables = List.copyOf(variables);
        labels = Map.copyOf(labels);
    }

    public int registerCount(Register.File file) {
        return registerCounts.getOrDefault(file, 0);
    }
}
