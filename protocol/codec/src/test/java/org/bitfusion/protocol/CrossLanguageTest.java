package org.bitfusion.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.bitfusion.protocol.AllMessages.Kind;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Holds the C readers and writers that the shim uses against the Java ones, with a C program that
/// decodes, shows and encodes.
class CrossLanguageTest {
    private static final Path GENERATED = Path.of("target/generated-c");

    @TempDir private static Path folder = Path.of("target");
    private static boolean compiled;

    @BeforeAll
    static void compile() throws IOException, InterruptedException {
        compiled =
                Files.isExecutable(Path.of("/usr/bin/gcc"))
                        || Files.isExecutable(Path.of("/usr/bin/cc"));
        if (!compiled) {
            System.out.println("no C compiler: C and Java are not compared");
            return;
        }
        Process compiler =
                new ProcessBuilder(
                                "cc",
                                "-std=c17",
                                "-O1",
                                "-Wall",
                                "-Wextra",
                                "-Wconversion",
                                "-Werror",
                                "-fsanitize=address,undefined",
                                "-I",
                                GENERATED.toString(),
                                "-o",
                                folder.resolve("echo").toString(),
                                GENERATED.resolve("bf_echo.c").toString())
                        .redirectErrorStream(true)
                        .start();
        String output =
                new String(
                        compiler.getInputStream().readAllBytes(),
                        java.nio.charset.StandardCharsets.UTF_8);
        assertThat(compiler.waitFor()).as(output).isZero();
    }

    @Test
    void cReadsAndWritesEveryMessageAsJavaDoes() throws IOException, InterruptedException {
        assumeTrue(compiled, "skipped: no C compiler");
        SplittableRandom random = new SplittableRandom(3);
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        List<String> shown = new ArrayList<>();
        for (Kind kind : AllMessages.kinds()) {
            for (int i = 0; i < 10; i++) {
                Record message = AllMessages.random(kind.type(), random);
                ByteBuffer frame =
                        AllMessages.frame(
                                kind, message, 1 + random.nextInt(1000), random.nextInt(50));
                frames.writeBytes(bytes(frame));
                shown.add(AllMessages.snake(kind.toString()) + AllMessages.shown(message));
            }
        }
        Result result = echo(frames.toByteArray());
        assertThat(result.shown()).isEqualTo(shown);
        assertThat(result.frames()).isEqualTo(ByteBuffer.wrap(frames.toByteArray()));
        assertThat(result.status()).isZero();
    }

    @Test
    void cRefusesABodyThatIsCutOff() throws IOException, InterruptedException {
        assumeTrue(compiled, "skipped: no C compiler");
        Kind kind =
                AllMessages.kinds().stream()
                        .filter(k -> k.toString().equals("SessionDevices"))
                        .findFirst()
                        .orElseThrow();
        ByteBuffer frame =
                AllMessages.frame(
                        kind, AllMessages.random(kind.type(), new SplittableRandom(5)), 0, 0);
        for (int cut = 1; cut < Math.min(40, frame.limit() - FrameHeader.BYTES); cut++) {
            byte[] bytes = bytes(frame.duplicate().limit(frame.limit() - cut));
            ByteBuffer.wrap(bytes)
                    .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                    .putInt(0, bytes.length - FrameHeader.BYTES);
            assertThat(echo(bytes).status()).isEqualTo(3);
        }
    }

    private record Result(int status, ByteBuffer frames, List<String> shown) {}

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }

    private static Result echo(byte[] frames) throws IOException, InterruptedException {
        Path in = folder.resolve("in");
        Path out = folder.resolve("out");
        Path text = folder.resolve("text");
        Files.write(in, frames);
        Process process =
                new ProcessBuilder(folder.resolve("echo").toString())
                        .redirectInput(in.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(text.toFile())
                        .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(
                process.exitValue(),
                ByteBuffer.wrap(Files.readAllBytes(out)),
                Files.readAllLines(text));
    }
}
