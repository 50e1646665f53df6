package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// All that the commands of a pool print, against `src/test/resources/transcripts`; with
/// `-Dbitfusion.transcripts=write` these are written anew, to be read before they are kept.
class TranscriptsIT {
    private static final String ADDRESS = "127.0.0.6";
    private static ManagedAppliance appliance;
    private static @TempDir Path folder;

    @BeforeAll
    static void start() {
        appliance = ManagedAppliance.start(ADDRESS);
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    /// The name of this machine.
    static String host() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    }

    private static Transcript.Prompt user(Path home) throws IOException {
        Files.createDirectories(home);
        return new Transcript.Prompt(
                Map.of(
                        "HOME",
                        home.toString(),
                        "PATH",
                        Path.of(ManagedAppliance.program()).getParent()
                                + ":"
                                + System.getenv("PATH")),
                home);
    }

    @Test
    void allCommands() throws IOException {
        Map<String, Transcript.Prompt> prompts = new LinkedHashMap<>();
        Transcript.Prompt root = user(folder.resolve("root"));
        Map<String, String> ofRoot = new LinkedHashMap<>(root.environment());
        ofRoot.put("BF_MANAGER_FOLDER", appliance.folder().toString());
        prompts.put("gpu-6#", new Transcript.Prompt(ofRoot, root.folder()));
        prompts.put("anna$", user(folder.resolve("anna")));
        prompts.put("ben$", user(folder.resolve("ben")));
        Map<String, String> fixed = new LinkedHashMap<>();
        fixed.put(folder.resolve("root").toString(), "/root");
        fixed.put(folder.resolve("anna").toString(), "/home/anna");
        fixed.put(folder.resolve("ben").toString(), "/home/ben");
        fixed.put(appliance.folder().toString(), "/appliance");
        fixed.put(appliance.manager(), "10.0.0.6:56001");
        fixed.put(ADDRESS, "10.0.0.6");
        fixed.put(Integer.toString(appliance.port()), "56001");
        fixed.put(Integer.toString(appliance.dispatcherPort()), "55001");
        Path golden =
                Repository.root()
                        .resolve(
                                "appliance/system-tests/src/test/resources/transcripts/pool.golden");
        String seen = new Transcript(host(), prompts, fixed).replay(golden);
        if (System.getProperty("bitfusion.transcripts", "").equals("write")) {
            Files.writeString(golden, seen);
        }
        assertThat(seen).isEqualTo(Files.readString(golden));
    }
}
