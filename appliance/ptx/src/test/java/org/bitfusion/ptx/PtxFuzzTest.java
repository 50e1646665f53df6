package org.bitfusion.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Damaged text gives a program or a [PtxException], never another failure.
class PtxFuzzTest {
    private static final String SPLICES =
            "{}()[]<>@!|,;:.=+-%_$\"/*\\ \n0x0f9e99999999999999999999";

    private static String everything() throws IOException {
        try (InputStream stream = PtxFuzzTest.class.getResourceAsStream("everything.ptx")) {
            assertThat(stream).isNotNull();
            return new String(stream.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    private static boolean reads(String text) {
        try {
            PtxModule module = PtxParser.parse(text);
            for (PtxFunction function : module.functions()) {
                if (function.isDefined()) {
                    function.body();
                    SharedLayout.of(module, function);
                }
            }
            return true;
        } catch (PtxException malformed) {
            return false;
        }
    }

    @Test
    void theWholeTextIsUnderstoodButForTextures() throws IOException {
        PtxModule module = PtxParser.parse(everything());
        FunctionBody body = module.kernel("main").orElseThrow().body();

        assertThat(body.instructions())
                .filteredOn(instruction -> instruction.opcode() == Opcode.UNSUPPORTED)
                .extracting(Instruction::form)
                .containsExactly("tex.2d.v4.f32.f32");
        assertThat(module.functions())
                .extracting(PtxFunction::name)
                .containsExactly("vprintf", "twice", "main");
        assertThat(((Variable) module.symbol("numbers").orElseThrow()).byteCount()).isEqualTo(32);
    }

    @Test
    void everyTruncationIsHandled() throws IOException {
        String text = everything();
        int understood = 0;
        for (int end = 0; end < text.length(); end++) {
            understood += reads(text.substring(0, end)) ? 1 : 0;
        }
        assertThat(understood).isBetween(1, text.length() - 1);
    }

    @Test
    void randomDamageIsHandled() throws IOException {
        String text = everything();
        SplittableRandom random = new SplittableRandom(42);
        int understood = 0;
        int rounds = 8_000;
        for (int round = 0; round < rounds; round++) {
            StringBuilder damaged = new StringBuilder(text);
            for (int change = 0; change <= round % 4; change++) {
                int at = random.nextInt(damaged.length());
                switch (random.nextInt(4)) {
                    case 0 -> damaged.setCharAt(at, (char) random.nextInt(1, 256));
                    case 1 -> damaged.deleteCharAt(at);
                    case 2 -> {
                        int length = Math.min(random.nextInt(30), damaged.length() - at);
                        damaged.delete(at, at + length);
                    }
                    default -> {
                        int from = random.nextInt(SPLICES.length());
                        int to = Math.min(SPLICES.length(), from + 1 + random.nextInt(20));
                        damaged.insert(at, SPLICES, from, to);
                    }
                }
            }
            understood += reads(damaged.toString()) ? 1 : 0;
        }
        assertThat(understood).isBetween(1, rounds - 1);
    }

    @Test
    void nestingAndSizesAreLimited() {
        String header = ".version 8.0\n.target sm_80\n";
        assertThat(reads(header + ".entry k() {" + "{".repeat(100_000) + "}".repeat(100_000) + "}"))
                .isFalse();
        assertThat(reads(header + ".global .b8 a[9] = " + "{".repeat(100_000) + ";")).isFalse();
        assertThat(reads(header + ".global .b8 a[99999999999][99999999999];")).isFalse();
        assertThat(reads(header + ".entry k() { .reg .b32 %r<2000000000>; mov.u32 %r7, 1; ret; }"))
                .isTrue();
    }
}
