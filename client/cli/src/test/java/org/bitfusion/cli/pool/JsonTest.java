package org.bitfusion.cli.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bitfusion.tls.pem.PrivateKeys;
import org.bitfusion.tls.request.CertificateRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is read of managers and written to them.
class JsonTest {
    private static final String GRANT =
            """
            {"id":"11111111-2222-3333-4444-555555555555","secret":"00112233445566778899aabbccddeeff",
             "renewSeconds":15,"idleTimeoutSeconds":0,"parts":[{"appliance":"a","name":"gpu-1",
             "addresses":["10.0.0.1","fd00::1"],"dispatcherPort":55001,"controlPort":56001,
             "build":"Bitfusion 5.0.0-abc","gpus":[{"index":3,
             "uuid":"11111111-2222-3333-4444-666666666666","name":"T4","memoryMiB":512}]}]}
            """;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aGrantIsRead() throws Exception {
        GrantedLease lease = GrantedLease.read(JsonObject.read(bytes(GRANT)));
        assertThat(lease.gpuCount()).isEqualTo(1);
        GrantedLease.Part part = lease.parts().getFirst();
        assertThat(part.manager()).hasToString("10.0.0.1:56001");
        assertThat(part.joined().addresses()).hasToString("[10.0.0.1:55001, [fd00::1]:55001]");
        assertThat(part.joined().build()).isEqualTo("5.0.0-abc");
        assertThat(part.joined().devices().getFirst().memoryBytes()).isEqualTo(512L << 20);
        assertThat(part.indexes()).containsExactly(3);
    }

    /// Cut anywhere, and with any byte replaced, it is read or declared malformed.
    @Test
    void aBrokenGrantIsMalformedAndNothingElse() {
        byte[] whole = bytes(GRANT.strip());
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> GrantedLease.read(JsonObject.read(cut)))
                    .as("cut at %d", length)
                    .isInstanceOf(MalformedJsonException.class);
        }
        Random random = new Random(7);
        int read = 0;
        for (int i = 0; i < 5000; i++) {
            byte[] changed = whole.clone();
            changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            try {
                read += GrantedLease.read(JsonObject.read(changed)).gpuCount();
            } catch (MalformedJsonException exception) {
                assertThat(exception.getMessage()).doesNotContain("\n").hasSizeLessThan(200);
            }
        }
        assertThat(read).isPositive();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[",
                "{} {}",
                "nonsense",
                "{\"a\":1,\"a\":2}",
                "[1]",
                "{\"a\":123456789012345678901234567890}",
                "\"text\"",
                "{\"a\":01}",
                "{\"a\":-}",
                "{\"a\":1.}",
                "{\"a\":.5}",
                "{\"a\":1e}",
                "{\"a\":+1}",
                "{\"a\":NaN}",
                "{\"a\":tru}",
                "{\"a\":1,}",
                "{,}",
                "{\"a\" 1}",
                "{a:1}",
                "{'a':1}",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"\\u12g4\"}",
                "{\"a\":\"\\u\uff11234\"}",
                "{\"a\":\"line\nline\"}",
                "{\"a\":[1,]}",
                "{\"a\":1}//",
                "{\"a\":\u00a01}"
            })
    void whatIsNoObjectIsMalformed(String text) {
        assertThatThrownBy(() -> JsonObject.read(bytes(text)))
                .isInstanceOf(MalformedJsonException.class);
    }

    @Test
    void whatIsNoUtf8IsMalformed() {
        byte[] text = bytes("{\"a\":\"ü\"}");
        text[6] = 'x';
        assertThatThrownBy(() -> Json.read(text)).isInstanceOf(MalformedJsonException.class);
    }

    @Test
    void allFormsOfValuesAreRead() throws Exception {
        assertThat(
                        Json.read(
                                bytes(
                                        " {\"a\" : [ -0, 10, 9223372036854775807, -1.5e+3, 2E-1, true,\t"
                                                + "false, null, {}, [ ], \"\", \"\\\"\\\\\\/\\b\\f\\n\\r"
                                                + "\\t\\u00fC\\ud83d\\ude00é\" ] }\r\n")))
                .isEqualTo(
                        Map.of(
                                "a",
                                java.util.Arrays.asList(
                                        0L,
                                        10L,
                                        Long.MAX_VALUE,
                                        -1500.0,
                                        0.2,
                                        true,
                                        false,
                                        null,
                                        Map.of(),
                                        List.of(),
                                        "",
                                        "\"\\/\b\f\n\r\tü😀é")));
    }

    @Test
    void depthHasALimit() {
        assertThatThrownBy(() -> Json.read(bytes("[".repeat(100_000))))
                .isInstanceOf(MalformedJsonException.class);
    }

    @Test
    void whatIsWrittenIsRead() throws Exception {
        Map<String, Object> value =
                Map.of(
                        "a",
                        List.of(1L, true, "ü\"\n\\\u0001\t", Map.of()),
                        "b",
                        0.5,
                        "c",
                        Map.of("d", 7L));
        assertThat(Json.read(Json.write(value))).isEqualTo(value);
        assertThat(Json.read(bytes(Json.pretty(value)))).isEqualTo(value);
        assertThat(Json.pretty(List.of(Map.of("a", 1)))).endsWith("]\n").contains("\"a\"");
    }

    @Test
    void membersAreWhatTheyShouldBe() throws Exception {
        JsonObject object = JsonObject.read(bytes("{\"n\":5,\"t\":\"x\",\"l\":[1],\"z\":null}"));
        assertThat(object.number("n", 0, 5)).isEqualTo(5);
        assertThat(object.anyText("n")).contains("5");
        assertThat(object.anyText("z")).isEmpty();
        assertThatThrownBy(() -> object.number("n", 0, 4)).hasMessageContaining("'n'");
        assertThatThrownBy(() -> object.text("n")).hasMessageContaining("'n' that is a text");
        assertThatThrownBy(() -> object.texts("l")).hasMessageContaining("'l'");
        assertThatThrownBy(() -> object.uuid("t")).hasMessageContaining("a UUID");
        assertThatThrownBy(() -> object.objects("l")).hasMessageContaining("'l'");
        assertThatThrownBy(() -> object.number("missing")).hasMessageContaining("'missing'");
    }

    @Test
    void aSigningRequestIsOneToThePoolsAuthority() {
        for (int i = 0; i < 20; i++) {
            KeyPair pair = PrivateKeys.generate();
            String name = "a".repeat(1 + i * 3);
            CertificateRequest request = CertificateRequest.parse(SigningRequest.write(pair, name));
            assertThat(request.publicKey()).isEqualTo(pair.getPublic());
        }
    }

    @Test
    void theTokenIsFoundInAClientFile() {
        assertThat(ClientFile.parse("ssl: true\nauthconfig:\n  enabled: true\n  token: a.b.c\n"))
                .isEqualTo("a.b.c");
        assertThat(ClientFile.parse("authconfig:\r\n  token: \"a.b.c\"\r\n")).isEqualTo("a.b.c");
        assertThat(ClientFile.parse("token: x\nauthconfig:\n  token: \"\"\n")).isNull();
        assertThat(ClientFile.parse("authconfig:\nnetwork: {}\n  token: x\n")).isNull();
        assertThat(ClientFile.parse("")).isNull();
    }
}
