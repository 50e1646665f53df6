package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// All that the commands print which are started by hand, without a pool, against
/// `src/test/resources/transcripts/hand.golden`; see [TranscriptsIT]. `behind NAME COMMAND` starts
/// a command, and shows what it prints until it listens; `stop NAME` ends it.
class HandTranscriptsIT {
    /// Where nothing else listens; 127.0.0.1 in the transcript.
    private static final String ADDRESS = "127.0.0.9";

    private static final String BEHIND =
            """
            #!/bin/bash
            name=$1
            shift
            : > $name.out
            "$@" >> $name.out 2> $name.log < /dev/null &
            echo $! > $name.pid
            until grep -q '^Listening' $name.out || ! kill -0 $! 2> /dev/null; do sleep 0.05; done
            cat $name.out
            """;
    private static final String STOP =
            """
            #!/bin/bash
            pid=$(cat $1.pid)
            kill $pid
            while kill -0 $pid 2> /dev/null; do sleep 0.05; done
            """;

    @TempDir Path folder;

    private Path script(String name, String text) throws IOException {
        Path script = folder.resolve("bin").resolve(name);
        Files.createDirectories(folder.resolve("bin"));
        Files.writeString(script, text);
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        return script;
    }

    private static Integer freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral(ADDRESS))) {
            return socket.getLocalPort();
        }
    }

    @Test
    void commandsWithoutAPool() throws IOException {
        Path bin = script("behind", BEHIND).getParent();
        script("stop", STOP);
        Path home = Files.createDirectories(folder.resolve("home"));
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("HOME", home.toString());
        environment.put("XDG_RUNTIME_DIR", folder.resolve("run").toString());
        environment.put("BF_MANAGER_FOLDER", folder.resolve("appliance").toString());
        environment.put("BF_HOST_FOLDER", folder.resolve("gpus").toString());
        environment.put("BF_LISTEN", ADDRESS);
        environment.put("BF_GPU", "soft");
        environment.put("BF_SOFT_DEVICES", "2");
        environment.put("BF_SOFT_MEMORY", "512");
        environment.put("BF_PRESTARTED_WORKERS", "1");
        environment.put(
                "PATH",
                bin
                        + ":"
                        + Path.of(ManagedAppliance.program()).getParent()
                        + ":"
                        + System.getenv("PATH"));
        Map<String, String> fixed = new LinkedHashMap<>();
        fixed.put(home.toString(), "/home/anna");
        fixed.put(folder.toString(), "/folder");
        fixed.put(ADDRESS, "127.0.0.1");
        for (String port : new String[] {"55001", "55002", "55010", "50001"}) {
            fixed.put(freePort().toString(), port);
        }
        Path golden =
                Repository.root()
                        .resolve(
                                "appliance/system-tests/src/test/resources/transcripts/hand.golden");
        Transcript transcript =
                new Transcript(
                        TranscriptsIT.host(),
                        Map.of("anna$", new Transcript.Prompt(environment, home)),
                        fixed);
        String seen = transcript.replay(golden);
        if (System.getProperty("bitfusion.transcripts", "").equals("write")) {
            Files.writeString(golden, seen);
        }
        assertThat(seen).isEqualTo(Files.readString(golden));
    }
}
