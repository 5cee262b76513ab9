/* Tasks: their two spaces, kernel-user memory, and the operations on them. */
#include "kernel/task.h"
#include "kernel/cold.h"
#include "kernel/factory.h"
#include "kernel/ipc.h"
#include "kernel/panic.h"
#include "kernel/pool.h"
#include "kernel/remote.h"
#include "kernel/sched.h"
#include "kernel/vcpu.h"

/* Leaf of all slots that do not exist: readers need not ask. Never written. */
static struct slot slot_leaf_none[SLOTS_PER_LEAF];

struct task *task_create(struct factory *f)
{
    struct task *t = factory_alloc(f, sizeof *t);
    if (!t)
        return NULL;
    if (space_init(&t->space, f)) {
        factory_free(t);
        return NULL;
    }
    object_init(&t->object, OBJ_TASK, f);
    list_init(&t->threads);
    list_init(&t->guests);
    for (u32 i = 0; i < SLOT_LEAVES; i++)
        t->slots[i] = slot_leaf_none;
    return t;
}

struct slot *task_slot(struct task *t, u64 index)
{
    return index < SLOTS ? &t->slots[index / SLOTS_PER_LEAF][index % SLOTS_PER_LEAF] : &slot_leaf_none[0];
}

bool task_slot_exists(struct task *t, u64 index)
{
    return index > 0 && index < SLOTS && t->slots[index / SLOTS_PER_LEAF] != slot_leaf_none;
}

struct slot *task_slot_free(struct task *t, u64 index)
{
    struct slot *leaf = t->slots[index / SLOTS_PER_LEAF], *s = &leaf[index % SLOTS_PER_LEAF];
    return index && leaf != slot_leaf_none && !s->word ? s : NULL;
}

static COLD struct slot *make_leaf(struct task *t, u64 index, err_t *error)
{
    struct slot **leaf = &t->slots[index / SLOTS_PER_LEAF], *made = factory_alloc_table(t->object.factory);
    if (!made) {
        *error = E_NOMEM;
        return NULL;
    }
    __atomic_store_n(leaf, made, __ATOMIC_RELEASE); /* the fast path of other CPUs reads it */
    return &made[index % SLOTS_PER_LEAF];
}

struct slot *task_slot_make(struct task *t, u64 index, err_t *error)
{
    if (index == 0 || index >= SLOTS) {
        *error = E_RANGE;
        return NULL;
    }
    struct slot *leaf = t->slots[index / SLOTS_PER_LEAF];
    return leaf == slot_leaf_none ? make_leaf(t, index, error) : &leaf[index % SLOTS_PER_LEAF];
}

COLD struct utcb *task_utcb(struct task *t, vaddr_t address)
{
    paddr_t phys;
    if (address % UTCB_SIZE || address >> ARCH_VA_BITS || space_node(&t->space, address) ||
        !space_translate(&t->space, address, &phys))
        return NULL;
    return arch_phys_to_virt(phys);
}

/* --- the end --- */

COLD bool task_stop(struct task *t)
{
    if (!vcpu_task_gone(t))
        return false;
    while (!list_empty(&t->threads)) {
        struct thread *thread = list_first(&t->threads, struct thread, in_task);
        thread_stop(thread);
        vcpu_end(thread);
        ipc_drop_reply(&thread->reply);
        thread_leave_task(thread);
        thread->task = NULL;
        thread->utcb = NULL;
        thread->slots = NULL;
        thread->root = arch_kernel_root();
        if (kernel_preempted())
            return false;
    }
    return true;
}

/* Revokes all capabilities and pending replies in the leaf. False: interrupted. */
static bool empty_leaf(struct slot *leaf)
{
    for (u32 i = 0; i < SLOTS_PER_LEAF; i++) {
        if (!leaf[i].word)
            continue;
        ipc_drop_reply(&leaf[i]);
        if (!unmap_cap(&leaf[i], RIGHTS_ALL, true, NULL) || kernel_preempted())
            return false;
    }
    return true;
}

static bool free_slots(struct task *t)
{
    for (u32 i = 0; i < SLOT_LEAVES; i++) {
        if (t->slots[i] == slot_leaf_none)
            continue;
        if (!empty_leaf(t->slots[i]))
            return false;
        factory_free_page(t->object.factory, t->slots[i]);
        t->slots[i] = slot_leaf_none;
        if (kernel_preempted())
            return false;
    }
    return true;
}

/* Takes away one page of kernel-user memory, if it is mapped; its frame is the kernel's own. */
static COLD void free_ku_page(struct task *t, vaddr_t address)
{
    paddr_t frame;
    if (!space_translate(&t->space, address, &frame))
        return;
    space_clear_ku(&t->space, address, t->object.factory);
    factory_free_page(t->object.factory, arch_phys_to_virt(frame));
}

