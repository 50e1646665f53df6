package org.bitfusion.cli.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.Objects;
import org.bitfusion.cli.ExitCode;
import org.bitfusion.cli.Fault;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunOptionsTest {
    private static RunOptions parse(String... arguments) {
        return Objects.requireNonNull(RunOptions.parse(arguments, 0));
    }

    private static Fault fault(String... arguments) {
        Fault fault = catchThrowableOfType(Fault.class, () -> RunOptions.parse(arguments, 0));
        assertThat(fault).as(String.join(" ", arguments)).isNotNull();
        return fault;
    }

    @Test
    void everyOptionIsRead() {
        RunOptions options =
                parse(
                        "-n",
                        "2",
                        "-p",
                        "0.5",
                        "-t",
                        "10s",
                        "-s",
                        "servers.conf",
                        "--quiet",
                        "--",
                        "python",
                        "-n",
                        "9");
        assertThat(options.gpuCount()).isEqualTo(2);
        assertThat(options.share()).isEqualTo(new Share.Fraction(5, 10));
        assertThat(options.patience()).isEqualTo(Duration.ofSeconds(10));
        assertThat(options.serversFile()).isEqualTo("servers.conf");
        assertThat(options.quiet()).isTrue();
        assertThat(options.application()).containsExactly("python", "-n", "9");
    }

    @Test
    void defaultsAreTheProducts() {
        RunOptions options = parse("-n", "1", "nvidia-smi");
        assertThat(options.share()).isEqualTo(new Share.Whole());
        assertThat(options.patience()).isEqualTo(Duration.ofMinutes(30));
        assertThat(options.serverList()).isNull();
        assertThat(options.quiet()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"-l", "--l", "--server_list", "-server_list"})
    void oneDashAndTwoMeanTheSame(String flag) {
        assertThat(parse("-n=1", flag + "=127.0.0.1:7", "a").serverList()).isEqualTo("127.0.0.1:7");
        assertThat(parse("-n", "1", flag, "127.0.0.1:7", "a").serverList())
                .isEqualTo("127.0.0.1:7");
    }

    @Test
    void theApplicationBeginsAtTheFirstWordThatIsNoOption() {
        assertThat(parse("-n", "1", "python", "x.py", "-n", "3", "--", "y").application())
                .containsExactly("python", "x.py", "-n", "3", "--", "y");
    }

    @Test
    void oneStringIsSplitLikeAShellQuotes() {
        assertThat(parse("-n", "1", "python x.py --name='a b' \"c \\\" d\" e\\ f ''").application())
                .containsExactly("python", "x.py", "--name=a b", "c \" d", "e f", "");
    }

    @Test
    void oneWordAfterTwoDashesIsTakenAsItIs() {
        assertThat(parse("-n", "1", "--", "my program").application())
                .containsExactly("my program");
    }

    @Test
    void helpWins() {
        assertThat(RunOptions.parse(new String[] {"-n", "1", "--help"}, 0)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "65", "1.5", "x", "", "999"})
    void aCountOfGpusThatIsNoneIsRefused(String count) {
        Fault fault = fault("-n=" + count, "a");
        assertThat(fault.code()).isEqualTo(ExitCode.USAGE);
        assertThat(fault.line()).contains("-n " + count).contains("from 1 to 64");
    }

    @Test
    void faultsNameTheRemedy() {
        assertThat(fault("a").line()).contains("-n 1");
        assertThat(fault("-n", "1").line()).contains("no application given");
        assertThat(fault("-n", "1", "--").line()).contains("no application given");
        assertThat(fault("-n", "1", "-p", "0.5", "-m", "3", "a").line())
                .contains("either -p or -m");
        assertThat(fault("-n", "1", "-l", "a", "-s", "b", "c").line())
                .contains("exclude each other");
        assertThat(fault("-n", "1", "-z", "a").line()).contains("unknown option -z");
        assertThat(fault("-n", "1", "--output=x", "a").line())
                .contains("unknown option --output (");
        assertThat(fault("-n", "1", "-output", "a").line()).contains("unknown option -output (");
        assertThat(fault("-n", "1", "--timeout").line()).contains(" --timeout needs a value");
        assertThat(fault("-n", "1", "-t", "99999999", "a").line()).contains("at most 7 digits");
        assertThat(fault("-n", "1", "-t").line()).contains("-t needs a value");
        assertThat(fault("-n", "1", "-l", "--", "a").line()).contains("-l needs a value");
        assertThat(fault("-n", "1", "--filter", "device.id", "a").line()).contains("key=value");
        assertThat(fault("-n", "1", "echo 'x").line()).contains("without its end");
        assertThat(fault("-n", "1", "  ").line()).contains("application is empty");
    }
}
