package org.bitfusion.cli.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.bitfusion.cli.Fault;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValidTimeTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "d", "0d", "-1d", "1", "1w", "1.5d", "999999d"})
    void timesThatMakeNoSenseAreFaults(String text) {
        assertThat(catchThrowableOfType(Fault.class, () -> ValidTime.parse(text)).line())
                .contains("30d");
    }
}
