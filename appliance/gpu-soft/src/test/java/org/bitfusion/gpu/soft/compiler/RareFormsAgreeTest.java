package org.bitfusion.gpu.soft.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Forms that hardly any program uses are compiled too, or the whole kernel would be slow, and give
/// the bits of the interpreter.
class RareFormsAgreeTest {
    private static final List<String> TYPES =
            List.of("s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64");
    private static final List<String> HALVES = List.of("f16", "bf16", "f16x2", "bf16x2");

    @Test
    void videoInstructions() {
        List<String> forms = new ArrayList<>();
        for (String name : List.of("vadd", "vsub", "vavrg", "vabsdiff", "vmin", "vmax")) {
            for (String lanes : List.of("2", "4")) {
                for (String end : List.of("", ".sat", ".add")) {
                    forms.add(name + lanes + ".u32.u32.u32" + end);
                    forms.add(name + lanes + ".s32.s32.s32" + end);
                    forms.add(name + lanes + ".s32.u32.s32" + end);
                }
            }
        }
        assertAgree(forms);
    }

    @Test
    void arithmeticOfHalves() {
        List<String> forms = new ArrayList<>();
        for (String type : HALVES) {
            boolean brain = type.startsWith("bf");
            for (String end : List.of("", ".relu", ".ftz", ".sat", ".ftz.relu", ".ftz.sat")) {
                if (!brain || end.isEmpty() || end.equals(".relu")) {
                    forms.add("fma.rn" + end + "." + type);
                }
            }
            for (String name : List.of("min", "max")) {
                for (String end : List.of("", ".NaN")) {
                    forms.add(name + end + "." + type);
                    if (!brain) {
                        forms.add(name + ".ftz" + end + "." + type);
                    }
                }
            }
            for (String name : List.of("add", "sub", "mul")) {
                forms.add(name + "." + type);
                forms.add(name + ".rn." + type);
                if (!brain) {
                    forms.add(name + ".ftz.sat." + type);
                }
            }
            forms.add("abs." + type);
            forms.add("neg." + type);
            forms.add("tanh.approx." + type);
            forms.add("ex2.approx" + (brain ? ".ftz." : ".") + type);
        }
        assertAgree(forms);
    }

    @Test
    void arithmeticOfNumbers() {
        List<String> forms = new ArrayList<>();
        for (String form :
                List.of(
                        "mad24.hi.s32",
                        "mad24.hi.u32",
                        "mad24.hi.sat.s32",
                        "mad.hi.sat.s32",
                        "mul24.hi.s32",
                        "mul24.hi.u32",
                        "add.sat.s32",
                        "sub.sat.s32",
                        "min.relu.s32",
                        "max.relu.s32",
                        "fma.rn.sat.f32",
                        "fma.rz.ftz.sat.f32",
                        "add.rp.sat.f32",
                        "min.NaN.f32",
                        "max.ftz.NaN.f32",
                        "min.xorsign.abs.f32",
                        "max.NaN.xorsign.abs.f32",
                        "rcp.approx.ftz.f64",
                        "rsqrt.approx.ftz.f64",
                        "tanh.approx.f32",
                        "bfind.shiftamt.s64",
                        "bfind.shiftamt.u32",
                        "isspacep.global",
                        "isspacep.shared",
                        "isspacep.local",
                        "isspacep.const")) {
            forms.add(form);
        }
        for (String type : TYPES) {
            boolean floats = type.startsWith("f");
            forms.add((floats ? "div.rn." : "div.") + type);
            if (!floats) {
                forms.add("rem." + type);
                forms.add("sad." + type);
            }
        }
        assertAgree(forms);
    }

    @Test
    void comparisons() {
        List<String> forms = new ArrayList<>();
        for (String result : List.of("u32", "s32", "f32")) {
            for (String type : TYPES) {
                forms.add("set.lt." + result + "." + type);
                forms.add("set.ge.and." + result + "." + type);
            }
        }
        for (String type : HALVES) {
            forms.add("set.lt." + type + "." + type);
            forms.add("set.neu." + type + "." + type);
            if (!type.endsWith("x2")) {
                forms.add("set.gtu.u32." + type);
                forms.add("setp.leu.xor." + type);
                forms.add("setp.gt." + type);
            }
        }
        assertAgree(forms);
    }

    @Test
    void conversions() {
        List<String> forms = new ArrayList<>();
        for (String form :
                List.of(
                        "cvt.rn.relu.f16.f32",
                        "cvt.rz.relu.bf16.f32",
                        "cvt.rn.relu.f16x2.f32",
                        "cvt.rn.f16x2.f32",
                        "cvt.rz.bf16x2.f32",
                        "cvt.rn.relu.bf16x2.f32",
                        "cvt.rna.tf32.f32",
                        "cvt.sat.f32.f32",
                        "cvt.rni.sat.f32.f32",
                        "cvt.rpi.f16.f16",
                        "cvt.rmi.f64.f64",
                        "cvt.sat.u8.s32",
                        "cvt.sat.s8.u64",
                        "cvt.rzi.sat.s16.f32",
                        "cvt.rni.ftz.u8.f32")) {
            forms.add(form);
        }
        assertAgree(forms);
    }

    private static void assertAgree(List<String> forms) {
        List<String> problems = new ArrayList<>();
        for (String form : forms) {
            String problem = FormsAgreeTest.compare(form);
            if (problem != null) {
                problems.add(form + ": " + problem);
            }
        }
        assertThat(problems).isEmpty();
    }
}
