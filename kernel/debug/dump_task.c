/* Tasks as text on the console: what they hold, and how memory came to them. */
#include "kernel/debug/debug_print.h"
#include "kernel/panic.h"

#define DEPTH_MAX 24 /* of trees: what is mapped on more often is left out, because the stack is small */

static void print_rights(u32 type, u32 rights)
{
    static const char *const letters[] = {[FPAGE_MEMORY] = "xwr", [FPAGE_OBJECT] = "ucdp"};
    for (u32 i = 0; letters[type][i]; i++)
        kernel_print("%c", rights & 1u << i ? letters[type][i] : '-');
}

/* --- capabilities --- */

static u32 count_below(const struct node *n, u32 depth)
{
    u32 count = 0;
    for (struct tree_node *c = tree_first(&n->children); c && depth < DEPTH_MAX; c = tree_next(c))
        count += 1 + count_below(container_of(c, struct node, link), depth + 1);
    return count;
}

/* Where the capability came from. */
static void print_origin(const struct node *n)
{
    if (!n->parent) {
        kernel_print(", its first");
    } else if (n->parent->task) {
        kernel_print(", from ");
        debug_print_task(n->parent->task);
    }
}

static void print_slot(u64 index, const struct slot *s)
{
    const struct object *o = slot_object(s);
    if (s->node == &node_reply) {
        kernel_print("  %5lu reply to ", index);
        debug_print_thread(slot_caller(s));
        kernel_print("\n");
        return;
    }
    kernel_print("  %5lu %-9s %6x ", index, debug_type(o->type), debug_number(o));
    print_rights(FPAGE_OBJECT, slot_rights(s));
    if (o->type == OBJ_GATE && o->receiver != &thread_nobody) {
        kernel_print(" label %lx to ", o->label);
        debug_print_thread(o->receiver);
    }
    print_origin(s->node);
    kernel_print(", %u below\n", count_below(s->node, 0));
}

static void print_caps(struct object *o)
{
    struct task *t = task_of(o);
    debug_print_task(t);
    kernel_print(": %lu capabilities, %lu pages mapped\n", t->caps, t->space.pages);
    for (u64 i = 0; i < SLOTS; i++)
        if (task_slot(t, i)->word)
            print_slot(i, task_slot(t, i));
}

void debug_dump_caps(void)
{
    debug_each(&factory_root, OBJ_TASK, print_caps);
}

/* --- memory --- */

/* Pieces that follow each other, at the same depth, in the same task: one line. */
static struct run {
    const struct node *first;
    u32 depth, pieces;
    u64 size;
} run;

static u64 size_of(const struct node *n)
{
    return 1ull << n->order;
}

static void print_run(void)
{
    const struct node *n = run.first;
    if (!n)
        return;
    kernel_print("%*s%lx+%lx at %lx ", run.depth * 2, "", node_phys(n), run.size, n->place);
    print_rights(FPAGE_MEMORY, n->rights);
    kernel_print(" in ");
    debug_print_task(n->task);
    kernel_print(run.pieces > 1 ? ", %u pieces\n" : "\n", run.pieces);
    run.first = NULL;
}

static bool follows(const struct node *n, u32 depth)
{
    const struct node *f = run.first;
    return f && run.depth == depth && f->task == n->task && f->rights == n->rights &&
           node_phys(n) == node_phys(f) + run.size && n->place == f->place + run.size;
}

static void print_tree(const struct node *n, u32 depth)
{
    if (!follows(n, depth)) {
        print_run();
        run = (struct run){.first = n, .depth = depth};
    }
    run.pieces++;
    run.size += size_of(n);
    for (struct tree_node *c = tree_first(&n->children); c && depth < DEPTH_MAX; c = tree_next(c))
        print_tree(container_of(c, struct node, link), depth + 1);
}

/* The trees that begin in the task. */
static void print_roots(struct object *o)
{
    struct space *s = &task_of(o)->space;
    for (vaddr_t at = space_next(s, 0, SPACE_END); at < SPACE_END; at = space_next(s, at, SPACE_END)) {
        const struct node *n = space_node(s, at);
        if (n && !n->parent)
            print_tree(n, 0);
        at = n ? n->place + size_of(n) : at + PAGE_SIZE;
    }
}

void debug_dump_maps(void)
{
    kernel_print("physical+bytes at virtual address, rights, task; what was mapped on stands below, indented\n");
    debug_each(&factory_root, OBJ_TASK, print_roots);
    print_run();
}
