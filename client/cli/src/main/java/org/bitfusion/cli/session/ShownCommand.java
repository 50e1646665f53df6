package org.bitfusion.cli.session;

import java.util.List;

/// A program's command line as it is shown and logged: at most 4096 characters of it.
public final class ShownCommand {
    /// A variable or a message that holds it must not be what makes a long command line too long.
    private static final int CHARACTERS = 4096;

    private ShownCommand() {}

    public static String of(List<String> application) {
        StringBuilder text = new StringBuilder();
        for (String word : application) {
            text.append(text.isEmpty() ? "" : " ").append(word);
            if (text.length() > CHARACTERS) {
                int end = CHARACTERS - 1;
                end -= Character.isHighSurrogate(text.charAt(end - 1)) ? 1 : 0;
                return text.substring(0, end) + "…";
            }
        }
        return text.toString();
    }
}
