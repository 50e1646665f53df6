package org.bitfusion.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// A running program that answers a word on its standard input with a number on its standard
/// output.
final class Dialogue implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;
    private final Writer questions;

    Dialogue(List<String> command, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(environment);
        process = builder.start();
        answers = process.inputReader();
        questions = process.outputWriter();
    }

    /// @param scale from the program's seconds, bytes or calls to the row's unit
    Probe probe(String word, double scale) {
        return () -> ask(word) * scale;
    }

    double ask(String word) throws IOException {
        questions.write(word + "\n");
        questions.flush();
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("the program ended at \"" + word + "\"");
        }
        try {
            return Double.parseDouble(answer);
        } catch (NumberFormatException notNumber) {
            throw new IOException(word + ": " + answer, notNumber);
        }
    }

    @Override
    public void close() throws IOException {
        questions.close();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
