package org.bitfusion.cli.options;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bitfusion.cli.Fault;
import org.jspecify.annotations.Nullable;

/// A command of an administrator, parsed: words (what to do, to what) and flags in any order.
public final class AdminOptions {
    private static final Map<String, String> ALIASES =
            Map.of("l", "server_list", "s", "servers", "f", "file", "u", "user");

    /// Of every such command.
    private static final Set<String> COMMON = Set.of("user", "server_list", "servers", "output");

    /// Flags without a value.
    private static final Set<String> SWITCHES = Set.of("disabled", "undo");

    private final ArgumentReader reader;
    private final List<String> words = new ArrayList<>();
    private final Map<String, String> flags = new LinkedHashMap<>();

    private AdminOptions(ArgumentReader reader) {
        this.reader = reader;
    }

    /// Parses `arguments`, whose first is the command; null when help is asked for.
    ///
    /// @param own flags of the command besides those that all have
    public static @Nullable AdminOptions parse(String[] arguments, Set<String> own) {
        AdminOptions options = new AdminOptions(new ArgumentReader(arguments[0], arguments, 1));
        return options.read(own) ? options : null;
    }

    private boolean read(Set<String> own) {
        while (true) {
            String typed = reader.nextFlag();
            if (typed == null) {
                String word = reader.nextWord();
                if (word == null) {
                    var _ = json(); // which may be wrong
                    return true;
                }
                words.add(word);
                continue;
            }
            String flag = ALIASES.getOrDefault(typed, typed);
            if (flag.equals("h") || flag.equals("help")) {
                return false;
            }
            if (!COMMON.contains(flag) && !own.contains(flag)) {
                throw reader.unknownFlag();
            }
            if (flags.put(flag, SWITCHES.contains(flag) ? "" : reader.value()) != null) {
                throw reader.usage("--" + flag + " is given twice");
            }
        }
    }

    /// What is to be done.
    ///
    /// @throws Fault if that is not said
    public String action(String expected) {
        if (words.isEmpty()) {
            throw reader.usage("say what: " + expected);
        }
        return words.getFirst();
    }

    /// The one word behind the action.
    ///
    /// @throws Fault if there is none or more
    public String subject(String what) {
        if (words.size() != 2) {
            throw reader.usage(words.getFirst() + " needs " + what + ", and nothing else");
        }
        return words.get(1);
    }

    /// The only word.
    ///
    /// @throws Fault if there is none or more
    public String only(String what) {
        if (words.size() != 1) {
            throw reader.usage("name " + what + ", and nothing else");
        }
        return words.getFirst();
    }

    /// No word may stand there.
    public void nothing() {
        if (!words.isEmpty()) {
            throw reader.usage("'" + words.getFirst() + "' is one word too many");
        }
    }

    /// Nothing may stand behind the action.
    public void alone() {
        if (words.size() != 1) {
            throw reader.usage("'" + words.get(1) + "' is one word too many");
        }
    }

    public boolean has(String flag) {
        return flags.containsKey(flag);
    }

    public Optional<String> flag(String name) {
        return Optional.ofNullable(flags.get(name));
    }

    public boolean json() {
        String output = flags.get("output");
        return output != null && ListOptions.isJson(reader, output);
    }

    public Fault usage(String problem) {
        return reader.usage(problem);
    }
}
