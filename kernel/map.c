/*
 * The derivation trees of memory and capabilities.
 *
 *   first node (no parent): memory given away at boot, or the capability a creator received
 *     +- child: mapped on to another place or task
 *     |    +- child ...
 *     +- child
 *
 * A memory node stands for an aligned power-of-two piece; its children are ordered by physical address, larger ones
 * first where they start together, so that whoever covers a given page is found in O(log n) per size in use.
 */
#include "kernel/map.h"
#include "kernel/cold.h"
#include "kernel/debug.h"
#include "kernel/factory.h"
#include "kernel/gate.h"
#include "kernel/panic.h"
#include "kernel/remote.h"
#include "kernel/space_page.h"
#include "kernel/task.h"
#include "kernel/walk.h"
#include "lib/base/bits.h"

struct node node_reply;

#define STEPS_PER_CHECK 4  /* nodes removed or moved between two looks for interrupts */
#define LEVELS_MAX      16 /* of derivation that are gone down at a time */
#define MOVES_AT_ONCE   64 /* children that a grant moves in one go where it cannot be interrupted */

/* Key of a memory node among its siblings. */
static u64 child_key(paddr_t phys, u32 order)
{
    return phys | (63 - order);
}

static struct node *node_of(struct tree_node *link)
{
    return link ? container_of(link, struct node, link) : NULL;
}

static struct slot *node_slot(const struct node *n)
{
    return (struct slot *)n->place;
}

static u64 node_size(const struct node *n)
{
    return 1ull << n->order;
}

/* n, of which node_create left that open, hangs below its parent (NULL: nowhere) with this key. */
static inline void adopt(struct node *parent, struct node *n, u64 key)
{
    n->parent = parent;
    if (parent)
        tree_insert(&parent->children, &n->link, key);
    else
        n->link = (struct tree_node){.key = key};
}

/* The same for memory. */
static void adopt_memory(struct node *parent, struct node *n, paddr_t phys)
{
    if (parent)
        parent->child_orders |= 1u << (n->order - ARCH_PAGE_SHIFT);
    adopt(parent, n, child_key(phys, n->order));
}

/* Leaves its parent. A gate whose last derived capability goes tells its server. */
static void abandon(struct node *n)
{
    struct node *parent = n->parent;
    if (walks_waiting)
        walk_leave(n);
    if (!parent)
        return;
    tree_remove(&parent->children, &n->link);
    if (!tree_empty(&parent->children))
        return;
    parent->child_orders = 0;
    if (!parent->parent && parent->type == FPAGE_OBJECT)
        gate_unheld(slot_object(node_slot(parent)));
}

/* --- removal --- */

static void clear_memory(struct node *n)
{
    struct space *s = &n->task->space;
    if (n->order != ARCH_PAGE_SHIFT || !space_clear_page(s, n->entry, n->place))
        space_clear(s, n->entry, n->place, n->order, n->task->object.factory);
}

static void clear_slot(struct node *n)
{
    if (n->task) {
        remote_hold_space(&n->task->space);
        n->task->caps--;
    }
    *node_slot(n) = (struct slot){0};
}

/* Removes a memory node that has neither parent nor children any more. */
static NOINLINE void remove_orphan(struct node *n)
{
    clear_memory(n);
    factory_free(n);
}

/* Removes a memory node without children. */
static NOINLINE void remove_memory(struct node *n)
{
    abandon(n);
    remove_orphan(n);
}

/* The same, quickly if it is a page, which then stands in `entry`, and nothing is special about it. */
static ALWAYS_INLINE void remove_page(struct node *n, u64 *entry)
{
    if (n->order != ARCH_PAGE_SHIFT || walks_waiting || !tree_remove_quickly(&n->link))
        remove_memory(n);
    else if (!space_clear_page(&n->task->space, entry, n->place))
        remove_orphan(n);
    else
        factory_free(n);
}

