// The per-thread algorithms of the kernels, in C: each thread of a block in turn between two barriers.
#ifndef ALGORITHMS_H
#define ALGORITHMS_H

#include <stddef.h>

void matrix_multiply(const float *a, const float *b, float *c, int n, int first_block_row, int end_block_row);
void attract(const float *bodies, float *out, int n, int first, int end);
void reduce(const float *in, float *out, int first_block, int end_block);

#endif
