package org.bitfusion.gpu.soft.interpreter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bitfusion.gpu.soft.execution.Dimensions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/// What ptxas takes loads and runs: every snippet of `taken.txt`, and what some of them do.
@Timeout(60)
class TakenByPtxasTest {
    private static final int THREADS = 32;
    private static final int DYNAMIC_SHARED_BYTES = 1024;

    private record Snippet(String name, List<String> lines) {
        String part(String begin) {
            return lines.stream()
                    .filter(line -> line.startsWith(begin))
                    .map(line -> line.substring(begin.length()))
                    .collect(Collectors.joining("\n"));
        }

        String code() {
            return lines.stream()
                    .filter(line -> !line.matches("(module|entry|directive): .*"))
                    .collect(Collectors.joining("\n"));
        }

        String ptx() {
            return """
            .version 8.5
            .target sm_80
            .address_size 64
            .file 1 "a.cu"
            %s
            .visible .entry k(.param .u64 k_param_0)
            %s
            {
            %s
            .reg .u64 %%o; .reg .b32 %%r<10>; .reg .b64 %%d<10>; .reg .f32 %%f<10>;
            .reg .f64 %%g<10>; .reg .pred %%p<10>; .reg .b16 %%h<10>;
            ld.param.u64 %%o,[k_param_0]; cvta.to.global.u64 %%o,%%o; add.u64 %%o,%%o,256;
            mov.u32 %%r4,-1; setp.eq.u64 %%p1,%%o,0;
            %s
            ret;
            }
            """
                    .formatted(part("module: "), part("directive: "), part("entry: "), code());
        }
    }

    private static List<Snippet> snippets() {
        List<Snippet> snippets = new ArrayList<>();
        try (InputStream in = TakenByPtxasTest.class.getResourceAsStream("taken.txt")) {
            byte[] text = Objects.requireNonNull(in).readAllBytes();
            for (String line : new String(text, StandardCharsets.UTF_8).lines().toList()) {
                if (line.startsWith("=== ")) {
                    snippets.add(new Snippet(line.substring(4), new ArrayList<>()));
                } else if (!line.startsWith("#")) {
                    snippets.getLast().lines().add(line);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return snippets;
    }

    private static void runs(Snippet snippet) {
        int threads = snippet.name().contains("reqntid") ? 1 : THREADS;
        TestGpu gpu = new TestGpu(snippet.ptx());
        long memory = gpu.ints(new int[4096]);
        gpu.launch(
                "k",
                new Dimensions(1, 1, 1),
                new Dimensions(threads, 1, 1),
                DYNAMIC_SHARED_BYTES,
                memory);
    }

    @TestFactory
    Stream<DynamicTest> everySnippetRuns() {
        return snippets().stream()
                .map(snippet ->
                        DynamicTest.dynamicTest(
                                snippet.name(),
                                () ->
                                        assertThatCode(() -> runs(snippet))
                                                .doesNotThrowAnyException()));
    }

    @Test
    void noneIsLeftOut() {
        assertThat(snippets()).hasSizeGreaterThan(60);
    }

    /// Each piece is as large and as aligned as was asked for, and given back by `stackrestore`.
    @Test
    void memoryOfTheStackIsTheThreadsOwn() {
        String code =
                """
                stacksave.u64 %rd3; alloca.u64 %rd4, 64, 32; alloca.u64 %rd5, 16;
                st.local.u32 [%rd4], 5; st.local.u32 [%rd4+60], 6; st.local.u32 [%rd5], 7;
                ld.local.u32 %r1, [%rd4]; ld.local.u32 %r2, [%rd4+60]; ld.local.u32 %r3, [%rd5];
                and.b64 %rd6, %rd4, 31; cvt.u32.u64 %r4, %rd6;
                stackrestore.u64 %rd3; alloca.u64 %rd7, 64, 32; sub.u64 %rd7, %rd7, %rd4;
                cvt.u32.u64 %r5, %rd7;
                """;
        assertThat(OperationBitsTest.results(5, code)).containsExactly(5, 6, 7, 0, 0);
    }

    @Test
    void vectorsOfSpecialRegistersAreMovedWhole() {
        String code =
                """
                mov.v4.u32 {%r1, %r2, %r3, _}, %ntid; mov.v4.u32 {%r4, %r5, %r6, _}, %tid;
                """;
        assertThat(OperationBitsTest.results(6, code)).containsExactly(1, 1, 1, 0, 0, 0);
    }

    @Test
    void policiesOfTheCacheChangeNoValue() {
        String code =
                """
                createpolicy.fractional.L2::evict_last.b64 %rd3, 1.0;
                st.global.L2::cache_hint.u32 [%rd0], 9, %rd3;
                ld.global.L2::cache_hint.u32 %r1, [%rd0], %rd3; fence.proxy.alias;
                """;
        assertThat(OperationBitsTest.results(1, code)).containsExactly(9);
    }
}