/* Empties the address space from `emptied` on. False: interrupted. */
static bool free_memory(struct task *t)
{
    while (t->space.pages) {
        t->emptied = space_skip(&t->space, t->emptied, SPACE_END);
        struct node *n = space_node(&t->space, t->emptied);
        if (!n)
            free_ku_page(t, t->emptied);
        else if (!node_revoke(n))
            return false;
        if (kernel_preempted())
            return false;
    }
    return true;
}

COLD bool task_destroy(struct task *t)
{
    if (!free_slots(t) || !free_memory(t))
        return false;
    space_destroy(&t->space, t->object.factory);
    return true;
}

/* --- operations --- */

#define SLOTS_PER_STEP 64 /* empty slots passed between two looks for interrupts */

/* Whether an operation on slots that has come behind slot `i` of `count`, which was in use or not, stops there. */
static bool slots_interrupted(bool used, u64 i, u64 count)
{
    return (used || (i + 1) % SLOTS_PER_STEP == 0) && i + 1 < count && kernel_preempted();
}

/*
 * How far the operation on flexpage `what` came before it was interrupted. It counts for the same operation only: the
 * program may go on with another one instead.
 */
static u64 *progress(struct thread *caller, u64 what, u64 operation)
{
    return thread_progress(caller, what | operation << 56); /* behind the largest address */
}

/* Maps or grants one capability; *found if there is one. */
static err_t map_slot(struct slot *s, u32 rights, struct task *to, u64 target, bool grant, u64 *done, bool *found)
{
    if (!s->word || s->node == &node_reply)
        return E_OK;
    err_t error = E_OK;
    struct slot *d = task_slot_make(to, target, &error);
    *found = true;
    return d ? map_cap(s, rights, to, d, grant, done) : error;
}

/* What an interrupted one has mapped counts as found. */
static COLD err_t map_slots(struct thread *caller, struct task *from, u64 what, struct task *to, u64 base)
{
    u64 first = what >> FPAGE_START_SHIFT, count = 1ull << fpage_order(what), target = base >> FPAGE_START_SHIFT;
    u64 *done = progress(caller, what, OP_TASK_MAP);
    bool found = *done && caller->map_found;
    for (u64 i = map_position(*done); i < count; i++) {
        struct slot *s = task_slot(from, first + i);
        bool used = s->word;
        err_t error = map_slot(s, what & FPAGE_RIGHTS_MASK, to, target + i,
                               base & ITEM_GRANT, done, &found);
        if (error == INVOKE_RESTART)
            *done = i | (*done ^ map_position(*done));
        if (error)
            return error;
        if (slots_interrupted(used, i, count)) {
            *done = i + 1;
            caller->map_found = found;
            return INVOKE_RESTART;
        }
    }
    *done = 0;
    return found ? E_OK : E_NOENT;
}

static err_t map_pages(struct thread *caller, struct task *from, u64 what, struct task *to, u64 base)
{
    u64 *done = progress(caller, what, OP_TASK_MAP), size = 1ull << fpage_order(what);
    err_t error;
    do {
        error = map_memory(from, what, to, base & ~0xfffull, (base & ITEM_GRANT) ? MAP_GRANT : 0, done);
        if (!error && *done < size && kernel_preempted())
            return INVOKE_RESTART;
    } while (!error && *done < size);
    if (error != INVOKE_RESTART)
        *done = 0;
    return error;
}

static COLD err_t map_more(struct thread *caller, struct task *from, u64 what, struct task *to, u64 base)
{
    if (fpage_type(what) == FPAGE_OBJECT && fpage_object_valid(what))
        return map_slots(caller, from, what, to, base);
    if (!fpage_memory_valid(what))
        return E_INVAL;
    const u64 size = 1ull << fpage_order(what), limit = 1ull << ARCH_VA_BITS;
    if ((base & ~0xfffull) > limit - size)
        return E_RANGE;
    return map_pages(caller, from, what, to, base);
}

err_t op_TASK_MAP(struct thread *caller, struct object *object, u64 *w)
{
    err_t error;
    struct object *from = invocation_object(caller, 0, OBJ_TASK, RIGHT_CONTROL, &error);
    if (!from)
        return error;
    u64 what = w[1], base = w[2];
    if (!fpage_is_page(what) || (base & ITEM_GRANT) || base >> ARCH_VA_BITS)
        return map_more(caller, task_of(from), what, task_of(object), base);
    return map_page(task_of(from), what & ~0xfffull, task_of(object), base & ~0xfffull, what & FPAGE_RIGHTS_MASK);
}

