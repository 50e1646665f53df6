package org.bitfusion.gpu.soft.interpreter;

import org.bitfusion.gpu.soft.arithmetic.ScalarVideo;
import org.bitfusion.gpu.soft.arithmetic.ScalarVideo.Part;
import org.bitfusion.ptx.Instruction;
import org.bitfusion.ptx.Modifier;
import org.bitfusion.ptx.Opcode;
import org.bitfusion.ptx.Operation;
import org.bitfusion.ptx.PtxType;

/// Scalar video instructions.
final class ScalarVideoSteps {
    private ScalarVideoSteps() {}

    static Step decode(CodeBuilder code, Instruction instruction) {
        Operation operation = instruction.operation();
        boolean compares = instruction.opcode() == Opcode.VSET;
        boolean aSigned = operation.type(compares ? 0 : 1).isSigned();
        boolean bSigned = operation.type(compares ? 1 : 2).isSigned();
        Part aPart = part(operation, 'a');
        Part bPart = part(operation, 'b');
        int d = code.destination(instruction);
        int a = code.source(instruction, 1, PtxType.U32);
        int b = code.source(instruction, 2, PtxType.U32);
        int c =
                instruction.operandCount() == 4
                        ? code.source(instruction, 3, PtxType.U32)
                        : code.constant(0);
        Operands operands = new Operands(a, aPart, aSigned, b, bPart, bSigned, c);
        if (instruction.opcode() == Opcode.VMAD) {
            ScalarVideo.Product product = product(operation, aSigned || bSigned);
            return t ->
                    t.registers[d] =
                            ScalarVideo.multiplyAdd(
                                    product,
                                    operands.first(t),
                                    operands.second(t),
                                    operands.third(t));
        }
        ScalarVideo.Kind kind =
                new ScalarVideo.Kind(
                        instruction.opcode(),
                        part(operation, 'd'),
                        !compares && operation.type(0).isSigned(),
                        operation.has(Modifier.Flag.SAT),
                        operation.has(Modifier.CountMode.WRAP),
                        operation.modifier(Modifier.Comparison.class).orElse(null),
                        operation.modifier(Modifier.Reduction.class).orElse(null));
        return t ->
                t.registers[d] =
                        ScalarVideo.apply(
                                kind, operands.first(t), operands.second(t), operands.third(t));
    }

    /// Where the sources lie and which parts of them are meant.
    private record Operands(
            int a, Part aPart, boolean aSigned, int b, Part bPart, boolean bSigned, int c) {
        long first(CudaThread thread) {
            return aPart.of((int) thread.registers[a], aSigned);
        }

        long second(CudaThread thread) {
            return bPart.of((int) thread.registers[b], bSigned);
        }

        int third(CudaThread thread) {
            return (int) thread.registers[c];
        }
    }

    private static ScalarVideo.Product product(Operation operation, boolean signed) {
        boolean negated = isNegated(operation, 'a') != isNegated(operation, 'b');
        boolean third = isNegated(operation, 'c');
        return new ScalarVideo.Product(
                negated,
                third,
                operation.has(Modifier.Flag.PO),
                operation.modifier(Modifier.Scale.class).map(Modifier.Scale::count).orElse(0),
                operation.has(Modifier.Flag.SAT),
                signed || negated || third);
    }

    private static boolean isNegated(Operation operation, char operand) {
        return operation.modifiers().contains(new Modifier.Selector(operand, "neg"));
    }

    private static Part part(Operation operation, char operand) {
        for (Modifier modifier : operation.modifiers()) {
            if (modifier instanceof Modifier.Selector selector
                    && selector.operand() == operand
                    && !selector.part().equals("neg")) {
                return Part.of(selector.part());
            }
        }
        return Part.WHOLE;
    }
}
