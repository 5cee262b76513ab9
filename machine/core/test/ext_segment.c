/*
 * Example of the translation hook: one segment, translated before the page tables, that user code may switch on and
 * off. Registers: where it begins, where it leads, its size (whole pages), and whether it is on.
 */
#include "machine/core/csr.h"

#define CSR_SEGMENT 0x800

struct segment {
    uint64_t va, pa, size, on;
};

static struct segment *segment_of(const struct hart *h)
{
    return h->extra[ISA_EXT_segment];
}

static uint64_t *word_of(struct hart *h, unsigned number)
{
    struct segment *s = segment_of(h);
    uint64_t *const words[] = {&s->va, &s->pa, &s->size, &s->on};

    return words[number - CSR_SEGMENT];
}

static uint64_t read_word(struct hart *h, unsigned number)
{
    return *word_of(h, number);
}

/* Translations that are remembered with and without the segment are two views; its own must be forgotten. */
static void write_word(struct hart *h, unsigned number, uint64_t value)
{
    *word_of(h, number) = number == CSR_SEGMENT + 3 ? value & 1 : value & RV_PAGE_MASK;
    mmu_flush(h);
    hart_set_view(h, segment_of(h)->on);
}

static bool translate(struct hart *h, uint64_t va, enum mmu_access access, struct mmu_walk *w)
{
    const struct segment *s = segment_of(h);

    if (!s->on || h->mode == RV_M || va - s->va >= s->size)
        return false;
    *w =
        (struct mmu_walk){.pa = s->pa + (va - s->va), .page_size = RV_PAGE_SIZE, .pte = RV_PTE_R | RV_PTE_W | RV_PTE_U};
    return true;
}

static const struct isa_csr csrs[] = {
    {CSR_SEGMENT, ISA_CSR_SYNC, "segva", read_word, write_word, NULL},
    {CSR_SEGMENT + 1, ISA_CSR_SYNC, "segpa", read_word, write_word, NULL},
    {CSR_SEGMENT + 2, ISA_CSR_SYNC, "segsize", read_word, write_word, NULL},
    {CSR_SEGMENT + 3, ISA_CSR_SYNC, "segon", read_word, write_word, NULL},
};

const struct isa_extension isa_ext_segment = {.name = "segment",
                                              .csrs = csrs,
                                              .csr_count = sizeof csrs / sizeof csrs[0],
                                              .state_size = sizeof(struct segment),
                                              .translate = translate};
