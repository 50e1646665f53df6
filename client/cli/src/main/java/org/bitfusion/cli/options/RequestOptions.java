package org.bitfusion.cli.options;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `request_gpus` and `release_gpus`, parsed; of the latter only the file counts.
///
/// @param gpuCount how many GPUs; 0 where it was not said
/// @param share memory of each
/// @param patience how long to wait for them
/// @param serverList value of `-l`
/// @param serversFile value of `-s`
/// @param filters values of `--filter`
/// @param adaptorFile value of `-f`
public record RequestOptions(
        int gpuCount,
        Share share,
        Duration patience,
        @Nullable String serverList,
        @Nullable String serversFile,
        List<String> filters,
        @Nullable String adaptorFile) {

    /// Parses `request_gpus` from `start` on; null when help is asked for.
    public static @Nullable RequestOptions parseRequest(String[] arguments, int start) {
        ArgumentReader reader = new ArgumentReader("request_gpus", arguments, start);
        RequestOptions options = parse(reader);
        if (options != null && options.gpuCount() == 0) {
            throw reader.usage("say how many GPUs with -n, for example -n 1");
        }
        return options;
    }

    /// Parses `release_gpus` from `start` on; null when help is asked for.
    public static @Nullable RequestOptions parseRelease(String[] arguments, int start) {
        return parse(new ArgumentReader("release_gpus", arguments, start));
    }

    private static @Nullable RequestOptions parse(ArgumentReader reader) {
        int gpuCount = 0;
        Share share = null;
        Duration patience = WaitTime.DEFAULT;
        String serverList = null;
        String serversFile = null;
        String adaptorFile = null;
        List<String> filters = new ArrayList<>();
        for (String flag = reader.nextFlag(); flag != null; flag = reader.nextFlag()) {
            switch (flag) {
                case "n", "num_gpus" -> gpuCount = RunOptions.gpuCount(reader, reader.value());
                case "p", "partial" ->
                        share = RunOptions.only(reader, share, Share.parseFraction(reader.value()));
                case "m", "memory" ->
                        share =
                                RunOptions.only(
                                        reader, share, Share.parseMebibytes(reader.value()));
                case "t", "timeout" -> patience = WaitTime.parse(reader.value());
                case "l", "server_list" -> serverList = reader.value();
                case "s", "servers" -> serversFile = reader.value();
                case "f", "file" -> adaptorFile = reader.value();
                case "filter" -> filters.add(RunOptions.filter(reader, reader.value()));
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
        Share wanted = share == null ? new Share.Whole() : share;
        return new RequestOptions(
                gpuCount, wanted, patience, serverList, serversFile, filters, adaptorFile);
    }
}
