/* Processes without a kernel: parents and children, waiting, signals and groups. Tasks and replies are counted here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proc.h"
#include "servers/proc/process.h"
#include "servers/proc/signal.h"
#include "servers/proc/wait.h"

static int tasks, sessions, dropped;
static cap_t next_reply;
static bool callers_gone;
static struct {
    cap_t reply;
    u32 pid, status;
} answered;

/* ---- what proc asks of others ---- */

__thread struct utcb *sys_utcb;

void proc_task_destroy(struct proc_task *task)
{
    tasks -= task->nursery != 0;
    task->nursery = 0;
}

cap_t proc_task_slot(const struct proc_task *task, u32 slot)
{
    return task->nursery + slot;
}

void session_destroy(struct session *session)
{
    sessions--;
    free(session);
}

cap_t serve_keep_reply(void)
{
    return next_reply;
}

err_t serve_answer(cap_t reply, struct msg *m)
{
    if (callers_gone)
        return E_NOENT;
    answered.reply = reply;
    answered.pid = (u32)m->w[1];
    answered.status = (u32)m->w[2];
    return E_OK;
}

void slot_drop(cap_t slot)
{
}

void serve_drop_reply(cap_t reply)
{
    dropped++;
}

err_t serve_forget_stale(cap_t *reply)
{
    if (*reply && !callers_gone)
        return E_BUSY;
    *reply = 0;
    return E_OK;
}

void sys_arch_invoke(u64 *tag, u64 *label, u64 w[MSG_REGS], u64 selector)
{
    *tag = TAG_ERROR | (u64)E_NOENT << TAG_CODE_SHIFT; /* statistics are nobody's business here */
}

/* ---- help ---- */

static struct utcb utcb;

static struct process *spawn(struct process *parent)
{
    struct process *p = process_create(parent);
    assert_non_null(p);
    p->task.nursery = 32;
    p->session = calloc(1, sizeof *p->session);
    p->session->process = p;
    p->state = PROCESS_RUNNING;
    tasks++;
    sessions++;
    return p;
}

static int setup(void **state)
{
    sys_utcb = &utcb;
    for (struct process *p = process_next(NULL); p; p = process_next(p))
        if (p != process_init && p->state == PROCESS_RUNNING)
            process_end(p, 0);
    for (struct process *p = process_next(NULL); p; p = process_next(p))
        process_forget(p);
    process_table_init();
    assert_int_equal(tasks, 0);
    assert_int_equal(sessions, 0);
    memset(&answered, 0, sizeof answered);
    dropped = 0;
    callers_gone = false;
    next_reply = 77;
    return 0;
}

/* ---- tests ---- */

static void test_end_and_wait(void **state)
{
    struct process *parent = spawn(process_init), *child = spawn(parent);
    u32 pid = child->pid;
    assert_int_equal(wait_take(parent, -1), E_AGAIN);
    process_end(child, 3 << 8);
    assert_int_equal(child->state, PROCESS_ZOMBIE);
    assert_int_equal(tasks, 1);
    assert_int_equal(wait_take(parent, (i32)pid + 1), E_CHILD);
    assert_int_equal(wait_take(process_init, (i32)pid), E_CHILD); /* not its child */
    assert_int_equal(wait_take(parent, (i32)pid), WIRE_LATER);
    assert_int_equal(answered.pid, pid);
    assert_int_equal(answered.status, 3 << 8);
    assert_int_equal(wait_take(parent, -1), E_CHILD);
    assert_null(process_find(pid));
}

static void test_kept_wait_is_answered(void **state)
{
    struct process *parent = spawn(process_init), *child = spawn(parent);
    u32 pid = child->pid;
    assert_int_equal(wait_keep(parent, (i32)pid), WIRE_LATER);
    process_end(child, 9);
    assert_int_equal(answered.reply, 77);
    assert_int_equal(answered.pid, pid);
    assert_int_equal(answered.status, 9);
    assert_null(process_find(pid));
    next_reply = 0;
    assert_int_equal(wait_keep(parent, -1), E_AGAIN);
}

static void test_waiter_that_has_gone_uses_up_nothing(void **state)
{
    struct process *parent = spawn(process_init), *child = spawn(parent);
    assert_int_equal(wait_keep(parent, -1), WIRE_LATER);
    callers_gone = true;
    process_end(child, 1);
    assert_int_equal(wait_take(parent, -1), WIRE_LATER); /* neither does one that goes while it is answered */
    assert_int_equal(answered.pid, 0);
    callers_gone = false;
    next_reply = 0;
    assert_int_equal(wait_take(parent, -1), E_AGAIN);
    next_reply = 77;
    assert_int_equal(wait_take(parent, -1), WIRE_LATER);
    assert_int_equal(answered.status, 1);
    assert_int_equal(wait_take(parent, -1), E_CHILD);
}