/* Removes a capability that nothing was derived from. An object without its first capability dies. */
static void remove_cap(struct node *n)
{
    struct object *o = slot_object(node_slot(n));
    abandon(n);
    clear_slot(n);
    if (o->first == n) {
        o->first = NULL;
        object_kill(o);
    }
    if (n->task)
        factory_free(n);
}

static void remove_leaf(struct node *n)
{
    if (n->type == FPAGE_MEMORY)
        remove_memory(n);
    else
        remove_cap(n);
}

/* Whether it is time to look for interrupts, and there are some. `steps` counts what was removed since the start. */
static inline bool interrupted(u64 *steps)
{
    return ++*steps % STEPS_PER_CHECK == 0 && kernel_preempted();
}

/*
 * A node below n, or beside it in the tree of siblings and below it there, that has nothing below it either way; or,
 * where derivations go deep, one on the way there.
 */
static struct node *lowest(struct node *n)
{
    for (u32 levels = 0;; levels++) {
        n = node_of(tree_leaf(&n->link));
        if (tree_empty(&n->children) || levels == LEVELS_MAX)
            return n;
        n = node_of(n->children.root);
    }
}

/* n, which is to go like all below `top`, comes to hang right below that: the way to it is short from now on. */
static COLD void hoist(struct node *top, struct node *n)
{
    u64 key = n->link.key;
    top->child_orders |= n->parent->child_orders;
    if (walks_waiting)
        walk_restart_all(NULL);
    abandon(n);
    adopt(top, n, key);
}

/*
 * Removes all below `top`. False: interrupted. The trees of siblings are taken apart from their leaves, and so is the
 * tree of derivation: each node is the last in both when its turn comes, and the way on leads from there.
 */
static bool revoke_children(struct node *top, u64 *steps)
{
    struct node *n = node_of(top->children.root);
    while (n && n != top) {
        struct node *leaf = lowest(n);
        if (tree_empty(&leaf->children)) {
            n = leaf->link.parent ? node_of(leaf->link.parent) : leaf->parent;
            remove_leaf(leaf);
        } else {
            hoist(top, leaf);
            n = leaf;
        }
        if (interrupted(steps) && !tree_empty(&top->children))
            return false;
    }
    return true;
}

bool node_revoke(struct node *n)
{
    u64 steps = 0;
    if (!revoke_children(n, &steps))
        return false;
    if (n->type == FPAGE_OBJECT && !n->parent && !object_prepare_end(slot_object(node_slot(n))))
        return false;
    remove_leaf(n);
    return true;
}

/* --- taking rights only --- */

COLD void node_take_rights(struct node *n, u32 rights)
{
    if (!(n->rights & rights))
        return;
    n->rights &= ~rights;
    if (n->type == FPAGE_MEMORY) {
        space_set_rights(&n->task->space, n->entry, n->place, n->order, n->rights);
        return;
    }
    if (n->task)
        remote_hold_space(&n->task->space);
    node_slot(n)->word &= ~(u64)rights;
}

/* --- memory --- */

/* A child of n that covers all from `start` on, and more than 2^order bytes. */
static struct node *larger_child(struct node *n, paddr_t start, u32 order)
{
    u64 smaller = (2ull << (order - ARCH_PAGE_SHIFT)) - 1;
    for (u64 larger = n->child_orders & ~smaller; larger; larger &= larger - 1) {
        u32 k = bits_lowest(larger) + ARCH_PAGE_SHIFT;
        u64 key = child_key(start >> k << k, k);
        struct node *c = node_of(tree_at_least(&n->children, key));
        if (c && c->link.key == key)
            return c;
    }
    return NULL;
}

/* Removes the children of n that are larger than 2^order bytes and cover all from `start` on. False: interrupted. */
static COLD bool revoke_larger(struct node *n, paddr_t start, u32 order)
{
    for (struct node *c; (c = larger_child(n, start, order));)
        if (!node_revoke(c))
            return false;
    return true;
}

