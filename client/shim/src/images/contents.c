#include "images/contents.h"

#include <stdlib.h>
#include <string.h>

struct bf_kernel_layout *bf_contents_add(struct bf_contents *contents, const char *name,
                                         size_t name_bytes)
{
    if ((contents->kernel_count & (contents->kernel_count - 1)) == 0) {
        size_t capacity = contents->kernel_count ? 2 * contents->kernel_count : 1;
        struct bf_kernel_layout *grown = realloc(contents->kernels, capacity * sizeof *grown);
        if (!grown)
            return NULL;
        contents->kernels = grown;
    }
    struct bf_kernel_layout *kernel = &contents->kernels[contents->kernel_count];
    *kernel = (struct bf_kernel_layout){.name = strndup(name, name_bytes)};
    if (!kernel->name)
        return NULL;
    contents->kernel_count++;
    return kernel;
}

bool bf_layout_add_parameter(struct bf_kernel_layout *kernel, uint32_t offset, uint32_t bytes)
{
    uint32_t count = kernel->parameter_count;
    if ((count & (count - 1)) == 0) {
        struct bf_parameter *grown =
            realloc(kernel->parameters, (count ? 2 * (size_t)count : 1) * sizeof *grown);
        if (!grown)
            return false;
        kernel->parameters = grown;
    }
    kernel->parameters[kernel->parameter_count++] = (struct bf_parameter){offset, bytes};
    return true;
}

static void free_layout(struct bf_kernel_layout *kernel)
{
    free(kernel->name);
    free(kernel->parameters);
}

void bf_contents_drop_last(struct bf_contents *contents)
{
    free_layout(&contents->kernels[--contents->kernel_count]);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct bf_kernel_layout *)a)->name,
                  ((const struct bf_kernel_layout *)b)->name);
}

void bf_contents_sort(struct bf_contents *contents)
{
    if (contents->kernel_count)
        qsort(contents->kernels, contents->kernel_count, sizeof *contents->kernels, by_name);
}

static int compare_name(const void *name, const void *kernel)
{
    return strcmp(name, ((const struct bf_kernel_layout *)kernel)->name);
}

struct bf_kernel_layout *bf_contents_kernel(const struct bf_contents *contents, const char *name)
{
    return contents->kernel_count ? bsearch(name, contents->kernels, contents->kernel_count,
                                            sizeof *contents->kernels, compare_name)
                                  : NULL;
}

void bf_contents_free(struct bf_contents *contents)
{
    for (size_t i = 0; i < contents->kernel_count; i++)
        free_layout(&contents->kernels[i]);
    free(contents->kernels);
}
