/* Stretches without a look for interrupts; see stretch.h. */
#include "machine/trace/stretch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define CSR_SIP 0x144

static uint64_t *make_pcs(void)
{
    uint64_t *pcs = calloc(STRETCH_PCS, sizeof *pcs);

    if (!pcs)
        abort();
    return pcs;
}

static void finish(struct stretch *s, struct stretch_hart *own, unsigned number)
{
    uint64_t *spare = s->longest_pcs;

    s->count += own->length != 0;
    if (own->begun && own->length > s->longest) {
        s->longest = own->length;
        s->longest_hart = number;
        s->longest_pcs = own->pcs;
        own->pcs = spare;
    }
    own->begun = true;
    own->length = 0;
}

/* The instruction has looked for interrupts, and there is none. */
static bool looked_in_vain(const struct hart *h, const struct op *o, const struct op_info *info)
{
    return info->cls == OP_CSR && o->imm == CSR_SIP && !(hart_mip(h) & h->mie);
}

static void after(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info)
{
    struct stretch *s = (struct stretch *)ob;
    struct stretch_hart *own = &s->harts[h->number % MACHINE_MAX_HARTS];

    if (!own->pcs)
        own->pcs = make_pcs();
    if (own->length < STRETCH_PCS)
        own->pcs[own->length] = pc;
    own->length++;
    if (h->mode == RV_U || h->waiting || looked_in_vain(h, o, info))
        finish(s, own, h->number);
}

void stretch_init(struct stretch *s, const struct symbols *symbols)
{
    *s = (struct stretch){.observer = {.after = after}, .symbols = symbols, .longest_pcs = make_pcs()};
}

static const char *name_of(const struct stretch *s, uint64_t pc)
{
    const struct symbol *symbol = symbols_find(s->symbols, s->longest_hart, pc);

    return symbol ? symbol->name : "?";
}

static int by_address(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* Per function how many of the n addresses, which are sorted, are in it. */
static void print_functions(const struct stretch *s, const uint64_t *pcs, uint64_t n, FILE *out)
{
    for (uint64_t i = 0, first = 0; i < n; i++) {
        const char *name = name_of(s, pcs[i]);
        if (i + 1 < n && name_of(s, pcs[i + 1]) == name)
            continue;
        fprintf(out, "  %8" PRIu64 " %s\n", i + 1 - first, name);
        first = i + 1;
    }
}

void stretch_print(const struct stretch *s, FILE *out)
{
    uint64_t n = s->longest < STRETCH_PCS ? s->longest : STRETCH_PCS;

    fprintf(out, "longest of %" PRIu64 " stretches without a look for interrupts: %" PRIu64 " instructions\n", s->count,
            s->longest);
    if (!n)
        return;
    fprintf(out, "  from %s to %s on hart %u\n", name_of(s, s->longest_pcs[0]), name_of(s, s->longest_pcs[n - 1]),
            s->longest_hart);
    qsort(s->longest_pcs, n, sizeof *s->longest_pcs, by_address);
    print_functions(s, s->longest_pcs, n, out);
}

void stretch_free(struct stretch *s)
{
    for (unsigned i = 0; i < MACHINE_MAX_HARTS; i++)
        free(s->harts[i].pcs);
    free(s->longest_pcs);
}