/* A memory node and all below it. False: interrupted; *steps counts. */
static ALWAYS_INLINE bool revoke_memory(struct node *n, u64 *steps)
{
    if (!tree_empty(&n->children)) {
        u64 more = *steps; /* so that *steps can live in a register */
        if (!revoke_children(n, &more))
            return false;
        *steps = more;
    }
    remove_page(n, n->entry);
    return !interrupted(steps);
}

/* Removes the children of n that overlap [start, start + 2^order). False: interrupted. */
static bool revoke_overlapping(struct node *n, paddr_t start, u32 order)
{
    u64 steps = 0;
    struct node *c = node_of(tree_at_least(&n->children, start)), *next;
    for (; c && c->link.key < start + (1ull << order); c = next) {
        next = node_of(tree_next(&c->link));
        if (!revoke_memory(c, &steps))
            return false;
    }
    return n->child_orders >> (order - ARCH_PAGE_SHIFT) <= 1 || revoke_larger(n, start, order);
}

/* Takes the piece of node n from its children: removes them whole, or only some rights. False: interrupted. */
static bool unmap_from_children(struct node *n, paddr_t start, u32 order, u32 rights, u64 *done)
{
    return (rights & RIGHT_R) ? revoke_overlapping(n, start, order) : walk_take_rights(n, rights, done);
}

/* One node that overlaps the area at `address` of 2^order bytes. */
static bool unmap_node(struct node *n, vaddr_t address, u32 order, u32 rights, bool self, u64 *done)
{
    if (self && n->parent && (rights & RIGHT_R))
        return node_revoke(n);
    u32 part = order < n->order ? order : n->order;
    paddr_t start = order < n->order ? node_phys(n) + (address - n->place) : node_phys(n);
    if (self && !(rights & RIGHT_R)) /* with R: what boot gave stays */
        node_take_rights(n, rights);
    return unmap_from_children(n, start, part, rights, done);
}

bool unmap_page(struct task *task, vaddr_t address, bool self)
{
    u64 *entry = space_entry(&task->space, address);
    struct node *n = space_entry_node(entry);
    trace(UNMAP, cpu_self()->current, FPAGE_MEM(address, ARCH_PAGE_SHIFT, RIGHTS_RWX), self);
    if (!n)
        return true;
    if (!self || !n->parent)
        return revoke_overlapping(n, node_phys(n) + (address - n->place), ARCH_PAGE_SHIFT);
    if (!tree_empty(&n->children))
        return node_revoke(n);
    remove_page(n, entry);
    return true;
}

bool unmap_memory(struct task *task, u64 what, bool self, u64 *done)
{
    vaddr_t start = what & ~0xfffull, end = start + (1ull << fpage_order(what));
    trace(UNMAP, cpu_self()->current, what, self);
    for (vaddr_t at = start + map_position(*done); at < end; at = start + *done) {
        struct node *n = space_node(&task->space, at);
        vaddr_t next = n ? n->place + node_size(n) : space_skip(&task->space, at + ARCH_PAGE_SIZE, end);
        if (n && !unmap_node(n, start, fpage_order(what), what & FPAGE_RIGHTS_MASK, self, done))
            return false;
        *done = next - start;
        if (next < end && kernel_preempted())
            return false;
    }
    return true;
}

/* A node that hangs nowhere yet: see adopt. */
static inline struct node *node_init(struct node *n, struct task *task, u64 place, u8 type, u32 order, u32 rights)
{
    n->children = (struct tree){0};
    n->child_orders = 0;
    n->type = type;
    n->order = order;
    n->rights = rights;
    n->task = task;
    n->place = place;
    return n;
}

static inline struct node *node_create(struct task *task, u64 place, u8 type, u32 order, u32 rights)
{
    struct node *n = factory_alloc_raw(task->object.factory, sizeof *n);
    return n ? node_init(n, task, place, type, order, rights) : NULL;
}

