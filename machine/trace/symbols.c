/* Symbols of guest programs; see symbols.h. */
#include "machine/trace/symbols.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct image {
    uint8_t *data;
    uint64_t size;
};

static bool read_image(const char *path, struct image *image)
{
    FILE *in = fopen(path, "rb");
    long size = -1;

    image->data = NULL;
    if (!in)
        return false;
    if (fseek(in, 0, SEEK_END) == 0 && (size = ftell(in)) > 0 && fseek(in, 0, SEEK_SET) == 0)
        image->data = malloc((size_t)size + 1);
    image->size = size > 0 ? (uint64_t)size : 0;
    bool ok = image->data && fread(image->data, 1, image->size, in) == image->size;
    fclose(in);
    if (!ok) {
        free(image->data);
        return false;
    }
    image->data[image->size] = '\0'; /* so that names end */
    return true;
}

static bool inside(const struct image *i, uint64_t offset, uint64_t size)
{
    return offset <= i->size && size <= i->size - offset;
}

/* Functions, and labels of assembly files, which have no type; but not mapping symbols such as $x. */
static bool is_code(const Elf64_Sym *s, const char *name)
{
    unsigned type = ELF64_ST_TYPE(s->st_info);

    return s->st_shndx != SHN_UNDEF && s->st_shndx < SHN_LORESERVE && name[0] && name[0] != '$' && name[0] != '.' &&
           (type == STT_FUNC || type == STT_NOTYPE);
}

static bool append(struct symbols *s, uint64_t start, uint64_t size, const char *name)
{
    if ((s->count & (s->count - 1)) == 0) {
        struct symbol *grown = realloc(s->list, (s->count ? 2 * s->count : 1) * sizeof *grown);
        if (!grown)
            return false;
        s->list = grown;
    }
    s->list[s->count] = (struct symbol){.start = start, .end = start + size, .name = strdup(name)};
    return s->list[s->count++].name != NULL;
}

static bool add_table(struct symbols *s, const struct image *image, const Elf64_Shdr *table, const Elf64_Shdr *names)
{
    if (!inside(image, table->sh_offset, table->sh_size) || !inside(image, names->sh_offset, names->sh_size))
        return false;
    const Elf64_Sym *symbol = (const void *)(image->data + table->sh_offset);
    for (uint64_t i = 0; i < table->sh_size / sizeof *symbol; i++) {
        if (symbol[i].st_name >= names->sh_size)
            continue;
        const char *name = (const char *)image->data + names->sh_offset + symbol[i].st_name;
        if (is_code(&symbol[i], name) && !append(s, symbol[i].st_value, symbol[i].st_size, name))
            return false;
    }
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;

    if (x->whose != y->whose)
        return x->whose < y->whose ? -1 : 1;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return x->end < y->end ? 1 : x->end > y->end ? -1 : 0; /* the one that says its size comes first */
}

static bool belong_together(const struct symbol *a, const struct symbol *b)
{
    return a->whose == b->whose;
}

/* Sorts, drops a second name for the same address, and ends symbols without a size where the next one starts. */
static void tidy(struct symbols *s)
{
    unsigned kept = 0;

    qsort(s->list, s->count, sizeof *s->list, by_start);
    for (unsigned i = 0; i < s->count; i++) {
        const struct symbol *last = kept ? &s->list[kept - 1] : NULL;
        if (last && belong_together(last, &s->list[i]) && last->start == s->list[i].start)
            free(s->list[i].name);
        else
            s->list[kept++] = s->list[i];
    }
    s->count = kept;
    for (unsigned i = 0; i < kept; i++) {
        bool is_last = i + 1 == kept || !belong_together(&s->list[i], &s->list[i + 1]);
        uint64_t next = is_last ? s->list[i].start + 4096 : s->list[i + 1].start;
        if (s->list[i].end == s->list[i].start || s->list[i].end > next)
            s->list[i].end = next;
    }
}

static bool add_image(struct symbols *s, const struct image *image)
{
    const Elf64_Ehdr *h = (const void *)image->data;

    if (image->size < sizeof *h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 || h->e_ident[EI_CLASS] != ELFCLASS64 ||
        h->e_shentsize != sizeof(Elf64_Shdr) || !inside(image, h->e_shoff, h->e_shnum * sizeof(Elf64_Shdr)))
        return false;
    const Elf64_Shdr *section = (const void *)(image->data + h->e_shoff);
    for (unsigned i = 0; i < h->e_shnum; i++)
        if (section[i].sh_type == SHT_SYMTAB && section[i].sh_link < h->e_shnum)
            return add_table(s, image, &section[i], &section[section[i].sh_link]);
    return false;
}

const char *symbols_add(struct symbols *s, const char *path, uint32_t whose)
{
    unsigned before = s->count;
    struct image image;

    if (!read_image(path, &image))
        return "cannot be read";
    bool ok = add_image(s, &image);
    free(image.data);
    for (unsigned i = before; i < s->count; i++)
        s->list[i].whose = whose;
    tidy(s);
    return ok ? NULL : "is not a 64-bit ELF file with symbols";
}

static bool lies_before(const struct symbol *symbol, uint32_t whose, uint64_t address)
{
    return symbol->whose < whose || (symbol->whose == whose && symbol->end <= address);
}

static const struct symbol *find(const struct symbols *s, uint32_t whose, uint64_t address)
{
    unsigned low = 0, high = s->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (lies_before(&s->list[middle], whose, address))
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < s->count && s->list[low].whose == whose && s->list[low].start <= address;
    return found ? &s->list[low] : NULL;
}

const struct symbol *symbols_find(const struct symbols *s, unsigned hart, uint64_t address)
{
    const struct symbol *own = find(s, hart + 1, address);
    return own ? own : find(s, SYMBOLS_ALL, address);
}

bool symbols_address(const struct symbols *s, const char *name, uint64_t *address)
{
    for (unsigned i = 0; i < s->count; i++) {
        if (strcmp(s->list[i].name, name) == 0) {
            *address = s->list[i].start;
            return true;
        }
    }
    return false;
}

void symbols_free(struct symbols *s)
{
    for (unsigned i = 0; i < s->count; i++)
        free(s->list[i].name);
    free(s->list);
    *s = (struct symbols){0};
}
