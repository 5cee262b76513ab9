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
#include "kernel/task.h"
#include "lib/base/bits.h"

struct node node_reply;

#define STEPS_PER_CHECK 16 /* nodes removed between two looks for interrupts */

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

static void adopt(struct node *parent, struct node *child, u64 key)
{
    child->parent = parent;
    if (!parent) {
        child->link.key = key;
        return;
    }
    parent->child_orders |= 1ull << child->order;
    tree_insert(&parent->children, &child->link, key);
}

/* Leaves its parent. A gate whose last derived capability goes tells its server. */
static void abandon(struct node *n)
{
    struct node *parent = n->parent;
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

static void clear_place(struct node *n)
{
    if (n->type == FPAGE_MEMORY) {
        space_clear(&n->task->space, n->place, n->order, n->task->object.factory);
        return;
    }
    if (n->task) {
        remote_hold_space(&n->task->space);
        n->task->caps--;
    }
    *node_slot(n) = (struct slot){0};
}

/* Removes a node without children. An object without its first capability dies. */
static void remove_leaf(struct node *n)
{
    struct object *o = n->type == FPAGE_OBJECT ? slot_object(node_slot(n)) : NULL;
    abandon(n);
    clear_place(n);
    if (o && o->first == n) {
        o->first = NULL;
        object_kill(o);
    }
    if (n->task)
        factory_free(n);
}

static struct node *deepest(struct node *n)
{
    while (!tree_empty(&n->children))
        n = node_of(n->children.root);
    return n;
}

/* Removes all below n. False: interrupted. Goes on from the parent of what it removed: a long chain costs no more. */
static bool revoke_children(struct node *n)
{
    struct node *at = n;
    for (u32 steps = 1; !tree_empty(&n->children); steps++) {
        struct node *leaf = deepest(at);
        at = leaf->parent;
        remove_leaf(leaf);
        if (steps % STEPS_PER_CHECK == 0 && kernel_preempted())
            return false;
    }
    return true;
}

bool node_revoke(struct node *n)
{
    if (!revoke_children(n))
        return false;
    remove_leaf(n);
    return true;
}

/* --- taking rights only --- */

/* The node after n in the subtree of `top`, parents before children; NULL at the end. */
static struct node *next_below(struct node *top, struct node *n)
{
    if (!tree_empty(&n->children))
        return node_of(tree_first(&n->children));
    for (; n != top; n = n->parent) {
        struct node *sibling = node_of(tree_next(&n->link));
        if (sibling)
            return sibling;
    }
    return NULL;
}

static void take_rights(struct node *n, u32 rights)
{
    if (!(n->rights & rights))
        return;
    n->rights &= ~rights;
    if (n->type == FPAGE_MEMORY) {
        space_set_rights(&n->task->space, n->place, n->order, n->rights);
        return;
    }
    if (n->task)
        remote_hold_space(&n->task->space);
    node_slot(n)->word &= ~(u64)rights;
}

static void take_rights_below(struct node *top, u32 rights)
{
    for (struct node *n = next_below(top, top); n; n = next_below(top, n))
        take_rights(n, rights);
}

/* --- memory --- */

/* A child of n that overlaps [start, start + 2^order), at or behind `after` in the order of siblings. */
static struct node *overlapping_child(struct node *n, paddr_t start, u32 order)
{
    struct node *inside = node_of(tree_at_least(&n->children, start));
    if (inside && inside->link.key < start + (1ull << order))
        return inside;
    for (u64 larger = order < 63 ? n->child_orders >> (order + 1) << (order + 1) : 0; larger; larger &= larger - 1) {
        u32 k = bits_lowest(larger);
        u64 key = child_key(start >> k << k, k);
        struct node *c = node_of(tree_at_least(&n->children, key));
        if (c && c->link.key == key)
            return c;
    }
    return NULL;
}

/* Takes the piece of node n from its children: removes them whole, or only some rights. False: interrupted. */
static bool unmap_from_children(struct node *n, paddr_t start, u32 order, u32 rights)
{
    if (!(rights & RIGHT_R)) {
        take_rights_below(n, rights);
        return true;
    }
    struct node *c;
    while ((c = overlapping_child(n, start, order)))
        if (!node_revoke(c) || kernel_preempted())
            return false;
    return true;
}

/* One node that overlaps the area at `address` of 2^order bytes. */
static bool unmap_node(struct node *n, vaddr_t address, u32 order, u32 rights, bool self)
{
    if (self && n->parent && (rights & RIGHT_R))
        return node_revoke(n);
    u32 part = order < n->order ? order : n->order;
    paddr_t start = order < n->order ? node_phys(n) + (address - n->place) : node_phys(n);
    if (!unmap_from_children(n, start, part, rights))
        return false;
    if (self && !(rights & RIGHT_R)) /* what boot gave stays */
        take_rights(n, rights);
    return true;
}

/* The frequent case: the mapping of one page that went no further. False: not so, nothing was done. */
static inline bool unmap_page(struct task *task, vaddr_t address)
{
    struct node *n = space_node(&task->space, address);
    if (!n || n->order != ARCH_PAGE_SHIFT || !n->parent || !tree_empty(&n->children))
        return false;
    remove_leaf(n);
    return true;
}

static COLD bool unmap_area(struct task *task, u64 what, bool self, u64 *done)
{
    vaddr_t start = what & ~0xfffull;
    u32 order = what >> FPAGE_ORDER_SHIFT & FPAGE_ORDER_MASK, rights = what & FPAGE_RIGHTS_MASK;
    vaddr_t end = start + (1ull << order), at = space_next(&task->space, start + *done, end);
    for (u32 steps = 1; at < end; steps++) {
        struct node *n = space_node(&task->space, at);
        vaddr_t next = n ? n->place + node_size(n) : at + ARCH_PAGE_SIZE;
        if (n && !unmap_node(n, start, order, rights, self))
            return false;
        at = space_next(&task->space, next, end);
        *done = at - start;
        if (steps % (STEPS_PER_CHECK * 4) == 0 && kernel_preempted())
            return false;
    }
    return true;
}

bool unmap_memory(struct task *task, u64 what, bool self, u64 *done)
{
    trace(UNMAP, cpu_self()->current, what, self);
    bool page = fpage_order(what) == ARCH_PAGE_SHIFT && self && (what & RIGHT_R) && !*done;
    return (page && unmap_page(task, what & ~0xfffull)) || unmap_area(task, what, self, done);
}

static struct node *node_create(struct task *task, u64 place, u8 type, u32 order, u32 rights)
{
    struct node *n = factory_alloc_raw(task->object.factory, sizeof *n);
    if (n)
        *n = (struct node){.task = task, .place = place, .type = type, .order = order, .rights = rights};
    return n;
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
        adopt(NULL, n, child_key(phys, order));
    return error;
}

/* `new` takes the place of `old` in the tree: its parent and its children. */
static void inherit(struct node *old, struct node *new)
{
    u64 key = old->link.key;
    if (old->parent)
        tree_remove(&old->parent->children, &old->link);
    adopt(old->parent, new, key);
    new->children = old->children;
    new->child_orders = old->child_orders;
    for (struct tree_node *c = tree_first(&new->children); c; c = tree_next(c))
        node_of(c)->parent = new;
    take_rights_below(new, ~new->rights & RIGHTS_ALL);
}

/* Moves the whole node to `base` in `to`. */
static err_t grant_memory(struct node *n, struct task *to, vaddr_t base, u32 rights)
{
    struct node *moved = node_create(to, base, FPAGE_MEMORY, n->order, n->rights & rights);
    if (!moved)
        return E_NOMEM;
    err_t error = space_enter(&to->space, base, n->order, node_phys(n), moved->rights, moved, to->object.factory);
    if (error) {
        factory_free(moved);
        return error;
    }
    clear_place(n);
    inherit(n, moved);
    factory_free(n);
    return E_OK;
}

/* A child of n for 2^order bytes at `address` (in n's task), at `base` in `to`. */
static err_t map_piece(struct node *n, vaddr_t address, u32 order, struct task *to, vaddr_t base, u32 rights)
{
    struct node *child = node_create(to, base, FPAGE_MEMORY, order, n->rights & rights);
    if (!child)
        return E_NOMEM;
    paddr_t phys = node_phys(n) + (address - n->place);
    err_t error = space_enter(&to->space, base, order, phys, child->rights, child, to->object.factory);
    if (error)
        factory_free(child);
    else
        adopt(n, child, child_key(phys, order));
    return error;
}

/*
 * Largest piece at `address` that stays within the node and the rest of the area and is aligned at both ends: pieces
 * are taken in order, so what is left is never smaller than the alignment of where they start.
 */
static u32 piece_order(const struct node *n, vaddr_t address, vaddr_t base, u64 size)
{
    return bits_lowest(address | base | size | node_size(n));
}

/* One page, which most mappings are. */
static inline err_t map_page(struct task *from, vaddr_t address, struct task *to, vaddr_t base, u32 rights)
{
    struct node *n = space_node(&from->space, address);
    return n ? map_piece(n, address, ARCH_PAGE_SHIFT, to, base, rights) : E_FAULT;
}

static COLD err_t map_area(struct task *from, u64 what, struct task *to, vaddr_t base, bool grant, u32 max_nodes,
                           u64 *done)
{
    vaddr_t start = what & ~0xfffull;
    u64 size = 1ull << (what >> FPAGE_ORDER_SHIFT & FPAGE_ORDER_MASK);
    u32 rights = what & FPAGE_RIGHTS_MASK;
    bool found = *done > 0;
    for (u32 i = 0; *done < size && i < max_nodes; i++) {
        vaddr_t address = start + *done;
        struct node *n = space_node(&from->space, address);
        if (!n) {
            *done = space_next(&from->space, address + ARCH_PAGE_SIZE, start + size) - start;
            continue;
        }
        u32 order = piece_order(n, address, base + *done, size);
        bool whole = order == n->order && n->parent;
        err_t error = !grant  ? map_piece(n, address, order, to, base + *done, rights)
                      : whole ? grant_memory(n, to, base + *done, rights)
                              : E_PERM;
        if (error)
            return error;
        found = true;
        *done += 1ull << order;
    }
    if (*done > size)
        *done = size;
    return found || *done < size ? E_OK : E_FAULT;
}

err_t map_memory(struct task *from, u64 what, struct task *to, vaddr_t base, bool grant, u32 max_nodes, u64 *done)
{
    trace(MAP, cpu_self()->current, what, base);
    if (fpage_order(what) != ARCH_PAGE_SHIFT || grant || *done)
        return map_area(from, what, to, base, grant, max_nodes, done);
    err_t error = map_page(from, what & ~0xfffull, to, base, what & FPAGE_RIGHTS_MASK);
    *done = error ? 0 : ARCH_PAGE_SIZE;
    return error;
}

/* --- capabilities --- */

static bool slot_mappable(const struct slot *s)
{
    return s->word && s->node != &node_reply;
}

static void occupy(struct slot *s, struct object *o, struct node *n)
{
    s->node = n;
    __atomic_store_n(&s->word, (u64)o | n->rights, __ATOMIC_RELEASE); /* the fast path of other CPUs reads it */
    if (n->task)
        n->task->caps++;
}

err_t map_cap_first(struct object *o, struct task *task, struct slot *to)
{
    if (to->word)
        return E_EXIST;
    struct node *n = node_create(task, (u64)to, FPAGE_OBJECT, 0, RIGHTS_ALL);
    if (!n)
        return E_NOMEM;
    occupy(to, o, n);
    o->first = n;
    return E_OK;
}

err_t map_cap(struct slot *from, u32 rights, struct task *task, struct slot *to, bool grant)
{
    if (!slot_mappable(from))
        return E_NOENT;
    if (to->word)
        return E_EXIST;
    struct node *old = from->node;
    struct object *o = slot_object(from);
    trace(MAP_CAP, cpu_self()->current, debug_number(o), rights);
    struct node *n = node_create(task, (u64)to, FPAGE_OBJECT, 0, slot_rights(from) & rights);
    if (!n)
        return E_NOMEM;
    if (!grant) {
        adopt(old, n, 0);
        occupy(to, o, n);
        return E_OK;
    }
    clear_place(old);
    inherit(old, n);
    occupy(to, o, n);
    if (o->first == old)
        o->first = n;
    factory_free(old);
    return E_OK;
}

void map_cap_embedded(struct slot *from, struct slot *to, struct node *node)
{
    if (to->word)
        remove_leaf(to->node);
    *node = (struct node){.place = (u64)to, .type = FPAGE_OBJECT, .rights = slot_rights(from)};
    adopt(from->node, node, 0);
    occupy(to, slot_object(from), node);
}

bool unmap_cap(struct slot *s, u32 rights, bool self)
{
    if (!slot_mappable(s))
        return true;
    if (!(rights & RIGHT_USE)) {
        take_rights_below(s->node, rights);
        if (self)
            take_rights(s->node, rights);
        return true;
    }
    return self ? node_revoke(s->node) : revoke_children(s->node);
}