err_t map_memory_root(struct task *to, paddr_t phys, vaddr_t base, u32 order, u32 rights)
{
    struct node *n = node_create(to, base, FPAGE_MEMORY, order, rights);
    if (!n)
        return E_NOMEM;
    err_t error = space_enter(&to->space, base, order, phys, rights, n, to->object.factory);
    if (error)
        factory_free(n);
    else
        adopt_memory(NULL, n, phys);
    return error;
}

/* A child of n for 2^order bytes at `address` (in n's task), at `base` in `to`. Interrupted before it begins. */
static COLD err_t map_piece(struct node *n, vaddr_t address, u32 order, struct task *to, vaddr_t base, u32 rights)
{
    if (!factory_fill_stock(SPACE_TABLES_MAX))
        return INVOKE_RESTART;
    struct node *child = node_create(to, base, FPAGE_MEMORY, order, n->rights & rights);
    if (!child)
        return E_NOMEM;
    paddr_t phys = node_phys(n) + (address - n->place);
    err_t error = space_enter(&to->space, base, order, phys, child->rights, child, to->object.factory);
    if (error)
        factory_free(child);
    else
        adopt_memory(n, child, phys);
    return error;
}

/* Whether the entry is free, and a page with these rights can be entered there without asking for anything else. */
static inline bool enters_at_once(const u64 *entry, u32 rights)
{
    return entry && !arch_pte_valid(*entry) && (!(rights & RIGHT_X) || !cpu_self()->shared);
}

err_t map_page(struct task *from, vaddr_t address, struct task *to, vaddr_t base, u32 rights)
{
    struct node *n = space_entry_node(space_entry(&from->space, address)), *child;
    u64 *entry = space_page_entry(&to->space, base);
    trace(MAP, cpu_self()->current, FPAGE_MEM(address, ARCH_PAGE_SHIFT, rights), base);
    if (!n)
        return E_FAULT;
    if (!enters_at_once(entry, rights) || !(child = factory_at_hand(to->object.factory, sizeof *child)))
        return map_piece(n, address, ARCH_PAGE_SHIFT, to, base, rights);
    paddr_t phys = node_phys(n) + (address - n->place);
    rights &= n->rights;
    node_init(child, to, base, FPAGE_MEMORY, ARCH_PAGE_SHIFT, rights);
    space_enter_page(&to->space, entry, phys, rights, child);
    n->child_orders |= 1;
    child->parent = n;
    tree_insert_quickly(&n->children, &child->link, child_key(phys, ARCH_PAGE_SHIFT));
    return E_OK;
}

/* --- granting: a child of the node takes over its other children, and then its place --- */

/* Moves all children of n but `heir` below that. False: interrupted, or (`at_once`) there are too many. */
static bool move_children(struct node *n, struct node *heir, bool at_once)
{
    for (u32 steps = 1;; steps++) {
        struct tree_node *c = n->children.root;
        if (c == &heir->link)
            c = c->child[0] ? c->child[0] : c->child[1];
        if (!c)
            return true;
        tree_remove(&n->children, c);
        heir->child_orders |= n->child_orders;
        adopt(heir, node_of(c), c->key);
        if (at_once ? steps == MOVES_AT_ONCE : steps % STEPS_PER_CHECK == 0 && kernel_preempted())
            return false;
    }
}

/* `heir` stands where n stood, which is gone. */
static void replace_node(struct node *n, struct node *heir)
{
    struct node *parent = n->parent;
    u64 key = n->link.key;
    tree_remove(&n->children, &heir->link);
    if (parent)
        tree_remove(&parent->children, &n->link);
    adopt(parent, heir, key);
    if (n->type == FPAGE_MEMORY) {
        clear_memory(n);
    } else {
        struct object *o = slot_object(node_slot(n));
        if (o->first == n)
            o->first = heir;
        clear_slot(n);
    }
    factory_free(n);
}

