package org.bitfusion.cli.options;

import java.util.ArrayList;
import java.util.List;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;

/// Splits a command given as one string into words as a POSIX shell quotes them: blanks separate,
/// `'…'` keeps all, `"…"` keeps all but `\"`, `\\`, `\$` and `` \` ``, a backslash keeps the next
/// character. Nothing is expanded: no variables, no patterns, no pipes; for these start a shell
/// (`run -n 1 -- sh -c '…'`).
public final class ShellWords {
    private final String text;
    private final List<String> words = new ArrayList<>();
    private final StringBuilder word = new StringBuilder();
    private boolean inWord;
    private int next;

    private ShellWords(String text) {
        this.text = text;
    }

    /// The words of `text`, at least one.
    public static List<String> split(String text) {
        List<String> words = new ShellWords(text).scan();
        if (words.isEmpty()) {
            throw new Fault(
                    ExitCode.USAGE,
                    "the application is empty; name the program to run after the options");
        }
        return words;
    }

    private List<String> scan() {
        while (next < text.length()) {
            char c = text.charAt(next++);
            switch (c) {
                case ' ', '\t', '\n' -> endWord();
                case '\'' -> quoted('\'', false);
                case '"' -> quoted('"', true);
                case '\\' -> {
                    inWord = true;
                    word.append(next < text.length() ? text.charAt(next++) : '\\');
                }
                default -> {
                    inWord = true;
                    word.append(c);
                }
            }
        }
        endWord();
        return words;
    }

    private void quoted(char end, boolean escapes) {
        inWord = true;
        while (next < text.length()) {
            char c = text.charAt(next++);
            if (c == end) {
                return;
            }
            if (escapes
                    && c == '\\'
                    && next < text.length()
                    && "\"\\$`".indexOf(text.charAt(next)) >= 0) {
                c = text.charAt(next++);
            }
            word.append(c);
        }
        throw new Fault(
                ExitCode.USAGE, "the application has a quote " + end + " without its end: " + text);
    }

    private void endWord() {
        if (inWord) {
            words.add(word.toString());
            word.setLength(0);
            inWord = false;
        }
    }
}
