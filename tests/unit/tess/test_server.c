/* The serve loop: whom messages reach, how answers leave, and what is left of sessions, capabilities and replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernel.h"
#include "lib/tess/server.h"
#include "lib/tess/start.h"

enum { OP_ECHO = 1, OP_KEEP_REPLY, OP_KEEP_CAP, OP_OPEN, OP_LOSE };

struct counter {
    struct session session;
    u64 requests;
};

static u32 closed;
static cap_t kept_reply, kept_cap;
static struct session *opened;

static bool dispatch(struct session *session, struct msg *m);

static void close_counter(struct session *session)
{
    closed++;
}

static const struct session_type counter_type = {
    .name = "counter", .size = sizeof(struct counter), .dispatch = dispatch, .close = close_counter};

static bool open_another(struct msg *m)
{
    opened = session_create(&counter_type);
    wire_reply_error(m, opened ? E_OK : E_NOMEM);
    if (opened) {
        sys_utcb->item[0] = session_item(opened);
        m->tag = TAG(1, 1);
    }
    return true;
}

static bool dispatch(struct session *session, struct msg *m)
{
    struct counter *c = (struct counter *)session;
    c->requests++;
    switch (m->w[0]) {
    case OP_ECHO:
        *m = (struct msg){.tag = TAG(3, 0), .w = {E_OK, m->w[1], c->requests}};
        return true;
    case OP_KEEP_REPLY:
        kept_reply = serve_keep_reply();
        if (kept_reply)
            return false;
        wire_reply_error(m, E_AGAIN);
        return true;
    case OP_KEEP_CAP:
        kept_cap = wire_item_cap(m, 0);
        wire_reply_error(m, serve_keep_cap(kept_cap));
        return true;
    case OP_OPEN:
        return open_another(m);
    default:
        return wire_finish(m, E_NOSYS);
    }
}

static struct counter root = {.session.type = &counter_type};

static void *irq;

static int setup(void **state)
{
    script_reset();
    static bool ready;
    if (!ready) {
        assert_int_equal(serve_init(1, 2), E_OK);
        irq = (void *)script_irq;
        assert_int_equal(serve_gate(&root.session, 30), E_OK);
    }
    ready = true;
    closed = 0;
    script_deleted_count = 0;
    return 0;
}

#define REQUEST(session, op, a) ((struct script_step){.label = (session), .tag = TAG(2, 0), .w = {(op), (a)}})
#define RUN(...)                                                                                                       \
    do {                                                                                                               \
        const struct script_step steps[] = {__VA_ARGS__};                                                              \
        script_run(steps, sizeof steps / sizeof steps[0]);                                                             \
    } while (0)

static bool was_deleted(cap_t slot)
{
    for (u32 i = 0; i < script_deleted_count; i++)
        if (script_deleted[i] == slot)
            return true;
    return false;
}

static void test_answers_the_label_s_session(void **state)
{
    struct session *other = session_create(&counter_type);
    assert_non_null(other);
    RUN(REQUEST(&root, OP_ECHO, 7), REQUEST(other, OP_ECHO, 8), REQUEST(&root, 99, 0));
    assert_int_equal(script_answer_count, 3);
    assert_int_equal(script_answers[0].w[1], 7);
    assert_int_equal(script_answers[1].w[1], 8);
    assert_int_equal(script_answers[1].w[2], 1); /* its own count */
    assert_int_equal(script_answers[2].w[0], E_NOSYS);
    session_destroy(other);
}

static void test_close_ends_the_session_but_not_the_service(void **state)
{
    struct session *other = session_create(&counter_type);
    cap_t gate = other->gate;
    RUN(REQUEST(other, OP_SESSION_CLOSE, 0), REQUEST(&root, OP_SESSION_CLOSE, 0));
    assert_int_equal(script_answers[0].w[0], E_OK);
    assert_int_equal(closed, 1);
    assert_true(was_deleted(gate));
    assert_int_equal(script_answers[1].w[0], E_PERM);
}

