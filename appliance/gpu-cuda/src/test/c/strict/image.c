/* PTX for its declarations: entries with their parameters, maxntid and shared variables; global and constant variables with
 * their initial values. Bodies are skipped. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "strict.h"

struct reader {
    const char *at;
    char word[256];
};

/* The next word, number or sign; empty at the end. */
static const char *next(struct reader *r)
{
    for (;;) {
        while (isspace((unsigned char)*r->at))
            r->at++;
        if (r->at[0] == '/' && r->at[1] == '/')
            r->at += strcspn(r->at, "\n");
        else
            break;
    }
    size_t length = 0;
    while (isalnum((unsigned char)r->at[length]) || (r->at[length] && strchr("._$%", r->at[length])))
        length++;
    if (!length && *r->at)
        length = 1;
    size_t kept = length < sizeof r->word ? length : sizeof r->word - 1;
    memcpy(r->word, r->at, kept);
    r->word[kept] = 0;
    r->at += length;
    return r->word;
}

static bool is(const struct reader *r, const char *word)
{
    return !strcmp(r->word, word);
}

static unsigned type_bytes(const char *type)
{
    size_t length = strlen(type);
    unsigned bits = 0;
    if (length >= 3 && type[0] == '.' && strchr("busf", type[1]))
        bits = (unsigned)atoi(type + 2);
    return bits / 8;
}

static bool read_parameters(struct reader *r, struct function *function)
{
    unsigned size = 0, elements = 1, *bytes = &function->bytes;
    for (next(r); *r->word && !is(r, ")"); next(r)) {
        if (type_bytes(r->word))
            size = type_bytes(r->word);
        if (is(r, "["))
            elements = (unsigned)atoi(next(r));
        const char *behind = r->at + strspn(r->at, " \t\n");
        if (*behind == ',' || *behind == ')') {
            if (!size || function->count == 16)
                return false;
            *bytes = (*bytes + size - 1) / size * size;
            function->parameters[function->count++] = (struct parameter){*bytes, size * elements};
            *bytes += size * elements;
            size = 0;
            elements = 1;
        }
    }
    return true;
}

static void read_body(struct reader *r, struct function *function)
{
    int depth = 1;
    const char *body = r->at + strspn(r->at, " \t\n");
    function->empty = !strncmp(body, "ret;", 4) && *(body + 4 + strspn(body + 4, " \t\n")) == '}';
    while (depth && *next(r)) {
        depth += is(r, "{") ? 1 : is(r, "}") ? -1 : 0;
        if (is(r, ".shared")) {
            unsigned size = 1;
            while (*next(r) && !is(r, "[") && !is(r, ";"))
                size = type_bytes(r->word) ? type_bytes(r->word) : size;
            function->own_shared += (int)size * (is(r, "[") ? atoi(next(r)) : 1);
        }
    }
}

static bool read_entry(struct reader *r, struct module *module)
{
    struct function *function = calloc(1, sizeof *function);
    *function = (struct function){.magic = FUNCTION, .module = module, .next = module->functions, .most_threads = 1024};
    function->name = strdup(next(r));
    module->functions = function;
    bool good = true;
    for (next(r); good && *r->word && !is(r, "{"); next(r)) {
        if (is(r, "("))
            good = read_parameters(r, function);
        if (is(r, ".maxntid")) {
            function->most_threads = atoi(next(r));
            while (*r->at && *r->at != '{' && *r->at != '.')
                r->at++;
        }
    }
    good = good && is(r, "{");
    if (good)
        read_body(r, function);
    function->most_dynamic = BLOCK_SHARED - function->own_shared;
    return good;
}

static uint64_t value_of(struct reader *r, const struct module *module)
{
    if (is(r, "generic")) {
        next(r);
        const char *name = next(r);
        const struct variable *variable = module->variables;
        while (variable && strcmp(variable->name, name))
            variable = variable->next;
        next(r);
        return variable ? variable->address : 0;
    }
    return strtoull(r->word, NULL, 0);
}

/* Behind ".global" or ".const", to the semicolon. */
static CUresult read_variable(struct reader *r, struct module *module)
{
    struct variable *variable = calloc(1, sizeof *variable);
    unsigned size = 0;
    uint64_t elements = 1, at = 0;
    for (next(r); *r->word == '.'; next(r)) {
        if (is(r, ".align"))
            next(r);
        size = type_bytes(r->word) ? type_bytes(r->word) : size;
    }
    variable->name = strdup(r->word);
    if (!size)
        return CUDA_ERROR_INVALID_PTX;
    if (*next(r) == '[') {
        elements = strtoull(next(r), NULL, 0);
        next(r); /* ] */
        next(r);
    }
    variable->bytes = size * elements;
    variable->address = memory_map_anywhere(module->context->device, variable->bytes);
    if (!variable->address)
        return CUDA_ERROR_OUT_OF_MEMORY;
    variable->next = module->variables;
    module->variables = variable;
    if (is(r, "=")) {
        for (next(r); *r->word && !is(r, ";"); next(r)) {
            if (is(r, "{") || is(r, "}") || is(r, ","))
                continue;
            uint64_t value = value_of(r, module);
            if (at + size <= variable->bytes)
                memcpy((void *)(variable->address + at), &value, size);
            at += size;
        }
    }
    return is(r, ";") ? CUDA_SUCCESS : CUDA_ERROR_INVALID_PTX;
}

static CUresult read_text(const char *text, struct module *module)
{
    struct reader r = {.at = text};
    CUresult status = CUDA_SUCCESS;
    bool version = false;
    while (!status && *next(&r)) {
        version = version || is(&r, ".version");
        if (is(&r, ".version") || is(&r, ".target") || is(&r, ".address_size")) {
            r.at += strcspn(r.at, "\n");
        } else if (is(&r, ".entry")) {
            status = read_entry(&r, module) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_PTX;
        } else if (is(&r, ".global") || is(&r, ".const")) {
            status = read_variable(&r, module);
        } else if (is(&r, ".extern")) {
            r.at += strcspn(r.at, ";");
            next(&r);
        } else if (!is(&r, ".visible")) {
            status = CUDA_ERROR_INVALID_PTX;
        }
    }
    return status || version ? status : CUDA_ERROR_INVALID_PTX;
}

CUresult image_read(const void *image, struct module *module)
{
    const uint8_t *bytes = image;
    uint32_t magic, kind_and_version, architecture;
    memcpy(&magic, bytes, sizeof magic);
    if (magic == 0xBA55ED50u) { /* a fat binary: its first entry, of plain PTX */
        memcpy(&kind_and_version, bytes + 16, sizeof kind_and_version);
        memcpy(&architecture, bytes + 16 + 28, sizeof architecture);
        if ((kind_and_version & 0xffff) != 1 || architecture > 90)
            return CUDA_ERROR_NO_BINARY_FOR_GPU;
        return read_text((const char *)bytes + 80, module);
    }
    if (!bytes[0] || !memcmp(bytes, "\177ELF", 4))
        return CUDA_ERROR_INVALID_IMAGE;
    return read_text(image, module);
}
