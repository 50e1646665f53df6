// usage: generate SEED > program.cu
// Writes a CUDA program of random functions for host and device: integers of all widths, floats, doubles, conversions, bit operations,
// branches, loops, small arrays and calls. The program runs each function on both sides and compares every bit.
// Nothing undefined is written: shifts are masked, divisors are not zero, signed arithmetic is done unsigned, conversions are clamped,
// and no multiplication may be contracted with an addition unless fma is named.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { FUNCTIONS = 48, VARIABLES = 6, DEPTH = 4, CALLED = 6 };

enum type { I8, U8, I16, U16, I32, U32, I64, U64, F32, F64, TYPES };
static const char *const names[] = {"int8_t",  "uint8_t", "int16_t",  "uint16_t", "int32_t",
                                    "uint32_t", "int64_t", "uint64_t", "float",    "double"};
static uint64_t state;
static enum type variable_types[VARIABLES];
static int function_number, loop_number;

static unsigned below(unsigned bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 20) % bound);
}

static int is_float(enum type t)
{
    return t >= F32;
}

static void expression(enum type type, int depth);

static void constant(enum type type)
{
    /* small enough that nvcc folds ceil and floor of them rightly */
    static const char *const floats[] = {"0.5", "-1.25", "3.0", "1e-3", "1048576.0", "-7.75", "0.1", "1e15"};
    static const unsigned integers[] = {0, 1, 2, 3, 7, 15, 31, 100, 127, 255, 32767, 65535, 0x7fffffff, 0xdeadbeef};
    if (is_float(type)) printf("%s%s", floats[below(8)], type == F32 ? "f" : "");
    else printf("(%s)%uu", names[type], integers[below(14)]);
}

static void variable(enum type type)
{
    unsigned first = below(VARIABLES);
    for (unsigned i = 0; i < VARIABLES; i++) {
        unsigned v = (first + i) % VARIABLES;
        if (variable_types[v] == type) {
            printf("v%u", v);
            return;
        }
    }
    constant(type);
}

/* A condition of any type. */
static void condition(int depth)
{
    static const char *const comparisons[] = {"<", "<=", ">", ">=", "==", "!="};
    enum type type = (enum type)below(TYPES);
    printf("(");
    expression(type, depth);
    printf(" %s ", comparisons[below(6)]);
    expression(type, depth);
    printf(")");
}

static void conversion(enum type type, int depth)
{
    enum type from = (enum type)below(TYPES);
    if (is_float(from) && !is_float(type)) printf("clamped<%s>(", names[type]);
    else printf("(%s)(", names[type]);
    expression(from, depth);
    printf(")");
}

static void call(const char *function, enum type type, int arguments, int depth)
{
    printf("%s(", function);
    for (int i = 0; i < arguments; i++) {
        if (i) printf(", ");
        expression(type, depth);
    }
    printf(")");
}

static void integer(enum type type, int depth)
{
    static const char *const operators[] = {"+", "-", "*", "&", "|", "^"};
    static const char *const of_words[] = {"bits_of", "leading", "reversed", "first_bit"};
    unsigned kind = below(14);
    if (kind < 6) {
        printf("wrap<%s>(", names[type]);
        expression(type, depth);
        printf(", ");
        expression(type, depth);
        printf(", [](uint64_t x, uint64_t y) { return x %s y; })", operators[kind]);
    } else if (kind < 8) {
        call(kind == 6 ? "left" : "right", type, 2, depth);
    } else if (kind < 10) {
        call(kind == 8 ? "quotient" : "remainder_of", type, 2, depth);
    } else if (kind == 10 && (type == U32 || type == U64)) {
        call(of_words[below(4)], type, 1, depth);
    } else if (kind == 11 && type == U32) {
        if (below(2)) call("permuted", type, 3, depth);
        else call("funnel", type, 3, depth);
    } else if (kind == 11 && (type == I32 || type == U32 || type == U64 || type == I64)) {
        call("high_product", type, 2, depth);
    } else if (kind == 12) {
        call(below(2) ? "smaller" : "larger", type, 2, depth);
    } else {
        printf("(%s)~(", names[type]);
        expression(type, depth);
        printf(")");
    }
}

static void floating(enum type type, int depth)
{
    static const char *const operators[] = {"+", "-", "*", "/"};
    unsigned kind = below(10);
    if (kind < 5) {
        printf("(");
        expression(type, depth);
        printf(" %s ", operators[kind % 4]);
        expression(type, depth);
        printf(")");
    } else if (kind < 7) {
        call(type == F32 ? "fmaf" : "fma", type, 3, depth);
    } else {
        static const char *const singles[] = {"fabsf", "sqrtf", "floorf", "ceilf", "truncf", "rintf"};
        static const char *const doubles[] = {"fabs", "sqrt", "floor", "ceil", "trunc", "rint"};
        unsigned f = below(6);
        call(type == F32 ? singles[f] : doubles[f], type, 1, depth);
    }
}

