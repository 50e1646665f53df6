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
            Result result = echo(bytes);
            assertThat(result.shown()).containsExactly("malformed");
            assertThat(result.frames().remaining()).isZero();
        }
    }

    /// The sanitizers end the program if a reader leaves its frame; text that is not UTF-8 is the
    /// one thing that only Java refuses.
    @Test
    void cRefusesTheNonsenseThatJavaRefuses() throws IOException, InterruptedException {
        assumeTrue(compiled, "skipped: no C compiler");
        SplittableRandom random = new SplittableRandom(11);
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        List<String> verdicts = new ArrayList<>();
        for (Kind kind : AllMessages.kinds()) {
            for (int i = 0; i < 100; i++) {
                byte[] body = new byte[kind.minimum() + random.nextInt(-2, 60) + 2];
                for (int at = 0; at < body.length; at++) {
                    body[at] =
                            (byte) (random.nextInt(3) > 0 ? random.nextInt(3) : random.nextInt());
                }
                ByteBuffer header = ByteBuffer.allocate(FrameHeader.BYTES);
                int flags = kind.answer() ? FrameHeader.ANSWER : 0;
                FrameHeader.write(header, body.length, kind.call(), flags, 1, 0);
                frames.writeBytes(bytes(header.flip()));
                frames.writeBytes(body);
                verdicts.add(verdict(kind, body));
            }
        }
        Result result = echo(frames.toByteArray());
        assertThat(result.status()).isZero();
        assertThat(result.shown()).hasSameSizeAs(verdicts);
        assertThat(verdicts).contains("good", "malformed");
        for (int i = 0; i < verdicts.size(); i++) {
            if (!verdicts.get(i).equals("not UTF-8")) {
                String shown = result.shown().get(i);
                assertThat(shown.equals("malformed") ? shown : "good")
                        .as(shown)
                        .isEqualTo(verdicts.get(i));
            }
        }
    }

    private static String verdict(Kind kind, byte[] body) {
        try {
            kind.read(ByteBuffer.wrap(body).order(java.nio.ByteOrder.LITTLE_ENDIAN));
            return "good";
        } catch (ProtocolException e) {
            return String.valueOf(e.getMessage()).contains("not UTF-8") ? "not UTF-8" : "malformed";
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