/* What n has more than `heir` goes, so that its children may stand below that. False: interrupted or too much. */
static bool limit_rights(struct node *n, struct node *heir, u64 *done)
{
    u32 fewer = ~heir->rights & RIGHTS_ALL;
    if (!(n->rights & fewer) && !(done && (*done & WALK_GOES_ON)))
        return true;
    if (done) /* n maps on what it has until it is replaced */
        node_take_rights(n, fewer);
    return walk_take_rights(n, fewer, done);
}

/*
 * `heir`, a child of n for all of it, takes its place. Each step leaves a tree of derivations behind: who gives up
 * halfway has mapped. `done` NULL: not to be interrupted. Errors as for map_memory.
 */
static COLD err_t inherit(struct node *n, struct node *heir, u64 *done)
{
    bool limited = limit_rights(n, heir, done);
    if (limited && walks_waiting)
        walk_restart_all(n);
    if (limited && move_children(n, heir, !done)) {
        replace_node(n, heir);
        return E_OK;
    }
    if (!done)
        return E_MSGSIZE;
    *done |= GRANT_GOES_ON;
    return INVOKE_RESTART;
}

/* Whether the operation has mapped `heir` before it was interrupted, to grant n. */
static bool grant_goes_on(struct node *n, struct node *heir, u64 *done)
{
    bool goes_on = done && (*done & GRANT_GOES_ON);
    if (goes_on)
        *done &= ~GRANT_GOES_ON;
    return goes_on && heir && heir->parent == n;
}

/* Moves the whole node to `base` in `to`. */
static COLD err_t grant_memory(struct node *n, struct task *to, vaddr_t base, u32 rights, u64 *done)
{
    struct node *heir = space_node(&to->space, base);
    if (!grant_goes_on(n, heir, done) || heir->place != base || heir->order != n->order) {
        err_t error = map_piece(n, n->place, n->order, to, base, rights);
        if (error)
            return error;
        heir = space_node(&to->space, base);
    }
    return inherit(n, heir, done);
}

/*
 * Largest piece at `address` that stays within the node and the rest of the area and is aligned at both ends: pieces
 * are taken in order, so what is left is never smaller than the alignment of where they start.
 */
static u32 piece_order(const struct node *n, vaddr_t address, vaddr_t base, u64 size)
{
    return bits_lowest(address | base | size | node_size(n));
}

#define TABLE_ORDER   9 /* log2 of a page table's entries */
#define ENTRIES_ORDER 7 /* the same of those that a piece is entered in at most, so that it does not take long */

/* The same for what is mapped, not moved. */
static u32 short_order(u32 order)
{
    u32 entries = (order - ARCH_PAGE_SHIFT) % TABLE_ORDER;
    return entries > ENTRIES_ORDER ? order - entries + ENTRIES_ORDER : order;
}

/* The piece of n of this order at `address`. */
static err_t map_some(struct node *n, vaddr_t address, struct task *to, vaddr_t base, u32 rights, u32 how, u32 order,
                      u64 *done)
{
    if (!(how & MAP_GRANT))
        return map_piece(n, address, order, to, base, rights);
    if (order < n->order || !n->parent)
        return E_PERM;
    return grant_memory(n, to, base, rights, (how & MAP_AT_ONCE) ? NULL : done);
}

COLD err_t map_memory(struct task *from, u64 what, struct task *to, vaddr_t base, u32 how, u64 *done)
{
    vaddr_t start = what & ~0xfffull;
    u64 size = 1ull << fpage_order(what), at = map_position(*done);
    bool found = *done > 0;
    trace(MAP, cpu_self()->current, what, base);
    if (at >= size)
        return E_OK;
    struct node *n = space_node(&from->space, start + at);
    if (!n) {
        *done = space_next(&from->space, start + at + ARCH_PAGE_SIZE, start + size) - start;
        return found || *done < size ? E_OK : E_FAULT;
    }
    u32 order = piece_order(n, start + at, base + at, size);
    order = (how & MAP_GRANT) ? order : short_order(order);
    err_t error = map_some(n, start + at, to, base + at, what & FPAGE_RIGHTS_MASK, how, order, done);
    if (!error)
        *done = at + (1ull << order);
    return error;
}