static void test_orphans_go_to_init(void **state)
{
    struct process *parent = spawn(process_init), *child = spawn(parent), *zombie = spawn(parent);
    struct process *prepared = process_create(parent);
    assert_non_null(prepared);
    process_end(zombie, 5);
    assert_int_equal(wait_keep(parent, (i32)child->pid), WIRE_LATER);
    process_end(parent, 0);
    assert_int_equal(dropped, 1);
    assert_ptr_equal(child->parent, process_init);
    assert_ptr_equal(zombie->parent, process_init);
    assert_int_equal(prepared->state, PROCESS_FREE);
    assert_int_equal(wait_take(process_init, (i32)zombie->pid), WIRE_LATER);
    assert_int_equal(answered.status, 5);
}

static void test_ignored_children_leave_no_zombies(void **state)
{
    struct process *parent = spawn(process_init), *child = spawn(parent);
    u32 pid = child->pid;
    assert_int_equal(signal_set_disposition(parent, SIGNAL_CHILD, SIGNAL_IGNORE), E_OK);
    process_end(child, 0);
    assert_null(process_find(pid));
}

static void test_signals(void **state)
{
    struct process *a = spawn(process_init), *b = spawn(a);
    assert_int_equal(signal_send(a, (i32)b->pid, 0), E_OK);
    assert_int_equal(signal_send(a, (i32)b->pid, 64), E_INVAL);
    assert_int_equal(signal_send(a, (i32)b->pid, UINT32_MAX), E_INVAL);
    assert_int_equal(signal_send(a, 12345, 15), E_SRCH);
    assert_int_equal(signal_send(a, INT32_MIN, 15), E_SRCH);
    assert_int_equal(signal_send(a, 1, 9), E_PERM);
    assert_int_equal(signal_send(a, (i32)b->pid, 17), E_OK); /* harmless */
    assert_int_equal(b->state, PROCESS_RUNNING);
    assert_int_equal(signal_set_disposition(b, 2, SIGNAL_IGNORE), E_OK);
    assert_int_equal(signal_send(a, (i32)b->pid, 2), E_OK);
    assert_int_equal(b->state, PROCESS_RUNNING);
    assert_int_equal(signal_set_disposition(b, 9, SIGNAL_IGNORE), E_INVAL);
    assert_int_equal(signal_set_disposition(b, 0, SIGNAL_IGNORE), E_INVAL);
    assert_int_equal(signal_set_disposition(b, 64, SIGNAL_IGNORE), E_INVAL);
    assert_int_equal(signal_send(a, (i32)b->pid, 9), E_OK);
    assert_int_equal(b->state, PROCESS_ZOMBIE);
    assert_int_equal(b->status, 9);
}

/* A signal that p handles comes to whoever asks for it, then or later, and ends nobody. */
static void test_handled_signals(void **state)
{
    struct process *a = spawn(process_init), *p = spawn(a);
    u64 signals;
    assert_int_equal(signal_set_disposition(p, 2, SIGNAL_HANDLE), E_OK);
    assert_int_equal(signal_set_disposition(p, 17, SIGNAL_HANDLE), E_OK);
    assert_int_equal(signal_set_disposition(p, 9, SIGNAL_HANDLE), E_INVAL);
    assert_int_equal(signal_set_disposition(p, 2, 3), E_INVAL);
    assert_int_equal(signal_send(a, (i32)p->pid, 2), E_OK);
    assert_int_equal(signal_take(p, &signals), E_OK);
    assert_int_equal(signals, 1 << 2);
    next_reply = 70;
    assert_int_equal(signal_take(p, &signals), WIRE_LATER);
    assert_int_equal(signal_take(p, &signals), E_BUSY);
    process_end(spawn(p), 0);
    assert_int_equal(answered.reply, 70);
    assert_int_equal(answered.pid, 1 << 17); /* word 1 */
    callers_gone = true;
    assert_int_equal(signal_take(p, &signals), WIRE_LATER);
    assert_int_equal(signal_send(a, (i32)p->pid, 2), E_OK); /* whom it would answer has gone */
    callers_gone = false;
    assert_int_equal(signal_take(p, &signals), E_OK);
    assert_int_equal(signals, 1 << 2);
    struct process *child = spawn(p);
    assert_int_equal(signal_send(p, (i32)child->pid, 2), E_OK); /* handlers are not handed on */
    assert_int_equal(child->state, PROCESS_ZOMBIE);
    assert_int_equal(signal_take(p, &signals), E_OK);
    assert_int_equal(signal_take(p, &signals), WIRE_LATER);
    process_end(p, 0);
    assert_int_equal(dropped, 1);
}