static COLD err_t unmap_slots(struct thread *caller, struct task *t, u64 what, u64 flags)
{
    u64 first = what >> FPAGE_START_SHIFT, count = 1ull << fpage_order(what);
    u64 *done = progress(caller, what, OP_TASK_UNMAP);
    for (u64 i = map_position(*done); i < count; i++) {
        struct slot *s = task_slot(t, first + i);
        bool used = s->word;
        ipc_drop_reply(s);
        bool delete = (flags & UNMAP_DELETE) && (slot_rights(s) & RIGHT_DELETE);
        if (delete && !node_revoke(slot_object(s)->first))
            return INVOKE_RESTART;
        if (!unmap_cap(s, what & FPAGE_RIGHTS_MASK, flags & UNMAP_SELF, done)) {
            *done = i | (*done ^ map_position(*done));
            return INVOKE_RESTART;
        }
        if (slots_interrupted(used, i, count)) {
            *done = i + 1;
            return INVOKE_RESTART;
        }
    }
    *done = 0;
    return E_OK;
}

static COLD err_t unmap_more(struct thread *caller, struct task *t, u64 what, u64 flags)
{
    if (flags & ~(u64)(UNMAP_SELF | UNMAP_DELETE))
        return E_INVAL;
    if (fpage_type(what) == FPAGE_OBJECT && fpage_object_valid(what))
        return unmap_slots(caller, t, what, flags);
    if (!fpage_memory_valid(what))
        return E_INVAL;
    u64 *done = progress(caller, what, OP_TASK_UNMAP);
    if (!unmap_memory(t, what, flags & UNMAP_SELF, done))
        return INVOKE_RESTART;
    *done = 0;
    return E_OK;
}

err_t op_TASK_UNMAP(struct thread *caller, struct object *object, u64 *w)
{
    struct task *t = task_of(object);
    u64 what = w[1], flags = w[2];
    if (!fpage_is_page(what) || !(what & RIGHT_R) || flags > UNMAP_SELF)
        return unmap_more(caller, t, what, flags);
    return unmap_page(t, what & ~0xfffull, flags) ? E_OK : INVOKE_RESTART;
}

COLD err_t op_TASK_CAP_VALID(struct thread *caller, struct object *object, u64 *w)
{
    struct slot *s = task_slot(task_of(object), w[1]);
    bool genuine = s->word && s->node != &node_reply;
    w[1] = genuine ? slot_object(s)->type : 0;
    w[2] = genuine ? slot_rights(s) : 0;
    return E_OK;
}

COLD err_t op_TASK_CAP_EQUAL(struct thread *caller, struct object *object, u64 *w)
{
    struct task *t = task_of(object);
    struct slot *a = task_slot(t, w[1]), *b = task_slot(t, w[2]);
    w[1] = a->word && slot_object(a) == slot_object(b);
    return E_OK;
}

#define KU_MEM_ORDER_MAX 16

COLD err_t op_TASK_ADD_KU_MEM(struct thread *caller, struct object *object, u64 *w)
{
    struct task *t = task_of(object);
    u64 what = w[1], start = what & ~0xfffull;
    if (!fpage_memory_valid(what) || fpage_order(what) > KU_MEM_ORDER_MAX)
        return E_INVAL;
    struct factory *f = t->object.factory;
    u64 *done = progress(caller, what, OP_TASK_ADD_KU_MEM), size = 1ull << fpage_order(what);
    for (u64 at = *done; at < size; at = *done) {
        if (!factory_fill_stock(SPACE_TABLES_MAX))
            return INVOKE_RESTART;
        void *page = factory_alloc_page(f);
        err_t error = page ? space_enter(&t->space, start + at, ARCH_PAGE_SHIFT, arch_virt_to_phys(page),
                                         RIGHT_R | RIGHT_W, NULL, f)
                           : E_NOMEM;
        if (!error) {
            *done = at + PAGE_SIZE;
            if (*done < size && kernel_preempted())
                return INVOKE_RESTART;
            continue;
        }
        if (page)
            factory_free_page(f, page);
        while (at) {
            at -= PAGE_SIZE;
            free_ku_page(t, start + at);
        }
        return error;
    }
    *done = 0;
    return E_OK;
}

COLD err_t op_TASK_RESERVE(struct thread *caller, struct object *object, u64 *w)
{
    u64 what = w[1];
    if (!fpage_object_valid(what))
        return E_INVAL;
    u64 first = what >> FPAGE_START_SHIFT, end = first + (1ull << fpage_order(what));
    struct task *t = task_of(object);
    err_t error = E_OK;
    for (u64 i = first ? first : 1; i < end; i = (i / SLOTS_PER_LEAF + 1) * SLOTS_PER_LEAF) {
        if (task_slot_exists(t, i))
            continue;
        if (!task_slot_make(t, i, &error))
            return error;
        if (kernel_preempted())
            return INVOKE_RESTART;
    }
    return E_OK;
}

COLD err_t op_TASK_INFO(struct thread *caller, struct object *object, u64 *w)
{
    struct task *t = task_of(object);
    w[1] = t->object.factory->used;
    w[2] = t->space.pages;
    w[3] = t->thread_count;
    w[4] = t->caps;
    return E_OK;
}
