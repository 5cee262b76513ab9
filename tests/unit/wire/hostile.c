/* Hostile clients against dispatchers and hostile servers against stubs, below the stubs' own checks. */
#include "hostile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "loopback.h"
#include "proto/widget.h"

#define GATE 7

static int handled;

static err_t on_open(void *self, u32 dir, u32 flags, u32 mode, const char *path, size_t path_length, u32 *mode_out,
                     struct map_item *file)
{
    assert_true(path_length <= WIDGET_OPEN_PATH_MAX && path[path_length] == 0);
    handled++;
    return E_OK;
}

static err_t on_kill(void *self, i32 pid, u32 signal)
{
    handled++;
    return E_OK;
}

static err_t on_give(void *self, u32 spawn, u32 slot, cap_t capability)
{
    assert_true(capability);
    handled++;
    return E_OK;
}

static const struct widget_handlers table = {.open = on_open, .kill = on_kill, .give = on_give};

/* Serves m and returns the error that the client would see. */
static err_t serve(struct msg m)
{
    assert_true(widget_dispatch(&table, NULL, &m));
    return (err_t)m.w[0];
}

/* open with a path of which the message says that it has `length` bytes. */
static err_t open_claiming(u64 length, u32 words)
{
    return serve((struct msg){.tag = TAG(words, 0), .w = {WIDGET_OP_OPEN, 0, 0, 0, length, 0, 0, 0}});
}

void hostile_requests_are_refused(void **state)
{
    loopback_reset(NULL);
    handled = 0;
    assert_int_equal(serve((struct msg){.tag = TAG(1, 0), .w = {0}}), E_NOSYS);
    assert_int_equal(serve((struct msg){.tag = TAG(1, 0), .w = {~0ull}}), E_NOSYS);
    assert_int_equal(serve((struct msg){.tag = TAG(0, 0), .w = {WIDGET_OP_OPEN}}), E_INVAL);
    assert_int_equal(open_claiming(0, 4), E_INVAL);  /* no length word */
    assert_int_equal(open_claiming(25, 8), E_INVAL); /* string behind the end of the message */
    assert_int_equal(open_claiming(385, 96), E_MSGSIZE);
    assert_int_equal(open_claiming(~0ull, 8), E_MSGSIZE);
    assert_int_equal(open_claiming(~0ull - 7, 96), E_MSGSIZE);
    struct msg wide = {.tag = TAG(3, 0), .w = {WIDGET_OP_KILL, 1, 1ull << 32}};
    assert_int_equal(serve(wide), E_INVAL);
    wide.w[1] = 0xffffffff; /* not a sign-extended -1 */
    wide.w[2] = 9;
    assert_int_equal(serve(wide), E_INVAL);
    struct msg no_cap = {.tag = TAG(3, 0), .w = {WIDGET_OP_GIVE, 1, 2}};
    assert_int_equal(serve(no_cap), E_INVAL);
    sys_utcb->item[0] = (struct map_item){.what = FPAGE_MEM(0x1000, 12, RIGHT_R)};
    no_cap.tag = TAG(3, 1); /* memory where a capability is expected */
    assert_int_equal(serve(no_cap), E_INVAL);
    assert_int_equal(handled, 0);
    assert_int_equal(open_claiming(24, 8), E_OK);
    assert_int_equal(handled, 1);
}

static struct msg answer;

static bool answering_server(struct msg *m)
{
    *m = answer;
    return true;
}

void hostile_replies_are_refused(void **state)
{
    char target[WIDGET_REALPATH_PATH_OUT_MAX];
    size_t length = sizeof target;
    struct widget_stat_result stat;
    u32 mode;
    loopback_reset(answering_server);
    answer = (struct msg){.tag = TAG(2, 0), .w = {E_OK, ~0ull}};
    assert_int_equal(widget_realpath(GATE, 0, "l", 1, target, &length), E_MSGSIZE);
    answer = (struct msg){.tag = TAG(8, 0), .w = {E_OK, 49}};
    assert_int_equal(widget_realpath(GATE, 0, "l", 1, target, &length), E_INVAL);
    answer = (struct msg){.tag = TAG(1, 0), .w = {E_OK}};
    assert_int_equal(widget_realpath(GATE, 0, "l", 1, target, &length), E_INVAL);
    assert_int_equal(widget_stat(GATE, 0, 0, "l", 1, &stat), E_PROTO);
    assert_int_equal(widget_open(GATE, 0, 0, 0, "l", 1, &mode, 9), E_PROTO); /* success without the file */
    assert_int_equal(sys_utcb->window[0], 0);
}

static u64 random_word(void)
{
    u64 word = ((u64)random() << 32) ^ (u64)random();
    return word >> random() % 64;
}

void random_requests_do_no_harm(void **state)
{
    srandom(1);
    loopback_reset(NULL);
    for (int i = 0; i < 200000; i++) {
        struct msg m = {.tag = TAG(random() % (MSG_WORDS_MAX + 1), random() % (MSG_ITEMS_MAX + 1))};
        for (int j = 0; j < MSG_REGS; j++)
            m.w[j] = random_word();
        m.w[0] = (u64)random() % 32;
        for (int j = 0; j < MSG_ITEMS_MAX; j++)
            sys_utcb->item[j].what = random_word();
        serve(m);
    }
}
