package org.bitfusion.cli.options;

import org.jspecify.annotations.Nullable;

/// `list_gpus`, parsed.
///
/// @param serverList value of `-l`
/// @param serversFile value of `-s`
/// @param json whether the output is for programs
public record ListOptions(@Nullable String serverList, @Nullable String serversFile, boolean json) {
    /// Parses `arguments` from `start` on; null when help is asked for.
    public static @Nullable ListOptions parse(String[] arguments, int start) {
        ArgumentReader reader = new ArgumentReader("list_gpus", arguments, start);
        String serverList = null;
        String serversFile = null;
        boolean json = false;
        for (String flag = reader.nextFlag(); flag != null; flag = reader.nextFlag()) {
            switch (flag) {
                case "l", "server_list" -> serverList = reader.value();
                case "s", "servers" -> serversFile = reader.value();
                case "output" -> json = isJson(reader, reader.value());
                case "h", "help" -> {
                    return null;
                }
                default -> throw reader.unknownFlag();
            }
        }
        reader.end();
        if (serverList != null && serversFile != null) {
            throw reader.usage("-l and -s exclude each other");
        }
        return new ListOptions(serverList, serversFile, json);
    }

    static boolean isJson(ArgumentReader reader, String text) {
        return switch (text) {
            case "json" -> true;
            case "text" -> false;
            default -> throw reader.usage("--output " + text + ": give json or text");
        };
    }
}
