package org.bitfusion.systemtests.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.Test;

/// Two appliances of one pool, and a program with GPUs of both.
class PeersOverTlsIT {
    private static final String TEST = "copies_of_all_sizes_arrive";
    private static final Pattern BYTES_IN = Pattern.compile("bytes-in=(\\d+)");

    /// What the test looks at, and less than what the copies would add if they came this way.
    private static final long MOST_BYTES = 100L << 20;

    private final PoolFiles pool = new PoolFiles();

    private Appliance appliance() {
        Map<String, String> settings = new HashMap<>(pool.settings("127.0.0.1"));
        settings.put("BF_COMPRESSION", "off");
        return Appliance.start(settings);
    }

    @Test
    void copiesGoFromWorkerToWorkerOverTls() throws IOException {
        String program = CProgram.build("peers").executable().toString();
        Path folder = Files.createTempDirectory(Repository.target(), "leases");
        Path both = folder.resolve("both.conf");
        try (Appliance first = appliance();
                Appliance second = appliance()) {
            String run = Repository.bitfusion() + " run -q -n 2 -l 127.0.0.1:";
            // A lease of each; the program finds both in one file.
            String inner =
                    "cat $BF_ADAPTOR_CONFIG >> %s; BF_ADAPTOR_CONFIG=%s exec %s %s"
                            .formatted(both, both, program, TEST);
            String outer =
                    ("cat $BF_ADAPTOR_CONFIG > %s; mkdir %s.d; cp -r $BF_ADAPTOR_CONFIG.d/tls %s.d;"
                                    + " unset BF_ADAPTOR_CONFIG; exec %s%d -- bash -c '%s'")
                            .formatted(both, both, both, run, second.port(), inner);
            CProgram.Result result =
                    CProgram.run(
                            List.of("bash", "-c", run + first.port() + " -- bash -c \"$0\"", outer),
                            Map.of(
                                    "HOME",
                                    pool.client().toString(),
                                    "BF_TLS",
                                    "always",
                                    "BF_STATS",
                                    "1",
                                    "BF_COMPRESSION",
                                    "off",
                                    "BF_DIRECT_COPIES",
                                    "always"),
                            120);
            assertThat(result.output()).contains("PASSED " + TEST);
            assertThat(first.log()).doesNotContain("is not reached", "breaks off");
            Matcher matcher = BYTES_IN.matcher(result.output());
            assertThat(matcher.find()).as(result.output()).isTrue();
            assertThat(Long.parseLong(matcher.group(1))).isLessThan(MOST_BYTES);
        }
    }
}
