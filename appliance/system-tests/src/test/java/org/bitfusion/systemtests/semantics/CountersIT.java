package org.bitfusion.systemtests.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.systemtests.Appliance;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Round trips are the unit of cost: `BF_STATS=1` counts them, and only what the program can see
/// the difference of makes one.
class CountersIT {
    private static final Pattern WAITS = Pattern.compile("waits=(\\d+)");
    private static final Pattern ONE_WAY = Pattern.compile("one-way=(\\d+)");
    private static final Pattern ANSWERED = Pattern.compile("answered=(\\d+)");
    private static final Pattern BYTES_OUT = Pattern.compile("bytes-out=(\\d+)");

    /// Bytes of what `versions.c` loads.
    private static final int LARGE_IMAGE = 700 * 1024;

    private static Appliance appliance;
    private static CProgram program;

    @BeforeAll
    static void start() {
        appliance = Appliance.start(Map.of());
        program = CProgram.build("counters");
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    @Test
    void onlyTheModuleTheAllocationsAndTheCopyBackAreAnswered() {
        assertThat(answeredBy("copies_and_fills")).isLessThanOrEqualTo(1 + 2 + 1);
    }

    @Test
    void tenThousandLaunchesMakeNoRoundTrip() {
        int once = answeredBy("launches_once");
        // Behind its launches the second program asks for an address and a value.
        assertThat(answeredBy("launches_ten_thousand_times")).isLessThanOrEqualTo(once + 2);
    }

    @Test
    void whatIsKnownIsNotAsked() {
        assertThat(waitsOf("what_is_known_is_not_asked")).isLessThanOrEqualTo(1 + 1 + 1);
    }

    @Test
    void pollingSendsNothing() {
        // The module, the flag's address, one synchronise, the stream's first query.
        assertThat(answeredBy("polls")).isLessThanOrEqualTo(1 + 1 + 1 + 1 + 1);
        assertThat(count("polls", ONE_WAY)).isLessThan(30);
    }

    @Test
    void aTrainingStepWaitsOnce() {
        assertThat(waitsOf("eleven_training_steps") - waitsOf("one_training_step")).isEqualTo(10);
    }

    @Test
    void anImageThatTheServerHasIsNotSentAgain() {
        CProgram versions = CProgram.build("versions");
        String test = "a_large_image_is_loaded_twice";
        assertThat(count(versions, test, BYTES_OUT)).isLessThan(2 * LARGE_IMAGE);
        assertThat(count(versions, test, BYTES_OUT)).isLessThan(LARGE_IMAGE / 10);
    }

    private static int waitsOf(String test) {
        return count(test, WAITS);
    }

    private static int answeredBy(String test) {
        return count(test, ANSWERED);
    }

    private static int count(String test, Pattern counter) {
        return count(program, test, counter);
    }

    private static int count(CProgram program, String test, Pattern counter) {
        Map<String, String> environment = new HashMap<>(appliance.clientEnvironment());
        environment.put("BF_STATS", "1");
        CProgram.Result result = program.run(test, environment);
        assertThat(result.output()).contains("PASSED " + test);
        Matcher matcher = counter.matcher(result.output());
        assertThat(matcher.find()).as(result.output()).isTrue();
        return Integer.parseInt(matcher.group(1));
    }
}
