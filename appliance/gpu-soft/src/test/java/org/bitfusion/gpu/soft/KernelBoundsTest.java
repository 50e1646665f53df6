package org.bitfusion.gpu.soft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuContext;
import org.bitfusion.gpu.GpuDriverProvider;
import org.bitfusion.gpu.GpuFunction;
import org.bitfusion.gpu.GpuStream;
import org.bitfusion.gpu.LaunchParameters;
import org.bitfusion.gpu.contract.GpuContract;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/// A kernel reaches nothing but the memory of its own device, whatever address it makes up: it ends
/// with CUDA's error, and the process goes on.
class KernelBoundsTest {
    /// Distances that lead out of everything.
    private static final List<String> FAR =
            List.of(
                    "0x1000000",
                    "-0x1000000",
                    "0x7ffffff0",
                    "-0x80000000",
                    "0x10000000000",
                    "-0x10000000000",
                    "0x400000000000",
                    "-0x7f0000000000",
                    "0x7fffffffffffff00",
                    "-0x7fffffffffffff00",
                    "0x7ffffffffffffff0");

    private static final List<String> ACCESSES =
            List.of(
                    "ld.param.b32 %r0, [out+OFFSET];",
                    "ld.param.v2.b64 {%l2, %l3}, [out+OFFSET];",
                    ".local .align 16 .b32 a[4]; ld.local.b32 %r0, [a+OFFSET];",
                    ".local .align 16 .b32 a[4]; st.local.b32 [a+OFFSET], %r1;",
                    ".local .align 16 .b32 a[4]; st.local.v4.b32 [a+OFFSET], {%r1, %r1, %r1, %r1};",
                    ".local .align 16 .b32 a[4]; mov.b64 %l1, a; ld.local.b32 %r0, [%l1+OFFSET];",
                    ".local .align 16 .b32 a[4]; mov.b64 %l1, OFFSET; ld.local.b32 %r0, [%l1];",
                    ".shared .align 16 .b32 a[4]; ld.shared.b32 %r0, [a+OFFSET];",
                    ".shared .align 16 .b32 a[4]; st.shared.b32 [a+OFFSET], %r1;",
                    ".shared .align 16 .b32 a[4]; atom.shared.add.u32 %r0, [a+OFFSET], 1;",
                    ".shared .align 16 .b32 a[4]; mov.b64 %l1, a; ld.shared.b32 %r0, [%l1+OFFSET];",
                    ".shared .align 16 .b32 a[4]; mov.b64 %l1, OFFSET; ld.shared.b32 %r0, [%l1+16];",
                    "ld.global.b32 %r0, [global+OFFSET];",
                    "ld.const.b32 %r0, [constant+OFFSET];",
                    "atom.global.cas.b32 %r0, [global+OFFSET], 1, 2;",
                    "ld.global.b32 %r0, [%l0+OFFSET];",
                    "ld.b32 %r0, [%l0+OFFSET];",
                    "st.global.v2.b64 [%l0+OFFSET], {%l1, %l1};",
                    "ld.global.b32 %r1, [%l0]; ld.global.b32 %r0, [%l0+OFFSET];",
                    "ld.global.b32 %r0, [%l0+OFFSET]; ld.global.b32 %r1, [%l0];",
                    "add.s64 %l1, %l0, OFFSET; ld.global.b32 %r0, [%l1];",
                    "red.global.add.u64 [%l0+OFFSET], %l1;",
                    "{ .param .b32 p; st.param.b32 [p+OFFSET], %r1; }",
                    "{ .param .b32 p; ld.param.b32 %r0, [p+OFFSET]; }");

    /// What reaches outside in other ways; the status is ILLEGAL_ADDRESS.
    private static final List<String> TRICKS =
            List.of(
                    // The distance between two offsets does not fit 64 bits.
                    "mov.b64 %l2, 0x8000000000000000; add.s64 %l1, %l0, %l2;"
                            + " ld.global.b32 %r0, [%l1+-0x8000000000000000];"
                            + " ld.global.b32 %r1, [%l1+0x7fffff0000000000];",
                    // Vectors and wide values that begin inside and end outside.
                    ".local .align 16 .b8 a[32]; ld.local.v4.b32 {%r0, %r1, %r2, %r3}, [a+32];",
                    ".local .align 16 .b8 a[16]; mov.b64 %l1, a;"
                            + " ld.local.v2.b64 {%l2, %l3}, [%l1+16];",
                    ".shared .align 16 .b8 a[16]; ld.shared.v4.b64 {%l2, %l3, %l4, %l5}, [a];",
                    ".shared .align 16 .b8 a[16]; mov.b64 %l1, a;"
                            + " st.shared.v4.b64 [%l1], {%l2, %l3, %l4, %l5};",
                    "ld.param.v2.b64 {%l2, %l3}, [out];",
                    "mov.b64 %l1, END; ld.global.v4.b32 {%r0, %r1, %r2, %r3}, [%l1];",
                    // Strings and arguments of printf.
                    "{ .param .b64 f; .param .b64 v; .param .b32 n; mov.b64 %l1, 0x10;"
                            + " st.param.b64 [f], %l1; st.param.b64 [v], %l0;"
                            + " call.uni (n), vprintf, (f, v); }",
                    "{ .param .b64 f; .param .b64 v; .param .b32 n; mov.b64 %l1, text;"
                            + " cvta.global.u64 %l1, %l1; mov.b64 %l2, -8;"
                            + " st.param.b64 [f], %l1; st.param.b64 [v], %l2;"
                            + " call.uni (n), vprintf, (f, v); }",
                    "{ .param .b64 f; .param .b64 v; .param .b32 n; mov.b64 %l1, text;"
                            + " cvta.global.u64 %l1, %l1; mov.b64 %l2, 0x7fffffffffffff00;"
                            + " st.global.b64 [%l0], %l2;"
                            + " st.param.b64 [f], %l1; st.param.b64 [v], %l0;"
                            + " call.uni (n), vprintf, (f, v); }");

