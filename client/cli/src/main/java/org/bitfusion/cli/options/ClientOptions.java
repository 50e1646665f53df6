package org.bitfusion.cli.options;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// `client`, parsed.
///
/// @param serverList value of `-l`: dispatchers separated by `;`
/// @param adaptorFile value of `-f`
/// @param application program and arguments, at least one word
public record ClientOptions(
        @Nullable String serverList, @Nullable String adaptorFile, List<String> application) {

    /// Parses `arguments` from `start` on; null when help is asked for.
    public static @Nullable ClientOptions parse(String[] arguments, int start) {
        ArgumentReader reader = new ArgumentReader("client", arguments, start);
        String serverList = null;
        String adaptorFile = null;
        for (String flag = reader.nextFlag(); flag != null; flag = reader.nextFlag()) {
            switch (flag) {
                case "l", "server_list" -> serverList = reader.value();
                case "f", "file" -> adaptorFile = reader.value();
                case "h", "help" -> {
                    return null;
                }
                default -> throw reader.unknownFlag();
            }
        }
        if (serverList != null && adaptorFile != null) {
            throw reader.usage("-l and -f exclude each other");
        }
        return new ClientOptions(serverList, adaptorFile, reader.application());
    }
}
