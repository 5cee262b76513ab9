/*
 * The kernel's invariants, checked from the root factory downwards:
 *   - every object lies in its factory's list; every capability's slot, node and object agree;
 *   - derivation trees are ordered, their ranks fall, children lie within their parents and have no more rights;
 *   - page tables and nodes agree on every page;
 *   - each factory is charged exactly for the pages that can be reached from it, and the pool has all others;
 *   - whoever is ready is queued or running, whoever is queued waits.
 */
#include "kernel/arch/host/host.h"
#include "kernel/factory.h"
#include "kernel/gate.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/panic.h"
#include "kernel/pool.h"
#include "kernel/semaphore.h"
#include "kernel/walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 10000 /* more than there can be: a chain this long is a circle */
#define PAGES_MAX (HOST_RAM_BYTES / PAGE_SIZE)

static const char *problem;
static char problem_text[200];
static struct factory *page_owner[PAGES_MAX]; /* by index of the page in the simulated memory */
static u64 pages_found;

#define EXPECT(condition)                                                                                             \
    do {                                                                                                              \
        if (!(condition) && !problem) {                                                                               \
            snprintf(problem_text, sizeof problem_text, "%s:%d: %s", __FILE__, __LINE__, #condition);                 \
            problem = problem_text;                                                                                   \
        }                                                                                                             \
    } while (0)

/* The page that `p` points into is charged to f. */
static void found_page(const void *p, struct factory *f)
{
    u64 index = ((const u8 *)p - host_ram) / PAGE_SIZE;
    EXPECT(index < PAGES_MAX);
    if (problem)
        return;
    EXPECT(!page_owner[index] || page_owner[index] == f);
    if (!page_owner[index])
        pages_found++;
    page_owner[index] = f;
}

/* --- trees --- */

static void check_tree(const struct tree_node *n, const struct tree_node *parent, u64 low, u64 high)
{
    if (!n || problem)
        return;
    EXPECT(n->parent == parent);
    EXPECT(n->key >= low && n->key <= high);
    EXPECT(tree_linked(n) && (!parent || n->rank < parent->rank));
    check_tree(n->child[0], n, low, n->key);
    check_tree(n->child[1], n, n->key, high);
}

static void check_node(struct node *n)
{
    check_tree(n->children.root, NULL, 0, ~0ull);
    EXPECT(!n->parent || tree_linked(&n->link));
    if (n->parent) {
        EXPECT((n->rights & ~n->parent->rights) == 0 || walks_waiting || walks_given_up);
        EXPECT(n->parent->type == n->type);
    }
    if (n->parent && n->type == FPAGE_MEMORY)
        EXPECT(node_phys(n) >= node_phys(n->parent) &&
               node_phys(n) + (1ull << n->order) <= node_phys(n->parent) + (1ull << n->parent->order));
    for (struct tree_node *c = tree_first(&n->children); c && !problem; c = tree_next(c))
        EXPECT(container_of(c, struct node, link)->parent == n);
}

/* --- tasks --- */

static void check_slots(struct task *t)
{
    u64 caps = 0;
    for (u32 leaf = 0; leaf < SLOT_LEAVES; leaf++) {
        if (!task_slot_exists(t, leaf * SLOTS_PER_LEAF + 1))
            continue;
        found_page(t->slots[leaf], t->object.factory);
        for (u32 i = 0; i < SLOTS_PER_LEAF; i++) {
            struct slot *s = &t->slots[leaf][i];
            if (!s->word)
                continue;
            if (s->node == &node_reply) {
                EXPECT(slot_caller(s)->answer_from == s);
                continue;
            }
            caps++;
            found_page(s->node, t->object.factory);
            EXPECT(s->node->place == (u64)s && s->node->task == t && s->node->type == FPAGE_OBJECT);
            EXPECT(s->node->rights == slot_rights(s) && !slot_object(s)->dying);
            EXPECT(s->node->parent || slot_object(s)->first == s->node);
            check_node(s->node);
        }
    }
    EXPECT(caps == t->caps);
}

static u64 check_table(struct task *t, u64 *table, u32 level, vaddr_t base)
{
    struct factory *f = t->object.factory;
    u64 pages = 0, size = 1ull << (12 + 9 * level);
    u32 used = 0;
    struct page_info *info = pool_info(table);
    found_page(table, f);
    if (info->nodes)
        found_page(info->nodes, f);
    for (u64 i = 0; i < 512 && !problem; i++) {
        vaddr_t address = base + i * size;
        if (!arch_pte_valid(table[i]))
            continue;
        used++;
        if (!arch_pte_leaf(table[i])) {
            pages += check_table(t, arch_phys_to_virt(arch_pte_phys(table[i])), level - 1, address);
            continue;
        }
        pages += size / PAGE_SIZE;
        struct node *n = info->nodes[i];
        if (!n) {
            found_page(arch_phys_to_virt(arch_pte_phys(table[i])), f);
            continue;
        }
        EXPECT(n->task == t && n->place <= address && address < n->place + (1ull << n->order));
        EXPECT(arch_pte_phys(table[i]) == node_phys(n) + (address - n->place));
        EXPECT(table[i] == arch_pte_make(arch_pte_phys(table[i]), n->rights));
        found_page(n, f);
        if (address == n->place) {
            EXPECT(n->entry == &table[i]);
            check_node(n);
        }
    }
    EXPECT(used == info->used);
    return pages;
}

static void check_task(struct task *t)
{
    u64 threads = 0;
    for (struct list_link *l = t->threads.next; l != &t->threads; l = l->next)
        threads++;
    EXPECT(threads == t->thread_count);
    check_slots(t);
    EXPECT(check_table(t, t->space.table, ARCH_LEVELS - 1, 0) == t->space.pages);
}

/* --- queues --- */

/* Threads at a gate, or at a semaphore (NULL). */
static void check_queue(struct tree *queue, const struct object *gate)
{
    check_tree(queue->root, NULL, 0, ~0ull);
    for (struct tree_node *n = tree_first(queue); n && !problem; n = tree_next(n)) {
        struct thread *t = container_of(n, struct thread, sender.link);
        EXPECT(t->sender.queue == queue && t->sending_to == gate);
        EXPECT(t->state == (gate ? THREAD_SENDING : THREAD_DOWN));
    }
}

/* Gates and Irqs at a thread. */
static void check_senders(struct thread *t)
{
    check_tree(t->senders.root, NULL, 0, ~0ull);
    for (struct tree_node *n = tree_first(&t->senders); n && !problem; n = tree_next(n)) {
        struct sender *s = container_of(n, struct sender, link);
        EXPECT(s->queue == &t->senders);
        EXPECT((s->is_irq ? container_of(s, struct irq, sender)->thread
                          : container_of(s, struct gate, entry)->object.receiver) == t);
    }
}

/* t's donor waits for the SC that went through both: from whom it runs now, donors lead back to its owner. */
static void check_chain(struct thread *t)
{
    struct thread *owner = t;
    EXPECT(!t->donor->sc);
    for (u32 i = 0; owner->donor && i < THREADS_MAX; i++) {
        owner = owner->donor;
        EXPECT(owner->object.type == OBJ_THREAD);
    }
    EXPECT(!owner->donor && owner->own_sc);
    struct thread *x = problem ? NULL : owner->own_sc->thread;
    while (x && x != t)
        x = x->donor;
    EXPECT(x);
}

/* A virtual CPU in virtual user mode: it is in the other space, holds nothing and owes nothing. */
static void check_guest(struct thread *t)
{
    bool listed = false;
    for (struct list_link *l = t->guest->guests.next; l != &t->guest->guests; l = l->next)
        listed |= l == &t->in_guest;
    EXPECT(listed && !t->guest->object.dying);
    EXPECT(t->vcpu && !t->reply.word && t->root == t->guest->space.root && t->slots != t->task->slots);
}

static void check_thread(struct thread *t)
{
    check_senders(t);
    EXPECT((t->state == THREAD_SENDING || t->state == THREAD_DOWN) == (t->sender.queue != NULL));
    if (thread_calling(t))
        EXPECT(slot_caller(t->answer_from) == t);
    if (t->reply.word)
        EXPECT(thread_calling(slot_caller(&t->reply)) && slot_caller(&t->reply)->answer_from == &t->reply);
    if (t->sc) {
        EXPECT(t->sc->thread == t && t->priority == t->sc->priority);
        bool should_queue = t->state == THREAD_READY && !t->sc->exhausted && t->cpu->sc != t->sc;
        EXPECT(t->sc->queued == should_queue);
    }
    if (t->own_sc)
        EXPECT(t->own_sc->owner == t);
    if (t->donor)
        check_chain(t);
    if (t->guest)
        check_guest(t);
    else if (t->task)
        EXPECT(t->slots == t->task->slots && t->root == t->task->space.root);
}

static bool runnable(const struct sc *sc)
{
    return sc->thread && sc->thread->state == THREAD_READY && !sc->exhausted;
}

/* Its own, or that of somebody who waits for a thread of the chain that the SC went through. */
static u32 expected_priority(struct sc *sc)
{
    u32 priority = sc->base;
    for (struct thread *t = sc->thread; t; t = t->donor)
        for (struct tree_node *n = tree_first(&t->senders); n; n = tree_next(n))
            if (n->key && SENDER_PRIORITY(n->key) > priority)
                priority = SENDER_PRIORITY(n->key);
    return priority;
}

static void check_sc(struct sc *sc)
{
    EXPECT(sc->priority == expected_priority(sc));
    EXPECT(sc->queue == &sc->cpu->ready[sc->priority]);
    EXPECT(sc->cpu->sc != sc || sc->priority >= sc->cpu->ready_top);
    if (sc->thread)
        EXPECT(sc->thread->sc == sc);
    if (sc->owner)
        EXPECT(sc->owner->own_sc == sc);
    if (sc->owner && sc->owner->sc != sc) /* lent: it will come back */
        EXPECT(!sc->owner->sc && sc->thread);
    EXPECT(!sc->queued || runnable(sc));
    EXPECT(sc->exhausted == tree_linked(&sc->replenish.link));
}

static void check_gate(struct gate *g)
{
    struct tree_node *first = tree_first(&g->senders);
    check_queue(&g->senders, &g->object);
    EXPECT(!g->entry.queue == (!first || g->object.receiver == &thread_nobody));
    EXPECT(!g->entry.queue || (g->entry.queue == &g->object.receiver->senders && g->entry.link.key == first->key));
    EXPECT(g->object.receiver->object.type == OBJ_THREAD || g->object.receiver == &thread_nobody);
}

static void check_irq(struct irq *irq)
{
    EXPECT(irq->thread == &thread_nobody || !irq->pending);
    EXPECT(irq->sender.queue == NULL || irq->sender.queue == &irq->thread->senders);
}

static void check_object(struct object *o)
{
    switch (o->type) {
    case OBJ_TASK:
        check_task(task_of(o));
        break;
    case OBJ_THREAD:
        check_thread(thread_of(o));
        break;
    case OBJ_GATE:
        check_gate(gate_of(o));
        break;
    case OBJ_IRQ:
        check_irq(irq_of(o));
        break;
    case OBJ_SC:
        check_sc(sc_of(o));
        break;
    case OBJ_SEMAPHORE:
        check_queue(&semaphore_of(o)->waiters, NULL);
        break;
    }
}

/* --- quotas --- */

static void check_factory(struct factory *f)
{
    u64 before = pages_found, quotas = 0;
    struct object *o;
    for (struct list_link *l = f->objects.next; l != &f->objects && !problem; l = l->next) {
        o = container_of(l, struct object, siblings);
        EXPECT(o->factory == f && !o->dying);
        found_page(o, f);
        check_object(o);
    }
    u64 own = pages_found - before;
    for (struct list_link *l = f->objects.next; l != &f->objects && !problem; l = l->next) {
        o = container_of(l, struct object, siblings);
        if (o->type != OBJ_FACTORY)
            continue;
        check_factory(factory_of(o));
        quotas += factory_of(o)->quota;
    }
    EXPECT(f->used == own * PAGE_SIZE + quotas);
    EXPECT(f->used <= f->quota);
}

const char *host_check(void)
{
    problem = NULL;
    pages_found = 0;
    memset(page_owner, 0, sizeof page_owner);
    check_factory(&factory_root);
    EXPECT(pages_found * PAGE_SIZE == pool_size() - pool_available());
    return problem;
}