    private static final List<String> INSIDE =
            List.of(
                    "ld.param.b32 %r0, [out+4];",
                    ".local .align 16 .b8 a[32]; ld.local.v4.b32 {%r0, %r1, %r2, %r3}, [a+16];",
                    ".shared .align 16 .b8 a[32]; ld.shared.v4.b32 {%r0, %r1, %r2, %r3}, [a+16];",
                    ".shared .align 4 .b8 a[28]; ld.shared.b32 %r0, [a+24];",
                    "ld.global.b32 %r0, [%l0+60]; ld.global.b32 %r1, [%l0];",
                    "ld.const.b32 %r0, [constant];");

    private static String program(String body) {
        return """
        .version 7.8
        .target sm_80
        .address_size 64
        .extern .func (.param .b32 n) vprintf (.param .b64 f, .param .b64 v);
        .global .align 8 .b32 global;
        .const .align 8 .b32 constant;
        .global .align 1 .b8 text[4] = {37, 115, 10, 0};
        .func take_megabyte (.param .b8 big[1048576]) {
          .reg .b32 %q;
          ld.param.b32 %q, [big+1048572];
          st.global.b32 [global], %q;
          ret;
        }
        .visible .entry k(.param .b64 out) {
          .reg .b32 %r<8>;
          .reg .b64 %l<8>;
          ld.param.b64 %l0, [out];
          mov.b32 %r1, 1;
          mov.b64 %l1, 0;
          BODY
          st.global.b32 [%l0], %r0;
          ret;
        }
        """
                .replace("BODY", body);
    }

    /// The same of both executors.
    abstract static class Bounds extends GpuContract {
        private long out;

        @Override
        protected GpuDriverProvider provider() {
            return new SoftDriverProvider();
        }

        private CudaStatus run(String body) {
            try (GpuContext own = driver.createContext(device, 0).value()) {
                out = own.memory().allocate(64, 1).value();
                GpuFunction function =
                        own.loadModule(text(program(body))).value().function("k").value();
                GpuStream stream = own.defaultStream();
                LaunchParameters launch = LaunchParameters.linear(1, 32, pack(out));
                CudaStatus status = stream.launch(function, launch);
                if (status.isSuccess()) {
                    status = synchronize(stream);
                }
                return status.isSuccess() ? own.takeError() : status;
            }
        }

        private List<String> others(Stream<String> bodies, CudaStatus expected) {
            List<String> others = new ArrayList<>();
            bodies.forEach(body -> {
                CudaStatus status = run(body);
                if (status != expected) {
                    others.add(status + ": " + body);
                }
            });
            return others;
        }

        @Test
        void constantsThatLeadOutOfASpaceAreIllegal() {
            Stream<String> bodies =
                    ACCESSES.stream()
                            .flatMap(access ->
                                    FAR.stream().map(far -> access.replace("OFFSET", far)));
            assertThat(others(bodies, CudaStatus.ILLEGAL_ADDRESS)).isEmpty();
        }

        @Test
        void whatBeginsInsideAndEndsOutsideIsIllegal() {
            String end = Long.toString(WINDOW_BASE + WINDOW_SIZE);
            Stream<String> bodies = TRICKS.stream().map(body -> body.replace("END", end));
            assertThat(others(bodies, CudaStatus.ILLEGAL_ADDRESS)).isEmpty();
        }

        @Test
        void theLastBytesOfASpaceCanBeUsed() {
            assertThat(others(INSIDE.stream(), CudaStatus.SUCCESS)).isEmpty();
        }

        @Test
        void aVectorHasAsManyElementsAsItsOperationSays() {
            List<String> bodies =
                    List.of(
                            "ld.global.v2.b32 {%r0, %r1, %r2, %r3}, [%l0];",
                            "st.global.v2.b64 [%l0], {%l1, %l1, %l1};",
                            "ld.global.v4.b32 {%r0, %r1}, [%l0];");
            assertThat(others(bodies.stream(), CudaStatus.INVALID_PTX)).isEmpty();
        }

