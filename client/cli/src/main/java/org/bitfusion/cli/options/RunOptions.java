package org.bitfusion.cli.options;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `run`, parsed.
///
/// @param gpuCount how many GPUs, at least 1
/// @param share memory of each
/// @param patience how long to wait for them
/// @param serverList value of `-l`: addresses separated by `;`
/// @param serversFile value of `-s`
/// @param filters values of `--filter`
/// @param quiet no transcript
/// @param application program and arguments, at least one word
public record RunOptions(
        int gpuCount,
        Share share,
        Duration patience,
        @Nullable String serverList,
        @Nullable String serversFile,
        List<String> filters,
        boolean quiet,
        List<String> application) {

    static final int GPU_COUNT_LIMIT = 64;

    /// Parses `arguments` from `start` on; null when help is asked for.
    public static @Nullable RunOptions parse(String[] arguments, int start) {
        ArgumentReader reader = new ArgumentReader("run", arguments, start);
        int gpuCount = 0;
        Share share = null;
        Duration patience = WaitTime.DEFAULT;
        String serverList = null;
        String serversFile = null;
        List<String> filters = new ArrayList<>();
        boolean quiet = false;
        for (String flag = reader.nextFlag(); flag != null; flag = reader.nextFlag()) {
            switch (flag) {
                case "n", "num_gpus" -> gpuCount = gpuCount(reader, reader.value());
                case "p", "partial" ->
                        share = only(reader, share, Share.parseFraction(reader.value()));
                case "m", "memory" ->
                        share = only(reader, share, Share.parseMebibytes(reader.value()));
                case "t", "timeout" -> patience = WaitTime.parse(reader.value());
                case "l", "server_list" -> serverList = reader.value();
                case "s", "servers" -> serversFile = reader.value();
                case "q", "quiet" -> quiet = true;
                case "h", "help" -> {
                    return null;
                }
                case "filter" -> filters.add(filter(reader, reader.value()));
                default -> throw reader.unknownFlag();
            }
        }
        if (gpuCount == 0) {
            throw reader.usage("say how many GPUs with -n, for example -n 1");
        }
        if (serverList != null && serversFile != null) {
            throw reader.usage("-l and -s exclude each other");
        }
        Share wanted = share == null ? new Share.Whole() : share;
        return new RunOptions(
                gpuCount,
                wanted,
                patience,
                serverList,
                serversFile,
                filters,
                quiet,
                reader.application());
    }

    /// What it means is the pool's to say; that it is one is seen here.
    static String filter(ArgumentReader reader, String text) {
        boolean compares = false;
        for (int i = 1; i < text.length(); i++) {
            compares |= "=<>!".indexOf(text.charAt(i)) >= 0;
        }
        if (!compares) {
            throw reader.usage(
                    "--filter "
                            + text
                            + ": give key=value, for example --filter device.name=*A100*");
        }
        return text;
    }

    static int gpuCount(ArgumentReader reader, String text) {
        int count = text.length() == 1 || text.length() == 2 ? parseDigits(text) : 0;
        if (count < 1 || count > GPU_COUNT_LIMIT) {
            throw reader.usage(
                    "-n " + text + ": give a number of GPUs from 1 to " + GPU_COUNT_LIMIT);
        }
        return count;
    }

    private static int parseDigits(String text) {
        int number = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return 0;
            }
            number = number * 10 + digit;
        }
        return number;
    }

    static Share only(ArgumentReader reader, @Nullable Share earlier, Share share) {
        if (earlier != null) {
            throw reader.usage("give either -p or -m, and once");
        }
        return share;
    }
}