static void test_processes_go_to_all_cpus(void **state)
{
    u32 placed[8] = {0};
    for (int i = 0; i < 9; i++) {
        struct process *p = spawn(process_init);
        p->cpu = process_choose_cpu(0x26); /* 1, 2, 5 */
        placed[p->cpu]++;
        if (i == 2) { /* who has ended does not count */
            assert_int_equal(p->cpu, 5);
            process_end(p, 0);
            assert_int_equal(process_choose_cpu(0x26), 5);
        }
    }
    assert_int_equal(placed[1], 3);
    assert_int_equal(placed[2], 3);
    assert_int_equal(placed[5], 3);
    assert_int_equal(process_choose_cpu(1), 0);
}

static void test_groups(void **state)
{
    struct process *shell = spawn(process_init), *a = spawn(shell), *b = spawn(shell), *c = spawn(shell);
    shell->group = shell->pid;
    a->group = b->group = a->pid;
    c->group = c->pid;
    u32 group = a->pid;
    assert_int_equal(signal_send_group(group, 2), E_OK);
    assert_int_equal(a->state, PROCESS_ZOMBIE);
    assert_int_equal(b->state, PROCESS_ZOMBIE);
    assert_int_equal(c->state, PROCESS_RUNNING);
    assert_int_equal(signal_send_group(group, 2), E_SRCH); /* none that runs */
    assert_int_equal(wait_take(shell, 0), E_CHILD); /* none in its own group */
    assert_int_equal(wait_take(shell, -(i32)group), WIRE_LATER);
    assert_int_equal(wait_take(shell, -(i32)group), WIRE_LATER);
    assert_int_equal(wait_take(shell, -(i32)group), E_CHILD);
    assert_int_equal(signal_send_group(1, 9), E_SRCH);
    assert_int_equal(signal_send(c, -1, 15), E_OK); /* all but init and itself */
    assert_int_equal(shell->state, PROCESS_ZOMBIE);
    assert_int_equal(c->state, PROCESS_RUNNING);
}

static void test_replace(void **state)
{
    struct process *p = spawn(process_init), *prepared = process_create(p);
    u32 pid = p->pid;
    prepared->task.nursery = 48;
    prepared->session = calloc(1, sizeof *prepared->session);
    tasks++;
    sessions++;
    strcpy(prepared->name, "new");
    struct proc_session *session = prepared->session;
    process_replace(p, prepared);
    assert_int_equal(tasks, 1);
    assert_int_equal(sessions, 1);
    assert_int_equal(p->pid, pid);
    assert_int_equal(p->task.nursery, 48);
    assert_ptr_equal(session->process, p);
    assert_string_equal(p->name, "new");
    assert_int_equal(prepared->state, PROCESS_FREE);
}

static void test_table_full(void **state)
{
    struct process *p = spawn(process_init);
    u32 count = 0;
    while (process_create(p))
        count++;
    assert_int_equal(count, PROCESSES_MAX - 2);
    assert_null(process_prepared(process_init, 5)); /* of somebody else */
    assert_null(process_prepared(p, PROCESSES_MAX));
    assert_non_null(process_prepared(p, 5));
    process_end(p, 0); /* and all come to nothing */
    assert_non_null(process_create(process_init));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_end_and_wait, setup),
        cmocka_unit_test_setup(test_kept_wait_is_answered, setup),
        cmocka_unit_test_setup(test_waiter_that_has_gone_uses_up_nothing, setup),
        cmocka_unit_test_setup(test_orphans_go_to_init, setup),
        cmocka_unit_test_setup(test_ignored_children_leave_no_zombies, setup),
        cmocka_unit_test_setup(test_signals, setup),
        cmocka_unit_test_setup(test_handled_signals, setup),
        cmocka_unit_test_setup(test_processes_go_to_all_cpus, setup),
        cmocka_unit_test_setup(test_groups, setup),
        cmocka_unit_test_setup(test_replace, setup),
        cmocka_unit_test_setup(test_table_full, setup),
    };
    return cmocka_run_group_tests_name("proc/process", tests, NULL, setup);
}