        /// A compare-and-set that the JVM's interpreter executes ends the process if no load of the
        /// place comes first, so each of these is the first of its kind.
        @Test
        void everyAtomicOnADeadPageIsIllegal() {
            List<String> forms =
                    Stream.of(
                                    "add.u32 add.s32 add.u64 add.f32 add.f64 min.u32 min.s32",
                                    "min.u64 min.s64 max.u32 max.s32 max.u64 max.s64 and.b32",
                                    "and.b64 or.b32 or.b64 xor.b32 xor.b64 exch.b32 exch.b64",
                                    "inc.u32 dec.u32 cas.b16 cas.b32 cas.b64 add.noftz.f16",
                                    "add.noftz.bf16 add.noftz.f16x2 add.noftz.bf16x2")
                            .flatMap(line -> Stream.of(line.split(" ")))
                            .collect(Collectors.toList());
            String dead = Long.toString(WINDOW_BASE + (40L << 30));
            List<String> bodies = new ArrayList<>();
            for (String form : forms) {
                String bits = form.replaceAll("[^0-9x]", "").replaceAll("^.*x2$", "32");
                String value =
                        switch (bits) {
                            case "16" -> "%h0";
                            case "64" -> form.endsWith("f64") ? "%d0" : "%l2";
                            default -> form.endsWith(".f32") ? "%f0" : "%r2";
                        };
                String declared =
                        "{ .reg .b16 %h0; .reg .f32 %f0; .reg .f64 %d0; mov.b64 %l1, " + dead + ";";
                String operands = form.startsWith("cas") ? value + ", " + value : value;
                bodies.add(
                        "%s atom.global.%s %s, [%%l1], %s; }"
                                .formatted(declared, form, value, operands));
                if (!form.startsWith("exch") && !form.startsWith("cas")) {
                    bodies.add("%s red.%s [%%l1+8], %s; }".formatted(declared, form, operands));
                }
            }
            assertThat(others(bodies.stream(), CudaStatus.ILLEGAL_ADDRESS)).isEmpty();
        }

        @Test
        void thereAreSixteenBarriers() {
            List<String> bodies =
                    List.of(
                            "bar.sync 16;",
                            "bar.arrive 16, 64;",
                            "mov.b32 %r2, 17; bar.sync %r2;",
                            "mov.b32 %r2, %tid.x; add.s32 %r2, %r2, 16; bar.sync %r2;",
                            "mov.b32 %r2, -1; bar.arrive %r2, 64;");
            assertThat(others(bodies.stream(), CudaStatus.ILLEGAL_INSTRUCTION)).isEmpty();
            assertThat(run("mov.b32 %r2, 15; bar.sync 15; bar.sync %r2;"))
                    .isEqualTo(CudaStatus.SUCCESS);
        }

        @Test
        void moreStaticMemoryThanTheDeviceHasIsRefused() {
            List<String> bodies =
                    List.of(
                            ".shared .b8 a[3221225472]; st.shared.b8 [a], %r1;",
                            ".shared .b8 a[49153]; st.shared.b8 [a], %r1;",
                            ".local .b8 a[524304]; st.local.b8 [a], %r1;",
                            ".local .b8 a[1073741824]; st.local.b8 [a+17000000], %r1;",
                            ".local .b8 a[1099511627776][16777216]; st.local.b8 [a+64], %r1;",
                            ".shared .b8 a[1099511627776][8388608]; st.shared.b8 [a], %r1;",
                            // A small argument that the function takes for a large one.
                            "{ .param .b32 p; st.param.b32 [p], %r1; call take_megabyte, (p); }");
            assertThat(others(bodies.stream(), CudaStatus.INVALID_PTX)).isEmpty();
            assertThat(run(".shared .b8 a[49152]; st.shared.b8 [a+49151], %r1;"))
                    .isEqualTo(CudaStatus.SUCCESS);
        }

        @Test
        void parametersHaveTheSizeThatDevicesTake() {
            GpuFunction function =
                    context.loadModule(text(program(""))).value().function("k").value();
            GpuStream stream = stream();
            for (int bytes : new int[] {0, 7, (32 << 10) + 1, 4 << 20}) {
                assertThat(stream.launch(function, LaunchParameters.linear(1, 1, new byte[bytes])))
                        .as("%d bytes", bytes)
                        .isEqualTo(CudaStatus.INVALID_VALUE);
            }
        }
    }

    @Nested
    class Compiled extends Bounds {}

    @Nested
    class Interpreted extends Bounds {
        @Override
        protected Map<String, String> environment() {
            return Map.of("BF_SOFT_MEMORY", "1024", "BF_SOFT_EXECUTOR", "interpreter");
        }
    }
}
