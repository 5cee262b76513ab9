/* Driving the kernel on the host: see rig.h. */
#include "tests/unit/kernel/rig.h"

struct thread *root(void)
{
    return host_root_thread();
}

int boot(void **unused)
{
    host_boot(4 << 20, 4 << 20);
    return 0;
}

u64 result(const struct thread *t)
{
    return (t->cold.tag & TAG_ERROR) ? t->cold.tag >> TAG_CODE_SHIFT & TAG_CODE_MASK : t->cold.mr[0];
}

u64 call(u64 slot, u64 tag, u64 w0, u64 w1, u64 w2, u64 w3)
{
    struct thread *t = host_current();
    u64 w[MSG_REGS] = {w0, w1, w2, w3};
    host_invoke(tag, SEL_OP_CALL | AT(slot), 0, 0, w);
    return result(t);
}

void item(u32 i, u64 slot)
{
    root()->utcb->item[i] = (struct map_item){.what = FPAGE_OBJ(slot, 0, RIGHTS_ALL)};
}

u64 create(u64 factory, u64 slot, u64 kind, u64 parameter)
{
    root()->utcb->window[0] = FPAGE_OBJ(slot, 0, RIGHTS_ALL);
    return call(factory, TAG(4, 0), OP_FACTORY_CREATE, kind, parameter, 0);
}

void destroy(u64 slot)
{
    assert_int_equal(call(TASK, TAG(3, 0), OP_TASK_UNMAP, FPAGE_OBJ(slot, 0, RIGHTS_ALL), UNMAP_SELF, 0), 0);
}

void check(void)
{
    const char *problem = host_check();
    if (problem)
        fail_msg("%s", problem);
}

struct object *object_in(u64 slot)
{
    return slot_object(task_slot(host_root_task(), slot));
}

struct thread *make_thread_from(u64 factory, u64 n, u64 sc)
{
    vaddr_t utcb = 0x20000000 + n * 0x1000;
    assert_int_equal(create(factory, n, OBJ_THREAD, 0), 0);
    assert_int_equal(call(TASK, TAG(2, 0), OP_TASK_ADD_KU_MEM, FPAGE_MEM(utcb, 12, 7), 0, 0), 0);
    item(0, TASK);
    assert_int_equal(call(n, TAG(3, 1), OP_THREAD_CONTROL, THREAD_SET_TASK, utcb, 0), 0);
    if (sc) {
        assert_int_equal(create(factory, sc, OBJ_SC, 130), 0);
        item(0, n);
        item(1, sc);
        assert_int_equal(call(SCHEDULER, TAG(2, 2), OP_SCHEDULER_RUN_THREAD, 0, 0, 0), 0);
    }
    return thread_of(object_in(n));
}

struct thread *make_thread(u64 n, u64 sc)
{
    return make_thread_from(FACTORY, n, sc);
}

struct thread *make_task(u64 factory, u64 n)
{
    const vaddr_t utcb = HOST_UTCB & ~0xfffull;
    assert_int_equal(create(factory, n, OBJ_TASK, 0), 0);
    assert_int_equal(create(factory, n + 1, OBJ_THREAD, 0), 0);
    assert_int_equal(create(factory, n + 2, OBJ_SC, 130), 0);
    assert_int_equal(call(n, TAG(2, 0), OP_TASK_ADD_KU_MEM, FPAGE_MEM(utcb, 12, 7), 0, 0), 0);
    item(0, n);
    assert_int_equal(call(n + 1, TAG(3, 1), OP_THREAD_CONTROL, THREAD_SET_TASK, utcb, 0), 0);
    item(0, TASK);
    assert_int_equal(call(n, TAG(3, 1), OP_TASK_MAP, FPAGE_OBJ(TASK, 0, RIGHTS_ALL), 1 << FPAGE_START_SHIFT, 0), 0);
    item(0, n + 1);
    item(1, n + 2);
    assert_int_equal(call(SCHEDULER, TAG(2, 2), OP_SCHEDULER_RUN_THREAD, 0, 0, 0), 0);
    start(n + 1, EX_REGS_PC);
    return thread_of(object_in(n + 1));
}

void make_gate(u64 slot, u64 thread)
{
    assert_int_equal(create(FACTORY, slot, OBJ_GATE, 0), 0);
    item(0, thread);
    assert_int_equal(call(slot, TAG(2, 1) | TAG_OBJECT, OP_GATE_BIND, slot, 0, 0), 0);
}

void start(u64 thread, u64 flags)
{
    assert_int_equal(call(thread, TAG(6, 0), OP_THREAD_EX_REGS, flags, 8, 0), 0);
}

void invoke_as(struct thread *t, u64 tag, u64 selector, u64 timeouts)
{
    static const u64 none[MSG_REGS];
    assert_ptr_equal(host_current(), t);
    host_invoke(tag, selector, timeouts, 0, none);
}

void invoke_fast_as(struct thread *t, u64 tag, u64 selector)
{
    static const u64 none[MSG_REGS];
    assert_ptr_equal(host_current(), t);
    host_invoke_fast(tag, selector, none);
}

struct holdings holdings(void)
{
    return (struct holdings){factory_root.used, pool_available()};
}

void assert_holdings(struct holdings before)
{
    assert_int_equal(factory_root.used, before.used);
    assert_int_equal(pool_available(), before.pool);
}

void fill_stock(void)
{
    assert_true(factory_fill_stock(16));
}
