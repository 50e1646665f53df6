package org.bitfusion.gpu.soft.interpreter;

/// The frame around the code of a test's kernel.
final class KernelText {
    static final String HEADER = ".version 8.0\n.target sm_80\n.address_size 64\n";

    private static final String REGISTERS =
            ".reg .pred %p<20>; .reg .b16 %h<20>; .reg .b32 %r<40>; .reg .f32 %f<20>;"
                    + ".reg .b64 %rd<40>; .reg .f64 %d<20>;\n";

    private KernelText() {}

    /// A kernel k(u64 p0, u64 p1, u64 p2) whose %rd0, %rd1 and %rd2 hold its parameters and %r0 the
    /// thread.
    static String kernel(String code) {
        return HEADER + entry(code);
    }

    static String entry(String code) {
        return ".visible .entry k(.param .u64 p0, .param .u64 p1, .param .u64 p2) {\n"
                + REGISTERS
                + "ld.param.u64 %rd0, [p0]; ld.param.u64 %rd1, [p1]; ld.param.u64 %rd2, [p2];\n"
                + "mov.u32 %r0, %tid.x;\n"
                + code
                + "\nret; }\n";
    }
}
