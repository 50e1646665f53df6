/* What a cubin (ELF) says of its kernels: their names and parameters, from sections .text.NAME and
 * .nv.info.NAME. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "images/scans.h"

enum {
    FORMAT_LONG = 4,
    PARAMETER = 0x17,
    PARAMETER_SIZE = 0x19,
    PARAMETER_V2 = 0x45,
    LARGEST_BANK = 65536,
    MOST_PARAMETERS = 4096,
    SYMBOL_MANAGED = 4
};

struct elf {
    const uint8_t *bytes;
    size_t size;
    Elf64_Ehdr header;
    Elf64_Shdr names;
};

static bool section(const struct elf *elf, unsigned index, Elf64_Shdr *out)
{
    uint64_t at = elf->header.e_shoff + (uint64_t)index * sizeof *out;
    bool good = index < elf->header.e_shnum && elf->header.e_shoff <= elf->size &&
                at <= elf->size && elf->size - at >= sizeof *out;
    if (good) {
        memcpy(out, elf->bytes + at, sizeof *out);
        good = out->sh_type == SHT_NOBITS ||
               (out->sh_offset <= elf->size && out->sh_size <= elf->size - out->sh_offset);
    }
    return good;
}

/* The section's name if it begins with the prefix: what follows the prefix. */
static const char *name_after(const struct elf *elf, const Elf64_Shdr *s, const char *prefix,
                              size_t *bytes)
{
    const char *name = NULL;
    size_t skip = strlen(prefix);
    if (s->sh_name < elf->names.sh_size) {
        const char *text = (const char *)elf->bytes + elf->names.sh_offset + s->sh_name;
        size_t length = strnlen(text, elf->names.sh_size - s->sh_name);
        if (length > skip && !memcmp(text, prefix, skip) &&
            length < elf->names.sh_size - s->sh_name) {
            name = text + skip;
            *bytes = length - skip;
        }
    }
    return name;
}

static bool put_parameter(struct bf_kernel_layout *kernel, uint32_t ordinal, uint32_t offset,
                          uint32_t bytes)
{
    if (ordinal >= MOST_PARAMETERS || offset > LARGEST_BANK || bytes > LARGEST_BANK)
        return false;
    while (kernel->parameter_count <= ordinal) {
        if (!bf_layout_add_parameter(kernel, 0, 0))
            return false;
    }
    kernel->parameters[ordinal] = (struct bf_parameter){offset, bytes};
    if (offset + bytes > kernel->parameter_bytes)
        kernel->parameter_bytes = offset + bytes;
    return true;
}

static bool read_record(struct bf_kernel_layout *kernel, unsigned attribute, const uint8_t *value,
                        size_t bytes)
{
    uint16_t ordinal, offset, size;
    uint32_t packed;
    bool good = true;
    if (attribute == PARAMETER && bytes >= 12) {
        memcpy(&ordinal, value + 4, 2);
        memcpy(&offset, value + 6, 2);
        memcpy(&packed, value + 8, 4);
        good = put_parameter(kernel, ordinal, offset, packed >> 18);
    } else if (attribute == PARAMETER_V2 && bytes >= 10) {
        memcpy(&ordinal, value + 4, 2);
        memcpy(&offset, value + 6, 2);
        memcpy(&size, value + 8, 2);
        good = put_parameter(kernel, ordinal, offset, size);
    }
    return good;
}

static bool read_info(struct bf_kernel_layout *kernel, const uint8_t *info, size_t bytes)
{
    bool good = true;
    for (size_t at = 0; good && bytes - at >= 4;) {
        uint16_t length;
        unsigned format = info[at], attribute = info[at + 1];
        memcpy(&length, info + at + 2, 2);
        at += 4;
        if (format == FORMAT_LONG) {
            good = length <= bytes - at && read_record(kernel, attribute, info + at, length);
            at += good ? length : 0;
        }
    }
    return good;
}

/* Managed variables are marked in a symbol's st_other; what launches kernels from the device needs
 * a function of cudadevrt by that name. */
static void read_symbols(const struct elf *elf, const Elf64_Shdr *symbols,
                         struct bf_contents *contents)
{
    Elf64_Shdr strings;
    if (!section(elf, symbols->sh_link, &strings) || strings.sh_type == SHT_NOBITS)
        return;
    for (uint64_t at = 0; symbols->sh_size - at >= sizeof(Elf64_Sym); at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, elf->bytes + symbols->sh_offset + at, sizeof symbol);
        if (ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT && (symbol.st_other & SYMBOL_MANAGED))
            contents->holds_managed = true;
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_name < strings.sh_size) {
            const char *name = (const char *)elf->bytes + strings.sh_offset + symbol.st_name;
            size_t bytes = strnlen(name, strings.sh_size - symbol.st_name);
            contents->launches_kernels |= memmem(name, bytes, "cudaLaunchDevice", 16) ||
                                          memmem(name, bytes, "cudaCDP2LaunchDevice", 20);
        }
    }
}

bool bf_cubin_scan(const uint8_t *bytes, size_t size, struct bf_contents *contents)
{
    struct elf elf = {.bytes = bytes, .size = size};
    Elf64_Shdr s;
    const char *name;
    size_t name_bytes;
    if (size < sizeof elf.header)
        return false;
    memcpy(&elf.header, bytes, sizeof elf.header);
    if (memcmp(elf.header.e_ident, ELFMAG, SELFMAG) || elf.header.e_ident[EI_CLASS] != ELFCLASS64 ||
        elf.header.e_shentsize != sizeof s || !section(&elf, elf.header.e_shstrndx, &elf.names) ||
        elf.names.sh_type == SHT_NOBITS)
        return false;
    for (unsigned i = 0; i < elf.header.e_shnum; i++) {
        if (section(&elf, i, &s) && (name = name_after(&elf, &s, ".text.", &name_bytes)) &&
            !bf_contents_add(contents, name, name_bytes))
            return false;
    }
    bf_contents_sort(contents);
    for (unsigned i = 0; i < elf.header.e_shnum; i++) {
        if (section(&elf, i, &s) && s.sh_type != SHT_NOBITS &&
            (name = name_after(&elf, &s, ".nv.info.", &name_bytes))) {
            struct bf_kernel_layout *kernel = bf_contents_kernel(contents, name);
            if (kernel && !read_info(kernel, bytes + s.sh_offset, s.sh_size))
                return false;
        } else if (section(&elf, i, &s) && s.sh_type == SHT_SYMTAB) {
            read_symbols(&elf, &s, contents);
        }
    }
    return true;
}
