/* MD2 against RFC 1319's own suite and, like SHA-256, by the script against the JDK's; HMAC by its
 * definition. */
#include "entry/integrity.h"
#include "images/sha256.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"

static void to_hex(const uint8_t digest[16], char hex[33])
{
    for (int i = 0; i < 16; i++)
        sprintf(hex + 2 * i, "%02x", digest[i]);
}

static void md2_is_as_the_rfc_says(void)
{
    static const struct {
        const char *text, *digest;
    } suite[] = {
        {"", "8350e5a3e24c153df2275c9f80692773"},
        {"a", "32ec01ec4a6dac72c0ab96fb34c0b5d1"},
        {"abc", "da853b0d3f88d99b30283a69e6ded6bb"},
        {"message digest", "ab4f496bfb2a530b219ff33031fe06b0"},
        {"abcdefghijklmnopqrstuvwxyz", "4e8ddff3650292ab5a4108c3aa47940b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "da33def2a42df13975352846c30338cd"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
         "d5976f79d83d3a0dc9806c3c66f3efd8"}};
    for (size_t i = 0; i < sizeof suite / sizeof suite[0]; i++) {
        uint8_t digest[16];
        char hex[33];
        bf_md2((const uint8_t *)suite[i].text, strlen(suite[i].text), digest);
        to_hex(digest, hex);
        CHECK(!strcmp(hex, suite[i].digest));
    }
}

/* RFC 2104: H(K ^ opad, H(K ^ ipad, text)), written out. */
static void hmac_is_as_the_rfc_says(void)
{
    const uint8_t key[16] = "0123456789abcdef";
    uint8_t inner[16 + 76], outer[32], expected[16], digest[16];
    for (size_t length = 0; length <= 76; length += 19) {
        for (int i = 0; i < 16; i++) {
            inner[i] = key[i] ^ 0x36;
            outer[i] = key[i] ^ 0x5c;
        }
        for (size_t i = 0; i < length; i++)
            inner[16 + i] = (uint8_t)(i * 7);
        bf_md2(inner, 16 + length, outer + 16);
        bf_md2(outer, 32, expected);
        bf_hmac_md2(key, 16, inner + 16, length, digest);
        CHECK(!memcmp(digest, expected, 16));
    }
}

static void the_first_two_questions_have_fixed_answers(void)
{
    struct bf_integrity_question question = {.version = 13000};
    uint64_t answer[2];
    bf_integrity_answer(&question, NULL, 0, answer);
    CHECK(answer[0] == 0x3341181C03CB675Cu && answer[1] == 0x8ED383AA1F4CD1E8u);
    question.version = 13001;
    bf_integrity_answer(&question, NULL, 0, answer);
    CHECK(answer[0] == 0x1841181C03CB675Cu && answer[1] == 0x8ED383AA1F4CD1E8u);
}

/* "digest TEXT" prints, for the comparison with another implementation. */
int main(int argc, char **argv)
{
    if (argc == 2) {
        uint8_t digest[16];
        char hex[33];
        bf_md2((const uint8_t *)argv[1], strlen(argv[1]), digest);
        to_hex(digest, hex);
        printf("%s ", hex);
        uint8_t sha[32];
        bf_sha256((const uint8_t *)argv[1], strlen(argv[1]), sha);
        for (int i = 0; i < 32; i++)
            printf("%02x", sha[i]);
        puts("");
        return 0;
    }
    md2_is_as_the_rfc_says();
    hmac_is_as_the_rfc_says();
    the_first_two_questions_have_fixed_answers();
    return checks_failed;
}