static void test_sessions_without_clients_end(void **state)
{
    RUN(REQUEST(&root, OP_OPEN, 0));
    assert_int_equal(WIRE_ITEMS(script_answers[0].tag), 1);
    assert_int_equal(script_answers[0].item.what, FPAGE_OBJ(opened->gate, 0, RIGHT_USE | RIGHT_PASS));
    script_unheld = (u64)opened;
    RUN(REQUEST(&root, OP_ECHO, 1)); /* nothing was signalled: nothing happens */
    assert_int_equal(closed, 0);
    RUN(((struct script_step){.label = irq}));
    assert_int_equal(closed, 1);
    script_unheld = (u64)&root; /* the service itself stays */
    RUN(((struct script_step){.label = irq}), REQUEST(&root, OP_ECHO, 6));
    assert_int_equal(closed, 1);
    assert_int_equal(script_answers[script_answer_count - 1].w[1], 6);
}

static void test_exhausted_factory_is_an_error(void **state)
{
    script_no_memory = true;
    RUN(REQUEST(&root, OP_OPEN, 0));
    assert_int_equal(script_answers[0].w[0], E_NOMEM);
    assert_null(opened);
}

static void test_arrived_capabilities_go_unless_kept(void **state)
{
    struct script_step with_cap = {.label = &root, .tag = TAG(2, 1), .w = {OP_ECHO}, .capability = 1};
    RUN(with_cap);
    cap_t window = script_deleted[0];
    assert_int_equal(script_deleted_count, 1);
    with_cap.w[0] = OP_KEEP_CAP;
    RUN(with_cap);
    assert_int_equal(script_answers[1].w[0], E_OK);
    assert_int_equal(kept_cap, window);
    assert_int_equal(script_deleted_count, 1);
    with_cap.w[0] = OP_KEEP_CAP;
    RUN(with_cap); /* arrives elsewhere */
    assert_int_not_equal(kept_cap, window);
    assert_int_equal(serve_keep_cap(window), E_INVAL);
}

static void test_windows_are_emptied_after_half_a_request(void **state)
{
    RUN(((struct script_step){.error = E_EXIST}), REQUEST(&root, OP_ECHO, 5));
    assert_true(script_deleted_count >= 1);
    assert_int_equal(script_answers[0].w[1], 5);
}

static void test_kept_replies_are_answered_later(void **state)
{
    RUN(REQUEST(&root, OP_KEEP_REPLY, 0));
    cap_t first = kept_reply;
    assert_int_equal(script_answer_count, 0);
    RUN(REQUEST(&root, OP_KEEP_REPLY, 0));
    assert_int_not_equal(kept_reply, first);
    RUN(REQUEST(&root, OP_KEEP_REPLY, 0)); /* there are two only: it comes with an implicit reply */
    assert_int_equal(kept_reply, 0);
    assert_int_equal(script_answers[0].w[0], E_AGAIN);
    assert_int_equal(script_answers[0].reply, 0);
    assert_int_equal(serve_answer_error(first, E_INTR), E_OK);
    assert_int_equal(script_answers[1].reply, first);
    assert_int_equal(script_answers[1].w[0], E_INTR);
    RUN(REQUEST(&root, OP_ECHO, 1), REQUEST(&root, OP_ECHO, 2), REQUEST(&root, OP_KEEP_REPLY, 0));
    assert_int_equal(kept_reply, first); /* the slot is used again */
    serve_drop_reply(first);
    assert_true(was_deleted(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_answers_the_label_s_session, setup),
        cmocka_unit_test_setup(test_close_ends_the_session_but_not_the_service, setup),
        cmocka_unit_test_setup(test_sessions_without_clients_end, setup),
        cmocka_unit_test_setup(test_exhausted_factory_is_an_error, setup),
        cmocka_unit_test_setup(test_arrived_capabilities_go_unless_kept, setup),
        cmocka_unit_test_setup(test_windows_are_emptied_after_half_a_request, setup),
        cmocka_unit_test_setup(test_kept_replies_are_answered_later, setup),
    };
    return cmocka_run_group_tests_name("tess/server", tests, NULL, NULL);
}
