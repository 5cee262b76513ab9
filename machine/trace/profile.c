/* Profiles; see profile.h. */
#include "machine/trace/profile.h"

#include <stdlib.h>

static struct profile_node *child_of(struct profile *p, struct profile_node *parent, const struct symbol *symbol)
{
    for (struct profile_node *n = parent->child; n; n = n->sibling)
        if (n->symbol == symbol)
            return n;
    struct profile_node *n = calloc(1, sizeof *n);
    if (!n) {
        p->failed = true;
        return parent;
    }
    *n = (struct profile_node){.symbol = symbol, .parent = parent, .sibling = parent->child};
    parent->child = n;
    return n;
}

static bool contains(const struct profile_node *n, uint64_t pc)
{
    return n->symbol && pc >= n->symbol->start && pc < n->symbol->end;
}

/* Makes the hart's place agree with its program counter: the caller if that fits, else another function here. */
static void correct(struct profile *p, unsigned hart, uint64_t pc)
{
    struct profile_node *n = p->at[hart];
    const struct symbol *symbol = symbols_find(p->symbols, hart, pc);

    if (n->symbol == symbol && n != &p->root)
        return;
    if (n->parent && n->parent != &p->root && contains(n->parent, pc)) {
        p->at[hart] = n->parent;
        p->depth[hart]--;
        return;
    }
    if (n == &p->root)
        p->depth[hart]++;
    p->at[hart] = child_of(p, n == &p->root ? n : n->parent, symbol);
}

static bool before(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info)
{
    struct profile *p = (struct profile *)ob;

    p->since[h->number] = h->cycle;
    if (!contains(p->at[h->number], pc))
        correct(p, h->number, pc);
    return true;
}

static bool is_call(const struct op *o, const struct op_info *info)
{
    return (info->cls == OP_JUMP || info->cls == OP_JUMP_REG) && (o->rd == 1 || o->rd == 5);
}

static bool is_return(const struct op *o, const struct op_info *info)
{
    return info->cls == OP_JUMP_REG && o->rd == OP_SINK && (o->rs1 == 1 || o->rs1 == 5);
}

/* Charges the instruction, then follows a call or return. A call's callee is known when it is reached. */
static void after(struct observer *ob, struct hart *h, uint64_t pc, const struct op *o, const struct op_info *info)
{
    struct profile *p = (struct profile *)ob;
    struct profile_node *n = p->at[h->number];

    n->cycles += h->cycle - p->since[h->number];
    n->instructions++;
    if (is_call(o, info) && p->depth[h->number] < PROFILE_DEPTH) {
        p->at[h->number] = child_of(p, n, NULL);
        p->depth[h->number]++;
    } else if (is_return(o, info) && n->parent && n->parent != &p->root) {
        p->at[h->number] = n->parent;
        p->depth[h->number]--;
    }
}

void profile_init(struct profile *p, const struct symbols *symbols)
{
    *p = (struct profile){.observer = {.before = before, .after = after}, .symbols = symbols};
    for (unsigned i = 0; i < MACHINE_MAX_HARTS; i++)
        p->at[i] = &p->root;
}

static void free_children(struct profile_node *n)
{
    while (n->child) {
        struct profile_node *c = n->child;
        n->child = c->sibling;
        free_children(c);
        free(c);
    }
}

void profile_free(struct profile *p)
{
    free_children(&p->root);
}

/* ---- Output ---- */

static const char *name_of(const struct profile_node *n)
{
    return n->symbol ? n->symbol->name : "[unknown]";
}

struct flat {
    const char *name;
    uint64_t cycles, instructions;
};

static int by_cycles(const void *a, const void *b)
{
    const struct flat *x = a, *y = b;
    return x->cycles < y->cycles ? 1 : x->cycles > y->cycles ? -1 : 0;
}

/* Adds a subtree to the sums; the last one is for unknown code. */
static void add_up(const struct profile *p, const struct profile_node *n, struct flat *sums)
{
    unsigned i = n->symbol ? (unsigned)(n->symbol - p->symbols->list) : p->symbols->count;

    sums[i].name = name_of(n);
    sums[i].cycles += n->cycles;
    sums[i].instructions += n->instructions;
    for (const struct profile_node *c = n->child; c; c = c->sibling)
        add_up(p, c, sums);
}

void profile_print_flat(const struct profile *p, FILE *out)
{
    unsigned count = p->symbols->count + 1;
    struct flat *sums = calloc(count, sizeof *sums);
    uint64_t total = 0;

    if (!sums)
        return;
    add_up(p, &p->root, sums);
    for (unsigned i = 0; i < count; i++)
        total += sums[i].cycles;
    qsort(sums, count, sizeof *sums, by_cycles);
    fprintf(out, "%7s %14s %14s  function\n", "%", "cycles", "instructions");
    for (unsigned i = 0; i < count && sums[i].cycles; i++)
        fprintf(out, "%7.2f %14llu %14llu  %s\n", 100.0 * (double)sums[i].cycles / (double)total,
                (unsigned long long)sums[i].cycles, (unsigned long long)sums[i].instructions, sums[i].name);
    free(sums);
}

static void print_path(const struct profile_node *n, FILE *out)
{
    if (n->parent && n->parent->parent) {
        print_path(n->parent, out);
        fputc(';', out);
    }
    fputs(name_of(n), out);
}

static void print_folded(const struct profile_node *n, FILE *out)
{
    if (n->cycles && n->parent) {
        print_path(n, out);
        fprintf(out, " %llu\n", (unsigned long long)n->cycles);
    }
    for (const struct profile_node *c = n->child; c; c = c->sibling)
        print_folded(c, out);
}

void profile_print_folded(const struct profile *p, FILE *out)
{
    print_folded(&p->root, out);
}
