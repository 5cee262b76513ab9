/*
 * What sharing costs: all harts do the same work at the same time, on memory that each has for itself, that all read,
 * that all write at different places of one line, and that all write at the same place. Prints, for each, the cycles
 * that the slowest hart takes for a round of the loop, which has one access, times 100.
 */
#include "tests/machine/bare.h"

#define HARTS    8
#define ROUNDS   2000
#define ASSEMBLE 50000 /* cycles in which all harts are sure to have come */
#define LINE     64

struct line {
    uint64_t word[LINE / 8];
} __attribute__((aligned(LINE)));

static struct line private[HARTS], common;
static volatile uint64_t present, phase, arrived, cycles[HARTS];

#define LOOP(text)                                                                                                     \
    for (unsigned i = 0; i < ROUNDS; i++)                                                                              \
    __asm__ volatile(text : : "r"(word) : "t0", "memory")

enum { LOAD_PRIVATE, LOAD_SHARED, STORE_PRIVATE, STORE_LINE, STORE_WORD, ADD_PRIVATE, ADD_LINE, ADD_WORD, PHASES };

static const char *const names[PHASES] = {"load_private", "load_shared", "store_private", "store_line",
                                          "store_word",   "add_private", "add_line",      "add_word"};

static void work(unsigned what, unsigned hart)
{
    volatile uint64_t *mine = &private[hart].word[0], *beside = &common.word[hart], *same = &common.word[0], *word;

    switch (what) {
    case LOAD_PRIVATE:
    case LOAD_SHARED:
        word = what == LOAD_PRIVATE ? mine : same;
        LOOP("ld t0, 0(%0)");
        break;
    case STORE_PRIVATE:
    case STORE_LINE:
    case STORE_WORD:
        word = what == STORE_PRIVATE ? mine : what == STORE_LINE ? beside : same;
        LOOP("sd zero, 0(%0)");
        break;
    default:
        word = what == ADD_PRIVATE ? mine : what == ADD_LINE ? beside : same;
        LOOP("amoadd.d zero, %0, (%0)");
    }
}

/* All begin a phase together: nobody goes before the last has come. */
static void take_part(unsigned hart, unsigned what, uint64_t harts)
{
    __atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL);
    while (arrived < harts * (what + 1))
        ;
    work(what, hart); /* once to warm caches and predictors */
    uint64_t start = csr_read(mcycle);
    work(what, hart);
    cycles[hart] = csr_read(mcycle) - start;
}

void main_other(unsigned hart)
{
    __atomic_fetch_add(&present, 1, __ATOMIC_ACQ_REL);
    while (!phase)
        ;
    uint64_t harts = present;
    for (unsigned what = 0; what < PHASES; what++)
        take_part(hart, what, harts);
    __atomic_fetch_add(&arrived, 1, __ATOMIC_ACQ_REL);
}

static uint64_t slowest(uint64_t harts)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < harts; i++)
        most = cycles[i] > most ? cycles[i] : most;
    return most;
}

int main(void)
{
    uint64_t result[PHASES], harts;

    while (csr_read(mcycle) < ASSEMBLE)
        ;
    harts = __atomic_add_fetch(&present, 1, __ATOMIC_ACQ_REL);
    phase = 1;
    for (unsigned what = 0; what < PHASES; what++) {
        take_part(0, what, harts);
        uint64_t all = harts * (what + 1) + (harts - 1); /* the others wait for us at the next phase, or have ended */
        while (arrived < all)
            ;
        result[what] = slowest(harts);
    }
    report("harts", harts);
    for (unsigned what = 0; what < PHASES; what++)
        report(names[what], result[what] * 100 / ROUNDS);
    return 0;
}
