#ifndef KERNELS_H
#define KERNELS_H

/* PTX as a compiler would unroll it: entries empty, stamp, multiply, attract, reduce. The caller frees it. */
char *compute_kernels(void);

/* A straight kernel `long_kernel` of so many lines; no two salts give the same text. */
char *long_kernel(int lines, unsigned salt);

#endif
