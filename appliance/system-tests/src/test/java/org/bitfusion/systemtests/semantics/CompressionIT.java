package org.bitfusion.systemtests.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// What is compressed on its way arrives as it was. On a fast link, as here, only because
/// `BF_COMPRESSION=always` says so; when it is worth it by itself is the matter of `./dev bench`'s
/// rows `copy.1g.*`.
class CompressionIT {
    private static final Map<String, String> ALWAYS = Map.of("BF_COMPRESSION", "always");
    private static final Pattern BYTES = Pattern.compile("bytes-out=(\\d+) bytes-in=(\\d+)");
    private static final long COPIED = 32 << 20;
    private static Appliance appliance;

    @BeforeAll
    static void start() {
        appliance = Appliance.start(ALWAYS);
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    private static Map<String, String> environment(Map<String, String> settings) {
        Map<String, String> environment = new HashMap<>(appliance.clientEnvironment());
        environment.putAll(settings);
        return environment;
    }

    @TestFactory
    Stream<DynamicTest> programs() {
        return List.of("memory", "pinned", "images").stream()
                .map(CProgram::build)
                .flatMap(program ->
                        program.tests().stream()
                                .map(test ->
                                        DynamicTest.dynamicTest(
                                                test, () -> passes(program, test))));
    }

    private static void passes(CProgram program, String test) {
        CProgram.Result result = program.run(test, environment(ALWAYS));
        assertThat(result.output()).contains("PASSED " + test);
        assertThat(result.exitCode()).isZero();
    }

    private static Matcher bytes(Map<String, String> settings) {
        Map<String, String> environment = environment(settings);
        environment.put("BF_STATS", "1");
        CProgram.Result result =
                CProgram.build("counters").run("zeros_there_and_back", environment);
        assertThat(result.output()).contains("PASSED");
        Matcher matcher = BYTES.matcher(result.output());
        assertThat(matcher.find()).as(result.output()).isTrue();
        return matcher;
    }

    @Test
    void zerosTakeNextToNothing() {
        Matcher bytes = bytes(ALWAYS);
        assertThat(Long.parseLong(bytes.group(1))).isLessThan(COPIED / 20);
        assertThat(Long.parseLong(bytes.group(2))).isLessThan(COPIED / 20);
    }

    @Test
    void whoWantsNoneSendsWhatThereIs() {
        Matcher bytes = bytes(Map.of("BF_COMPRESSION", "off"));
        assertThat(Long.parseLong(bytes.group(1))).isGreaterThan(COPIED);
    }
}