/* --- capabilities --- */

static bool slot_mappable(const struct slot *s)
{
    return s->word && s->node != &node_reply;
}

static inline void occupy(struct slot *s, struct object *o, struct node *n, u32 rights)
{
    s->node = n;
    __atomic_store_n(&s->word, (u64)o | rights, __ATOMIC_RELEASE); /* the fast path of other CPUs reads it */
}

void map_cap_first_by(struct node *n, struct object *o, struct task *task, struct slot *to)
{
    node_init(n, task, (u64)to, FPAGE_OBJECT, 0, RIGHTS_ALL);
    adopt(NULL, n, 0);
    occupy(to, o, n, RIGHTS_ALL);
    task->caps++;
    o->first = n;
}

err_t map_cap_first(struct object *o, struct task *task, struct slot *to)
{
    struct node *n = factory_alloc_raw(task->object.factory, sizeof *n);
    if (!n)
        return E_NOMEM;
    map_cap_first_by(n, o, task, to);
    return E_OK;
}

static COLD err_t grant_cap(struct slot *from, u32 rights, struct task *task, struct slot *to, u64 *done)
{
    if (!grant_goes_on(from->node, slot_mappable(to) ? to->node : NULL, done)) {
        err_t error = map_cap(from, rights, task, to, false, NULL);
        if (error)
            return error;
    }
    return inherit(from->node, to->node, done);
}

/* Fills the empty slot with a child of `from`, whose node n is to be. */
static ALWAYS_INLINE void derive(struct node *n, struct slot *from, u32 rights, struct task *task, struct slot *to)
{
    rights &= slot_rights(from);
    node_init(n, task, (u64)to, FPAGE_OBJECT, 0, rights);
    n->parent = from->node;
    occupy(to, slot_object(from), n, rights);
    task->caps++;
    tree_insert_quickly(&from->node->children, &n->link, 0);
}

/* The same, with a node that takes longer to get. */
static COLD err_t derive_slowly(struct slot *from, u32 rights, struct task *task, struct slot *to)
{
    struct node *n = factory_alloc_raw(task->object.factory, sizeof *n);
    if (!n)
        return E_NOMEM;
    derive(n, from, rights, task, to);
    return E_OK;
}

err_t map_cap(struct slot *from, u32 rights, struct task *task, struct slot *to, bool grant, u64 *done)
{
    if (!slot_mappable(from))
        return E_NOENT;
    if (grant)
        return grant_cap(from, rights, task, to, done);
    if (to->word)
        return E_EXIST;
    trace(MAP_CAP, cpu_self()->current, debug_number(slot_object(from)), rights);
    struct node *n = factory_at_hand(task->object.factory, sizeof *n);
    if (!n)
        return derive_slowly(from, rights, task, to);
    derive(n, from, rights, task, to);
    return E_OK;
}

void map_cap_embedded(struct slot *from, struct slot *to, struct node *node)
{
    if (to->word)
        remove_leaf(to->node);
    *node = (struct node){.place = (u64)to, .type = FPAGE_OBJECT, .rights = slot_rights(from)};
    adopt(from->node, node, 0);
    occupy(to, slot_object(from), node, slot_rights(from));
}

bool unmap_cap(struct slot *s, u32 rights, bool self, u64 *done)
{
    u64 steps = 0;
    if (!slot_mappable(s))
        return true;
    if (rights & RIGHT_USE)
        return self ? node_revoke(s->node) : revoke_children(s->node, &steps);
    if (self)
        node_take_rights(s->node, rights);
    return walk_take_rights(s->node, rights, done);
}
