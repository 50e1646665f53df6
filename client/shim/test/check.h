/* A test is a function; CHECK counts. Each test program prints nothing if all is well and exits
 * with the failures' number. */
#ifndef BF_CHECK_H
#define BF_CHECK_H

#include <stdio.h>

static int checks_failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);          \
            checks_failed++;                                                                       \
        }                                                                                          \
    } while (0)

#endif
