/* Gates as objects: binding, information, and the signal that a gate has lost its clients. */
#include "lib/test/thread.h"

#define ABOVE    (TEST_PRIORITY + 10)
#define AT(slot) ((u64)(slot) << FPAGE_START_SHIFT)

static void tells_label_and_state(void)
{
    u64 label;
    bool bound, held;
    CHECK_OK(factory_create_gate(FACTORY, A));
    CHECK_OK(gate_info(A, &label, &bound, &held));
    CHECK(!bound && !held);
    CHECK_OK(gate_bind(A, THREAD, 123));
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A, 0, RIGHT_USE), AT(B)));
    CHECK_OK(gate_info(A, &label, &bound, &held));
    CHECK(bound && held);
    CHECK_EQ(label, 123);
    CHECK_OK(test_delete(B));
    CHECK_OK(gate_info(A, &label, &bound, &held));
    CHECK(!held);
}

static void loses_its_thread(void)
{
    u64 label;
    bool bound, held;
    CHECK_OK(test_thread_start(0, ABOVE, test_echo, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 1));
    CHECK_OK(test_delete(TEST_THREAD(0)));
    CHECK_OK(gate_info(A, &label, &bound, &held));
    CHECK(!bound);
    struct msg m = {.tag = TAG(1, 0)};
    CHECK_EQ(sys_send(&m, A, TIMEOUT_ZERO), E_TIMEDOUT);
    CHECK_OK(test_thread_start(1, ABOVE, test_echo, 0)); /* a new server takes over: clients' capabilities stay good */
    CHECK_OK(gate_bind(A, TEST_THREAD(1), 2));
    m = (struct msg){.tag = TAG(1, 0)};
    CHECK_OK(sys_call(&m, A));
}

static void operations_need_control(void)
{
    u64 label;
    bool bound, held;
    CHECK_OK(test_gate_create(A, THREAD, 1));
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A, 0, RIGHT_USE | RIGHT_PASS), AT(B)));
    CHECK_EQ(gate_bind(B, THREAD, 2), E_PERM);
    CHECK_EQ(gate_info(B, &label, &bound, &held), E_PERM);
    CHECK_OK(gate_info(A, &label, &bound, &held));
    CHECK_EQ(label, 1);
    CHECK_EQ(gate_bind(A, TASK, 2), E_INVAL);
    CHECK_EQ(gate_bind(A, SLOT_NONE, 2), E_NOENT);
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(THREAD, 0, RIGHT_USE), AT(C)));
    CHECK_EQ(gate_bind(A, C, 2), E_PERM); /* to receive for a thread one must control it */
}

static void loss_of_the_last_client_is_signalled(void)
{
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(thread_register_del_irq(THREAD, A));
    CHECK_OK(test_gate_create(B, THREAD, 2));
    CHECK_OK(factory_create_task(FACTORY, C));
    CHECK_OK(task_map(C, TASK, FPAGE_OBJ(B, 0, RIGHT_USE), AT(5)));
    CHECK_OK(task_map(C, C, FPAGE_OBJ(5, 0, RIGHT_USE), AT(6)));
    CHECK_EQ(irq_receive(A, TIMEOUT_ZERO), E_TIMEDOUT);
    CHECK_OK(task_unmap(C, FPAGE_OBJ(6, 0, RIGHTS_ALL), UNMAP_SELF)); /* a client's own affair */
    CHECK_EQ(irq_receive(A, TIMEOUT_ZERO), E_TIMEDOUT);
    CHECK_OK(task_unmap(C, FPAGE_OBJ(5, 0, RIGHTS_ALL), UNMAP_SELF));
    CHECK_OK(irq_receive(A, TIMEOUT_ZERO));
    CHECK_OK(task_map(C, TASK, FPAGE_OBJ(B, 0, RIGHT_USE), AT(5)));
    CHECK_OK(test_delete(C)); /* the client dies */
    CHECK_OK(irq_receive(A, 1000000));
    CHECK_OK(test_delete(B)); /* the gate goes */
    CHECK_OK(irq_receive(A, TIMEOUT_ZERO));
}

/* Each gate that lost its clients is named once, unless it found and lost some again. */
static void gates_without_clients_are_named(void)
{
    u64 label, labels = 0;
    CHECK_EQ(thread_next_unheld(THREAD, &label), E_NOENT);
    for (u32 i = 0; i < 4; i++) {
        CHECK_OK(test_gate_create(A + i, THREAD, i));
        CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A + i, 0, RIGHT_USE), AT(32 + i)));
    }
    CHECK_EQ(thread_next_unheld(THREAD, &label), E_NOENT);
    CHECK_OK(test_delete(32 + 1));
    CHECK_OK(test_delete(32 + 3));
    CHECK_OK(test_delete(32 + 2));
    CHECK_OK(test_delete(A + 2)); /* this one is not there to be named any more */
    for (u32 i = 0; i < 2; i++) {
        CHECK_OK(thread_next_unheld(THREAD, &label));
        labels |= 1ull << label;
    }
    CHECK_EQ(labels, 1 << 1 | 1 << 3);
    CHECK_EQ(thread_next_unheld(THREAD, &label), E_NOENT);
    CHECK_OK(task_map(TASK, TASK, FPAGE_OBJ(A + 1, 0, RIGHT_USE), AT(33)));
    CHECK_OK(test_delete(33));
    CHECK_OK(thread_next_unheld(THREAD, &label));
    CHECK_EQ(label, 1);
    CHECK_EQ(test_invoke(THREAD, OP_THREAD_UNHELD, 0, 0, 0, 0), E_MSGSIZE);
}

static void granted_capability_keeps_the_gate_held(void)
{
    CHECK_OK(factory_create_irq(FACTORY, A));
    CHECK_OK(irq_bind(A, THREAD, 1));
    CHECK_OK(thread_register_del_irq(THREAD, A));
    CHECK_OK(test_gate_create(B, THREAD, 2));
    CHECK_OK(factory_create_task(FACTORY, C));
    CHECK_OK(factory_create_task(FACTORY, D));
    CHECK_OK(task_map(C, TASK, FPAGE_OBJ(B, 0, RIGHT_USE), AT(5)));
    CHECK_OK(task_map(D, C, FPAGE_OBJ(5, 0, RIGHT_USE), AT(5) | ITEM_GRANT));
    CHECK_OK(test_delete(C));
    CHECK_EQ(irq_receive(A, 2000), E_TIMEDOUT);
    CHECK_OK(test_delete(D));
    CHECK_OK(irq_receive(A, 1000000));
}

static void object_flag_is_needed_for_the_gate_itself(void)
{
    CHECK_OK(test_thread_start(0, ABOVE, test_echo, 0));
    CHECK_OK(test_gate_create(A, TEST_THREAD(0), 1));
    CHECK_OK(test_invoke(A, OP_GATE_BIND, 2, 0, 0, 0)); /* a message like any other */
    struct msg m = {.tag = TAG(1, 0) | TAG_OBJECT, .w = {77}};
    CHECK_EQ(sys_object_call(A, &m), E_NOSYS);
    m = (struct msg){.tag = TAG(2, 0) | TAG_OBJECT, .w = {OP_GATE_BIND}};
    CHECK_EQ(sys_object_call(A, &m), E_MSGSIZE);
}

TESTS(TEST(tells_label_and_state), TEST(loses_its_thread), TEST(operations_need_control),
      TEST(loss_of_the_last_client_is_signalled), TEST(gates_without_clients_are_named),
      TEST(granted_capability_keeps_the_gate_held), TEST(object_flag_is_needed_for_the_gate_itself));
