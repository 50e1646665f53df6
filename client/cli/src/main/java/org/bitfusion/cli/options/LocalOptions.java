package org.bitfusion.cli.options;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// `local`, parsed.
///
/// @param share memory of each local GPU
/// @param quiet no transcript
/// @param application program and arguments, at least one word
public record LocalOptions(Share share, boolean quiet, List<String> application) {

    /// Parses `arguments` from `start` on; null when help is asked for.
    public static @Nullable LocalOptions parse(String[] arguments, int start) {
        ArgumentReader reader = new ArgumentReader("local", arguments, start);
        Share share = null;
        boolean quiet = false;
        for (String flag = reader.nextFlag(); flag != null; flag = reader.nextFlag()) {
            switch (flag) {
                case "p", "partial", "m", "memory" -> {
                    if (share != null) {
                        throw reader.usage("give either -p or -m, and once");
                    }
                    String value = reader.value();
                    share =
                            flag.charAt(0) == 'p'
                                    ? Share.parseFraction(value)
                                    : Share.parseMebibytes(value);
                }
                case "q", "quiet" -> quiet = true;
                case "h", "help" -> {
                    return null;
                }
                default -> throw reader.unknownFlag();
            }
        }
        return new LocalOptions(
                share == null ? new Share.Whole() : share, quiet, reader.application());
    }
}
