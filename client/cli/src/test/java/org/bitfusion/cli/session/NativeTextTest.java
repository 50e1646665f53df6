package org.bitfusion.cli.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeTextTest {
    @TempDir Path folder;

    /// As the kernel shows strings: each ended by NUL. A character is a byte here.
    private Path kernelFile(String... strings) throws IOException {
        return Files.write(
                folder.resolve("strings"),
                (String.join("\0", strings) + "\0").getBytes(StandardCharsets.ISO_8859_1));
    }

    @Test
    void whateverTheBytesAreTheyComeBack() {
        Random random = new Random(1);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = new byte[random.nextInt(12)];
            random.nextBytes(bytes);
            assertThat(NativeText.encode(NativeText.decode(bytes))).isEqualTo(bytes);
        }
    }

    @Test
    void textIsUtf8() {
        String text = "a ä € 😀 \uFFFD";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        assertThat(NativeText.decode(bytes)).isEqualTo(text);
        assertThat(NativeText.encode(text)).isEqualTo(bytes);
    }

    @Test
    void whatIsNotUtf8IsEscaped() {
        byte[] bytes = {'a', (byte) 0xE4, '.', 'p', 'y', (byte) 0xC0, (byte) 0x80, (byte) 0xF0};
        assertThat(NativeText.decode(bytes)).isEqualTo("a\uDCE4.py\uDCC0\uDC80\uDCF0");
    }

    @Test
    void argumentsThatTheJvmHasLostAreReadAgain() throws IOException {
        Path file = kernelFile("java", "Main", "run", "a\u00E4");
        String[] lost = {"run", "a\uFFFD"};
        assertThat(NativeText.arguments(lost, file)).containsExactly("run", "a\uDCE4");
        String[] whole = {"run", "a"};
        assertThat(NativeText.arguments(whole, file)).isSameAs(whole);
        assertThat(NativeText.arguments(lost, folder.resolve("absent"))).isSameAs(lost);
    }

    @Test
    void variablesThatTheJvmHasLostAreReadAgain() throws IOException {
        Path file = kernelFile("A=b=\u00E4", "nonsense", "C=");
        assertThat(NativeText.environment(Map.of("A", "b=\uFFFD"), file))
                .isEqualTo(Map.of("A", "b=\uDCE4", "C", ""));
        Map<String, String> whole = Map.of("A", "b");
        assertThat(NativeText.environment(whole, file)).isSameAs(whole);
    }
}
