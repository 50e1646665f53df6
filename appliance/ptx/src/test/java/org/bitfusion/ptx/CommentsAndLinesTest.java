package org.bitfusion.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Comments, line ends and debug information stand wherever compilers put them.
class CommentsAndLinesTest {
    private static final String HEADER = ".version 8.0\n.target sm_80\n.address_size 64\n";

    private static List<String> forms(String text) {
        return PtxParser.parse(text).kernel("k").orElseThrow().body().instructions().stream()
                .map(Instruction::form)
                .toList();
    }

    private static List<String> formsOf(String code) {
        return forms(HEADER + ".visible .entry k() {\n" + code + "}\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ret;\n  // -- End function\n",
                "ret; // the end\n",
                "ret;//\n",
                "ret;/**/",
                "ret; /* a \n * b **/ // c\n /* d */",
                "ret; // a } brace\n/* and { two } } */\n",
                "ret;\n// %bb.1: */ /*\n//\n\n",
                "/* a */ ret /* b */ ; // c\r\n\r\n// d\r\n",
            })
    void aBodyMayEndInComments(String code) {
        assertThat(formsOf(code)).containsExactly("ret");
    }

    @ParameterizedTest
    @ValueSource(strings = {"// end", "// end\n", "//", "/* end */", "/**/\n//\n", "\r\n", ""})
    void aFileMayEndInCommentsAndWithoutNewline(String ending) {
        assertThat(forms(HEADER + "//\n.entry k() { ret; }" + ending)).containsExactly("ret");
    }

    @Test
    void commentsStandBetweenAnyTwoWords() {
        String text =
                """
                // first
                /* a */ .version /* b */ 8.0 // c
                .target /* d */ sm_80 // e
                .address_size // f
                64
                .visible /* g */ .entry // h
                k /* i */ ( .param // j
                .u64 /* k */ p /* l */ ) // m
                /* n */ { // o
                .reg /* p */ .b64 /* q */ %rd // r
                < /* s */ 3 /* t */ > /* u */ ; /* v */
                { // inner
                again /* w */ : ld.param.u64 /* x */ %rd1 // y
                , [ /* z */ p // 1
                + /* 2 */ 0 /* 3 */ ] /* 4 */ ; // 5
                st.global.v2.u32 [ %rd1 ], { /* 6 */ 1, // 7
                2 /* 8 */ } /* 9 */ ;
                bra /* 10 */ again // 11
                ; // the inner ends
                } // 12
                /* 13 */
                ret; // 14
                // 15
                } // 16\
                """;

        assertThat(forms(text)).containsExactly("ld.param.u64", "st.global.v2.u32", "bra", "ret");
        assertThat(forms(text.replace("\n", "\r\n"))).isEqualTo(forms(text));
    }

    @Test
    void linesAreCountedThroughComments() {
        PtxModule module =
                PtxParser.parse(
                        HEADER + ".entry k()\n{ // 4\n/* 5\n6\n*/ exit; // 7\nlabel\n:\nret; }");

        assertThat(module.kernel("k").orElseThrow().body().instructions())
                .extracting(Instruction::line)
                .containsExactly(8, 11);
    }

    @Test
    void aLoneSlashIsNoComment() {
        assertThatThrownBy(() -> formsOf("ret; /")).isInstanceOf(PtxException.class);
        assertThatThrownBy(() -> formsOf("ret; / / x\n")).isInstanceOf(PtxException.class);
        assertThatThrownBy(() -> formsOf("ret; /* never closed")).isInstanceOf(PtxException.class);
    }

    @Test
    void codeMayFollowDebugDirectivesOnTheirLine() {
        assertThat(
                        formsOf(
                                """
                                .loc 1 5 6  trap; .loc 1 5 7 // c
                                exit; .loc 1 9 3, function_name $info, inlined_at 1 2 3 brkpt;
                                .loc 2 9 3, function_name $info+14 , inlined_at 1 2 3
                                .loc 2 9 3, function_name info + 14, inlined_at 1 2 3 ret;
                                """))
                .containsExactly("trap", "exit", "brkpt", "ret");
    }

    @Test
    void declarationsMayFollowDebugDirectivesOnTheirLine() {
        String files = ".file 1 \"a // b.cu\" .file 2 \"c \\\" d.cu\", 1700000000, 4096 ";

        assertThat(forms(HEADER + files + ".entry k() { .loc 1 1 1 ret; } .file 3 \"/* e.cu\""))
                .containsExactly("ret");
    }

    @Test
    void incompleteDebugDirectivesAreRefused() {
        assertThatThrownBy(() -> formsOf(".loc 1 5 ret;")).isInstanceOf(PtxException.class);
        assertThatThrownBy(() -> formsOf(".loc 1 5 6, elsewhere ret;"))
                .isInstanceOf(PtxException.class);
        assertThatThrownBy(() -> forms(HEADER + ".file 1 name.cu\n.entry k() { ret; }"))
                .isInstanceOf(PtxException.class);
    }
}
