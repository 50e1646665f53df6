package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bitfusion.gpu.soft.compiler.analysis.Convergence;
import org.bitfusion.gpu.soft.compiler.analysis.Cut;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.analysis.Region;
import org.bitfusion.gpu.soft.compiler.runtime.CutPoint;
import org.bitfusion.gpu.soft.compiler.runtime.Frame;
import org.bitfusion.gpu.soft.compiler.runtime.RegionCode;

/// Writes the class of one kernel: a method per region, and `run`, which picks one.
public final class KernelEmitter {
    private static final ClassDesc FRAME = ClassDesc.ofDescriptor(Frame.class.descriptorString());
    private static final MethodTypeDesc REGION =
            MethodTypeDesc.of(
                    ConstantDescs.CD_int,
                    FRAME,
                    ConstantDescs.CD_int,
                    ConstantDescs.CD_int,
                    ConstantDescs.CD_boolean);
    private static final MethodTypeDesc RUN = REGION.insertParameterTypes(0, ConstantDescs.CD_int);
    private static final MethodTypeDesc PICK = RUN;

    /// Cases of one switch: far from what makes a method huge.
    private static final int CASES_BITS = 8;

    private static final int CASES = 1 << CASES_BITS;

    /// A region method beyond this is not compiled by the JIT compiler (HotSpot's HugeMethodLimit).
    private static final int HUGE_METHOD = 8_000;

    private KernelEmitter() {}

    /// What was written.
    ///
    /// @param bytes the class file
    /// @param cuts what happens at each cut, by entry number
    /// @param exchanges true when threads leave operands at some cut
    /// @param longest bytes of the longest region method
    @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
    public record Written(byte[] bytes, CutPoint[] cuts, boolean exchanges, int longest) {
        public boolean fits() {
            return longest < HUGE_METHOD;
        }
    }

    public static Written write(Kernel kernel) {
        Map<Integer, CutOperands> cuts = new HashMap<>();
        CutPoint[] points = new CutPoint[kernel.regions().size()];
        points[0] = CutPoint.of(CutPoint.Action.CONTINUE);
        boolean exchanges = false;
        for (Cut cut : kernel.flow().cuts()) {
            CutOperands operands = CutOperands.of(cut);
            cuts.put(cut.entry(), operands);
            points[cut.entry()] = operands.point();
            exchanges |= operands.usesFrame();
        }
        Convergence convergence =
                new Convergence(
                        kernel.flow(),
                        kernel.use(),
                        kernel.uniform(),
                        cut -> points[cut.entry()].meetsWholeBlock());
        ClassDesc self =
                ClassDesc.of(RegionCode.class.getPackageName(), "Generated$" + name(kernel));
        byte[] bytes =
                ClassFile.of()
                        .build(
                                self,
                                builder -> {
                                    builder.withFlags(
                                            ClassFile.ACC_PUBLIC
                                                    | ClassFile.ACC_FINAL
                                                    | ClassFile.ACC_SYNTHETIC);
                                    builder.withInterfaceSymbols(
                                            ClassDesc.ofDescriptor(
                                                    RegionCode.class.descriptorString()));
                                    builder.withMethodBody(
                                            ConstantDescs.INIT_NAME,
                                            ConstantDescs.MTD_void,
                                            ClassFile.ACC_PUBLIC,
                                            KernelEmitter::writeConstructor);
                                    writeDispatch(builder, self, kernel.regions().size());
                                    for (Region region : kernel.regions()) {
                                        builder.withMethodBody(
                                                methodName(region.entry()),
                                                REGION,
                                                ClassFile.ACC_STATIC,
                                                code ->
                                                        new RegionEmitter(
                                                                        kernel,
                                                                        convergence,
                                                                        region,
                                                                        cuts,
                                                                        code)
                                                                .emit());
                                    }
                                });
        return new Written(bytes, points, exchanges, longestMethod(bytes));
    }

    private static String name(Kernel kernel) {
        return kernel.body().name().replaceAll("[^A-Za-z0-9_]", "_");
    }

    private static String methodName(int region) {
        return "region" + region;
    }

    private static void writeConstructor(CodeBuilder code) {
        code.aload(0)
                .invokespecial(
                        ConstantDescs.CD_Object, ConstantDescs.INIT_NAME, ConstantDescs.MTD_void)
                .return_();
    }

    /// Up to [#CASES] regions are picked by `run` itself, more of them by one method for every so
    /// many, so that each is small enough for the JIT compiler.
    private static void writeDispatch(ClassBuilder builder, ClassDesc self, int regions) {
        List<String> names = new ArrayList<>();
        for (int region = 0; region < regions; region++) {
            names.add(methodName(region));
        }
        int level = 0;
        while (names.size() > CASES) {
            List<String> pickers = new ArrayList<>();
            int shift = level * CASES_BITS;
            for (int from = 0; from < names.size(); from += CASES) {
                List<String> chosen = names.subList(from, Math.min(from + CASES, names.size()));
                String name = "pick" + level + "_" + pickers.size();
                builder.withMethodBody(
                        name,
                        PICK,
                        ClassFile.ACC_STATIC,
                        code -> writePick(code, self, chosen, 0, shift));
                pickers.add(name);
            }
            names = pickers;
            level++;
        }
        List<String> last = names;
        int shift = level * CASES_BITS;
        builder.withMethodBody(
                "run", RUN, ClassFile.ACC_PUBLIC, code -> writePick(code, self, last, 1, shift));
    }

    /// @param first the local variable of the region's number; frame and bounds follow it
    /// @param shift the names' own bits of the number begin here; region methods do not take it
    private static void writePick(
            CodeBuilder code, ClassDesc self, List<String> names, int first, int shift) {
        List<SwitchCase> cases = new ArrayList<>();
        List<Label> labels = new ArrayList<>();
        for (int index = 0; index < names.size(); index++) {
            labels.add(code.newLabel());
            cases.add(SwitchCase.of(index, labels.getLast()));
        }
        code.iload(first).loadConstant(shift).iushr().loadConstant(CASES - 1).iand();
        code.tableswitch(0, names.size() - 1, labels.getFirst(), cases);
        for (int index = 0; index < names.size(); index++) {
            code.labelBinding(labels.get(index));
            if (shift > 0) {
                code.iload(first);
            }
            code.aload(first + 1).iload(first + 2).iload(first + 3).iload(first + 4);
            code.invokestatic(self, names.get(index), shift > 0 ? PICK : REGION).ireturn();
        }
    }

    private static int longestMethod(byte[] bytes) {
        return ClassFile.of().parse(bytes).methods().stream()
                .flatMap(method -> method.findAttribute(Attributes.code()).stream())
                .mapToInt(CodeAttribute::codeLength)
                .max()
                .orElse(0);
    }
}