static void expression(enum type type, int depth)
{
    unsigned kind = below(12);
    if (depth <= 0 || kind == 0) {
        if (below(4)) variable(type);
        else constant(type);
    } else if (kind < 3) {
        conversion(type, depth - 1);
    } else if (kind == 3) {
        printf("(");
        condition(depth - 2);
        printf(" ? ");
        expression(type, depth - 1);
        printf(" : ");
        expression(type, depth - 1);
        printf(")");
    } else if (kind == 4 && function_number > 0) {
        unsigned f = below((unsigned)function_number);
        printf("clamped<%s>(f%u(", names[type], f);
        expression(U64, depth - 2);
        printf(", ");
        expression(U64, depth - 2);
        printf("))");
    } else if (is_float(type)) {
        floating(type, depth - 1);
    } else {
        integer(type, depth - 1);
    }
}

static void assignment(void)
{
    unsigned v = below(VARIABLES);
    printf("        v%u = ", v);
    expression(variable_types[v], DEPTH);
    printf(";\n");
}

static void statement(void)
{
    switch (below(6)) {
    case 0:
        printf("    if (");
        condition(2);
        printf(") {\n");
        assignment();
        printf("    } else {\n");
        assignment();
        printf("    }\n");
        break;
    case 1:
        printf("    for (int i%d = 0; i%d < (int)(v0 & 7); i%d++) {\n", loop_number, loop_number, loop_number);
        loop_number++;
        assignment();
        printf("    }\n");
        break;
    case 2:
        printf("    table[(");
        expression(U32, 2);
        printf(") %% 8] = ");
        expression(U64, 3);
        printf(";\n    v1 = v1 + table[v0 %% 8];\n");
        break;
    case 3:
        printf("    switch (v0 %% 5) {\n    case 0:\n");
        assignment();
        printf("        break;\n    case 3:\n");
        assignment();
        printf("    case 4:\n");
        assignment();
        printf("        break;\n    default:\n");
        assignment();
        printf("    }\n");
        break;
    default: assignment();
    }
}

static void function(int number)
{
    function_number = number < CALLED ? 0 : CALLED; /* the first few are called and call nothing, or time grows without bound */
    loop_number = 0;
    enum type result = (enum type)below(TYPES);
    printf("__host__ __device__ %s%s f%d(uint64_t a, uint64_t b)\n{\n", number < CALLED && number % 2 ? "__noinline__ " : "", names[result], number);
    for (unsigned v = 0; v < VARIABLES; v++) {
        variable_types[v] = v == 0 ? U32 : v == 1 ? U64 : (enum type)below(TYPES);
        printf("    %s v%u = %s<%s>(%s);\n", names[variable_types[v]], v, is_float(variable_types[v]) ? "real" : "cut", names[variable_types[v]],
               v % 2 ? "a" : v % 4 ? "b" : "a ^ b >> 7");
    }
    printf("    uint64_t table[8] = {a, b, 3, 4, 5, 6, 7, 8};\n");
    for (int i = 0; i < 5; i++) statement();
    printf("    return ");
    expression(result, DEPTH);
    printf(";\n}\n\n");
}

int main(int argc, char **argv)
{
    state = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1) * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (int i = 0; i < 20; i++) below(2);
    printf("#include \"random_functions.h\"\n\n");
    for (int i = 0; i < FUNCTIONS; i++) function(i);
    printf("__global__ void run(const uint64_t *a, const uint64_t *b, uint64_t *out, int n)\n{\n"
           "    int i = blockIdx.x * blockDim.x + threadIdx.x;\n    if (i >= n) return;\n");
    for (int i = 0; i < FUNCTIONS; i++) printf("    out[%d * n + i] = bits(f%d(a[i], b[i]));\n", i, i);
    printf("}\n\nstatic void runHere(const uint64_t *a, const uint64_t *b, uint64_t *out, int n)\n{\n    for (int i = 0; i < n; i++) {\n");
    for (int i = 0; i < FUNCTIONS; i++) printf("        out[%d * n + i] = bits(f%d(a[i], b[i]));\n", i, i);
    printf("    }\n}\n\nint main()\n{\n    return compare(run, runHere, %d);\n}\n", FUNCTIONS);
    return 0;
}
