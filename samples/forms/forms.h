// A test of one PTX instruction form: a kernel in hand-written PTX, its input, and what a C function that knows nothing of any
// executor expects of it.
#ifndef FORMS_H
#define FORMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPERANDS = 4, CASES = 2048 };

/* How a result is compared with what is expected. */
enum comparison { EXACT, APPROXIMATE };

/* An instruction that turns up to four values into one. Types by name: s8..u64, b16..b64, f16, bf16, bf16x2, f32, f64, pred, none. */
struct value_form {
    const char *form;
    const char *code; /* with %d, %a, %b, %c, %e; NULL: the form with its operands */
    const char *types[1 + OPERANDS];
    enum comparison comparison;
    double relative, absolute; /* error allowed when APPROXIMATE; the expectation is then a double */
    uint64_t (*expect)(const uint64_t *operands);
};
extern bool skip_case; /* set by an expectation: these operands have no defined result */

/* Gathers what a run printed and failed. */
void report(const char *form, const char *failure);
bool selected(const char *form);

/* Runs entry `test` (.param .u64 in, .param .u64 out) of a module; 0, or the driver's error. */
int run_kernel(const char *form, const char *ptx, unsigned blocks, unsigned threads, const void *in, size_t in_bytes,
               void *out, size_t out_bytes);

void test_values(void);
void test_memory(void);
void test_atomics(void);
void test_warps(void);
void test_control(void);

/* A growing text. */
struct text {
    char *bytes;
    size_t length, room;
};
__attribute__((format(printf, 2, 3))) void add(struct text *text, const char *format, ...);
void add_header(struct text *text);

uint64_t random_bits(void);
uint64_t random_operand(const char *type);

#endif
