package org.bitfusion.systemtests.pool;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.CProgram;

/// What a user sees: lines `NAME$ COMMAND`, each with all that it prints and, unless it is 0, its
/// exit code. What is different each time has a name in angle brackets; commands may say it, too.
final class Transcript {
    private static final Pattern PROMPT = Pattern.compile("(\\S+[$#]) (.*)");
    private static final int SECONDS = 90;

    private static final Pattern TOKEN =
            Pattern.compile("(Token |\"id\": \")([A-Za-z0-9]{7})( created|\",)");

    /// What is new in each pool, and keeps its number within one transcript.
    private static final Map<String, Pattern> NUMBERED = new LinkedHashMap<>();

    /// What never comes again.
    private static final Map<String, Pattern> PASSING = new LinkedHashMap<>();

    static {
        NUMBERED.put(
                "uuid",
                Pattern.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
        NUMBERED.put("pool", Pattern.compile("\\b[0-9a-f]{16}\\b"));
        NUMBERED.put("adaptor", Pattern.compile("/tmp/bitfusion\\d+"));
        PASSING.put(
                "time", Pattern.compile("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z"));
        PASSING.put("version", Pattern.compile("(?<=Bitfusion version: ).*"));
        PASSING.put(
                "fingerprint",
                Pattern.compile("\\b([0-9A-F]{2}:){7,31}[0-9A-F]{2}\\b|\\b[0-9a-f]{24,64}\\b"));
    }

    private static final Pattern COLUMNS = Pattern.compile("(?<=\\S) {2,}");

    private final Pattern host;
    private final Map<String, Prompt> prompts;
    private final Map<String, String> fixed;
    private final Map<String, String> named = new LinkedHashMap<>();
    private final Map<String, Integer> counts = new HashMap<>();

    /// Who types: the environment of the commands, and the folder they start in.
    record Prompt(Map<String, String> environment, Path folder) {}

    /// @param host this machine's name
    /// @param fixed what is printed, to what it is called
    Transcript(String host, Map<String, Prompt> prompts, Map<String, String> fixed) {
        this.host = Pattern.compile("(?<![\\w.-])" + Pattern.quote(host) + "(?![\\w.-])");
        this.prompts = prompts;
        this.fixed = fixed;
    }

    /// Executes the commands of the file.
    ///
    /// @return the file as it would have to be
    String replay(Path file) throws IOException {
        StringBuilder transcript = new StringBuilder();
        for (String line : Files.readAllLines(file)) {
            Matcher typed = PROMPT.matcher(line);
            if (line.startsWith("## ")) {
                transcript.append(line).append('\n');
            } else if (typed.matches()) {
                Prompt user = prompts.get(typed.group(1));
                if (user != null) {
                    transcript.append(line).append('\n').append(execute(user, typed.group(2)));
                }
            }
        }
        return transcript.toString();
    }

    private String execute(Prompt user, String words) {
        List<String> command =
                new ArrayList<>(
                        List.of("bash", "-c", "cd " + user.folder() + " && " + real(words)));
        CProgram.Result result = CProgram.run(command, user.environment(), SECONDS);
        String code = result.exitCode() == 0 ? "" : "[exit " + result.exitCode() + "]\n";
        String output = result.output();
        return shown(output.isEmpty() || output.endsWith("\n") ? output : output + "\n") + code;
    }

    /// A command as it is executed.
    private String real(String words) {
        String real = words;
        for (Map.Entry<String, String> entry : named.entrySet()) {
            real = real.replace(entry.getValue(), entry.getKey());
        }
        for (Map.Entry<String, String> entry : fixed.entrySet()) {
            real = real.replace(entry.getValue(), entry.getKey());
        }
        return real;
    }

    private String shown(String output) {
        String shown = output;
        for (Map.Entry<String, Pattern> entry : PASSING.entrySet()) {
            shown = entry.getValue().matcher(shown).replaceAll("<" + entry.getKey() + ">");
        }
        learn(shown);
        for (Map.Entry<String, String> entry : named.entrySet()) {
            shown = shown.replace(entry.getKey(), entry.getValue());
        }
        for (Map.Entry<String, String> entry : fixed.entrySet()) {
            shown = shown.replace(entry.getKey(), entry.getValue());
        }
        shown = host.matcher(shown).replaceAll("workstation");
        return COLUMNS.matcher(shown).replaceAll("  "); // as wide as what stands in them
    }

    private void learn(String output) {
        token(output).ifPresent(id -> name("token", id));
        for (Map.Entry<String, Pattern> entry : NUMBERED.entrySet()) {
            Matcher matcher = entry.getValue().matcher(output);
            while (matcher.find()) {
                name(entry.getKey(), matcher.group());
            }
        }
    }

    private static Optional<String> token(String output) {
        Matcher created = TOKEN.matcher(output);
        return created.find() ? Optional.of(created.group(2)) : Optional.empty();
    }

    private void name(String kind, String value) {
        if (!named.containsKey(value)) {
            int number = counts.merge(kind, 1, Integer::sum);
            named.put(value, "<" + kind + "-" + number + ">");
        }
    }
}
