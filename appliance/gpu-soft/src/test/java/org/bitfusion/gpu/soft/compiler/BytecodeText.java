package org.bitfusion.gpu.soft.compiler;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ExceptionCatch;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.NewReferenceArrayInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// A class file as text for people: one instruction per line, labels numbered where they are bound,
/// package names of this module left out. The same bytes always give the same text.
final class BytecodeText {
    private final StringBuilder text = new StringBuilder();
    private final Map<Label, String> labels = new HashMap<>();

    private BytecodeText() {}

    static String of(byte[] classFile) {
        ClassModel model = ClassFile.of().parse(classFile);
        BytecodeText text = new BytecodeText();
        text.line("class " + model.thisClass().asInternalName());
        model.interfaces().forEach(each -> text.line("implements " + each.asInternalName()));
        model.fields()
                .forEach(field ->
                        text.line(
                                "field %s %s"
                                        .formatted(
                                                field.fieldName().stringValue(),
                                                field.fieldType().stringValue())));
        model.methods().forEach(text::method);
        return text.text.toString();
    }

    private void line(String line) {
        text.append(line.replace("org/bitfusion/gpu/soft/", "")).append('\n');
    }

    private void method(MethodModel method) {
        line("");
        line(
                "method %s %s"
                        .formatted(
                                method.methodName().stringValue(),
                                method.methodType().stringValue()));
        method.code().ifPresent(this::code);
    }

    private void code(CodeModel code) {
        labels.clear();
        Set<Label> targets = new HashSet<>();
        code.forEach(element -> targets.addAll(targets(element)));
        for (CodeElement element : code) {
            if (element instanceof LabelTarget bound && targets.contains(bound.label())) {
                labels.put(bound.label(), "L" + labels.size());
            }
        }
        for (CodeElement element : code) {
            switch (element) {
                case LabelTarget bound when labels.containsKey(bound.label()) ->
                        line("  " + labels.get(bound.label()) + ":");
                case ExceptionCatch caught ->
                        line(
                                "    catch %s to %s of %s into %s"
                                        .formatted(
                                                labels.get(caught.tryStart()),
                                                labels.get(caught.tryEnd()),
                                                caught.catchType()
                                                        .map(type -> type.asInternalName())
                                                        .orElse("everything"),
                                                labels.get(caught.handler())));
                case Instruction instruction ->
                        line(
                                ("    " + name(instruction) + " " + operands(instruction))
                                        .stripTrailing());
                default -> {}
            }
        }
    }

    private static Set<Label> targets(CodeElement element) {
        return switch (element) {
            case BranchInstruction branch -> Set.of(branch.target());
            case ExceptionCatch caught ->
                    Set.of(caught.tryStart(), caught.tryEnd(), caught.handler());
            case TableSwitchInstruction each -> targets(each.defaultTarget(), each.cases());
            case LookupSwitchInstruction each -> targets(each.defaultTarget(), each.cases());
            default -> Set.of();
        };
    }

    private static Set<Label> targets(Label otherwise, List<SwitchCase> cases) {
        Set<Label> all = cases.stream().map(SwitchCase::target).collect(Collectors.toSet());
        all.add(otherwise);
        return all;
    }

    /// `iload_1` and `iload 1` read the same.
    private static String name(Instruction instruction) {
        String name = instruction.opcode().name().toLowerCase(Locale.ROOT);
        return switch (instruction) {
            case LoadInstruction _, StoreInstruction _ -> name.replaceAll("(_[0-9]|_w)$", "");
            case ConstantInstruction _ -> "push";
            default -> name;
        };
    }

    private String operands(Instruction instruction) {
        return switch (instruction) {
            case LoadInstruction load -> String.valueOf(load.slot());
            case StoreInstruction store -> String.valueOf(store.slot());
            case IncrementInstruction each -> each.slot() + " " + each.constant();
            case ConstantInstruction constant -> constant(constant);
            case BranchInstruction branch -> String.valueOf(labels.get(branch.target()));
            case FieldInstruction field ->
                    "%s.%s %s"
                            .formatted(
                                    field.owner().asInternalName(),
                                    field.name().stringValue(),
                                    field.type().stringValue());
            case InvokeInstruction call ->
                    "%s.%s %s"
                            .formatted(
                                    call.owner().asInternalName(),
                                    call.name().stringValue(),
                                    call.type().stringValue());
            case InvokeDynamicInstruction call ->
                    call.name().stringValue() + " " + call.type().stringValue();
            case NewObjectInstruction each -> each.className().asInternalName();
            case NewPrimitiveArrayInstruction each -> each.typeKind().name();
            case NewReferenceArrayInstruction each -> each.componentType().asInternalName();
            case TypeCheckInstruction each -> each.type().asInternalName();
            case TableSwitchInstruction each -> cases(each.defaultTarget(), each.cases());
            case LookupSwitchInstruction each -> cases(each.defaultTarget(), each.cases());
            default -> "";
        };
    }

    private static String constant(ConstantInstruction instruction) {
        return switch (instruction.constantValue()) {
            case Long value -> value + "L";
            case Float value -> value + "f";
            case Double value -> value + "d";
            default -> String.valueOf(instruction.constantValue());
        };
    }

    private String cases(Label otherwise, List<SwitchCase> cases) {
        return cases.stream()
                .map(each -> each.caseValue() + ":" + labels.get(each.target()))
                .collect(Collectors.joining(" ", "", " else:" + labels.get(otherwise)));
    }
}
