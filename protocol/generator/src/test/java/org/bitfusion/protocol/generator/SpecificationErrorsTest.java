package org.bitfusion.protocol.generator;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpecificationErrorsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "record r { a: u9 } | unknown field type u9",
                "record r { a: u8 a: u8 } | field a is declared twice",
                "record r { a: payload max 5 } | a record cannot hold a payload",
                "record r { a: string max 70000 } | a string holds at most 65535 bytes",
                "record r { a: array<uuid> max 5 } | an array holds numbers or records",
                "record r { a: handle<stream> } | unknown handle kind stream",
                "record r { a: string max MANY } | unknown constant MANY",
                "message 0 m oneway client since 1 { } | message number 0 (expected: 1 to 65535)",
                "message 1 m twoway client since 1 { } | found 'twoway' (expected: oneway, sync)",
                "message 1 m sync client since 1 { } | found the end of the file (expected: 'answer')",
                "message 1 m oneway client since 1 { a: payload max 5 b: u8 } | a payload must be the last field",
                "message 1 m oneway client since 1 { a: bytes max 5 b: payload max 5 } | the fields before a payload must be of fixed size",
                "constant MAX_BODY = 8 message 1 m oneway client since 1 { a: bytes max 9 } | m can take 9 bytes (expected: at most 8)",
                "constant PROTOCOL_VERSION = 1 message 1 m oneway client since 2 { } | m is since 2 (expected: 1 to the protocol's version)",
                "function cuF local { cuF 3020 (int *a) } | a is a pointer without direction",
                "function cuF local { cuF 3020 (in int a) } | a is no pointer but has a direction",
                "function cuF local { cuF 3020 (CUnothing a) } | unknown type CUnothing",
                "function cuF local { cuF 3020 (in void *a[b]) } | length 'b' (expected: a parameter, a number or text)",
                "function cuF local { cuF 3 () } | CUDA version 3 (expected: 3020 for 3.2)",
                "function cuF local { cuF 3020 = cuG } | cuG is no variant of its own in cuF",
                "function cuF local { cuF 3020 } | found '}' (expected: '(', '=' or 'unsupported' for cuF)",
                "function cuF remote { } | class 'remote' (expected: local, cached, oneway, sync or unsupported)",
                "function cuF sync { } | cuF names no message",
                "function cuF sync mem.no { } | unknown message mem.no",
                "function cuF unsupported { cuF 3020 ffm } | cuF is ffm but has no parameters",
                "struct s [4] { int a; int a; } | member a is twice",
                "struct s [4] { int a; int b; } | s has 8 bytes (expected: 4)",
                "enum e { A = 1x } | '1x' is not a number",
                "enum e { A = 1 } enum f { A = 2 } | enumerator A is declared twice (x.calls:1)",
                "widget w | unknown entry 'widget'",
                "record \"r | a text without closing quote",
                "record r ! | unexpected character '!'"
            })
    void namesThePlaceAndTheProblem(String text, String problem) {
        assertThatThrownBy(() -> SpecificationParser.parse("x.calls", text))
                .isInstanceOf(SpecificationException.class)
                .hasMessageStartingWith("x.calls:1: ")
                .hasMessageContaining(problem);
    }

    @Test
    void countsLinesOverComments() {
        assertThatThrownBy(() ->
                        SpecificationParser.parse(
                                "x.calls", "# one\n\nrecord r { # three\n  a: u9 }"))
                .hasMessageStartingWith("x.calls:4: ");
    }

    @Test
    void refusesANumberThatIsTaken() {
        String text =
                """
                message 1 a.b oneway client since 1 { }
                message 1 a.c oneway client since 1 { }
                """;
        assertThatThrownBy(() -> SpecificationParser.parse("x.calls", text))
                .hasMessage("x.calls:2: message a.c has the number of a.b (x.calls:1)");
    }

    @Test
    void refusesASymbolThatIsTaken() {
        String text =
                """
                function cuF local { cuF 3020 () }
                function cuG local { cuF 3020 () }
                """;
        assertThatThrownBy(() -> SpecificationParser.parse("x.calls", text))
                .hasMessage("x.calls:2: symbol cuF is declared twice (x.calls:1)");
    }
}
