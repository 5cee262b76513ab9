/*
 * The generated stubs against the generated dispatchers, over a loopback transport: what goes in comes out, in
 * registers and in the UTCB, with capabilities, pages, byte strings of every length, and results in structs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hostile.h"
#include "loopback.h"
#include "proto/gadget.h"

#define GATE 7

/* ---- the server ---- */

static u64 seen[8];

static err_t on_info(void *self, u64 *sectors, u32 *sector_size, u32 *queue_depth, u32 *read_only)
{
    *sectors = 1ull << 40;
    *sector_size = 512;
    *queue_depth = 0xffffffff;
    *read_only = 1;
    return E_OK;
}

static err_t on_attach(void *self, cap_t dataspace, u32 *region)
{
    *region = dataspace;
    return E_OK;
}

static err_t on_submit(void *self, u32 region, u64 offset, u64 sector, u32 count, u32 op, u64 tag)
{
    u64 values[] = {region, offset, sector, count, op, tag};
    memcpy(seen, values, sizeof values);
    return op == WIDGET_FLUSH ? E_AGAIN : E_OK;
}

static err_t on_complete(void *self, u64 *tag, u32 *status)
{
    return WIRE_LATER;
}

static char path_seen[WIDGET_OPEN_PATH_MAX + 1];
static size_t path_seen_length;

static err_t on_open(void *self, u32 dir, u32 flags, u32 mode, const char *path, size_t path_length, u32 *mode_out,
                     struct map_item *file)
{
    assert_int_equal(path[path_length], 0);
    memcpy(path_seen, path, path_length);
    path_seen_length = path_length;
    if (dir != 1 || flags != WIDGET_READ || mode != 0644)
        return E_INVAL;
    *mode_out = mode;
    *file = flags ? wire_cap_rights(55, RIGHT_USE) : wire_nothing();
    return E_OK;
}

static err_t on_stat(void *self, u32 dir, u32 flags, const char *path, size_t path_length,
                     struct widget_stat_result *result)
{
    *result = (struct widget_stat_result){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    return E_OK;
}

/* Uses the UTCB itself before it answers, as handlers that call other services do. */
static err_t on_realpath(void *self, u32 dir, const char *path, size_t path_length, char *out, size_t *out_length)
{
    memset(sys_utcb, 0xee, sizeof *sys_utcb);
    memcpy(out, path, path_length);
    memcpy(out + path_length, path, path_length);
    *out_length = 2 * path_length < WIDGET_REALPATH_PATH_OUT_MAX ? 2 * path_length : WIDGET_REALPATH_PATH_OUT_MAX;
    return E_OK;
}

static err_t on_kill(void *self, i32 pid, u32 signal)
{
    return pid == -1 && signal == 9 ? E_OK : E_SRCH;
}

static const struct widget_handlers widget_table = {.info = on_info,
                                                    .attach = on_attach,
                                                    .submit = on_submit,
                                                    .complete = on_complete,
                                                    .open = on_open,
                                                    .stat = on_stat,
                                                    .realpath = on_realpath,
                                                    .kill = on_kill};

static bool widget_server(struct msg *m)
{
    return widget_dispatch(&widget_table, NULL, m);
}

/* ---- words, errors, capabilities ---- */

static void scalars_travel_both_ways(void **state)
{
    u64 sectors;
    u32 sector_size, queue_depth, read_only;
    loopback_reset(widget_server);
    assert_int_equal(widget_info(GATE, &sectors, &sector_size, &queue_depth, &read_only), E_OK);
    assert_true(sectors == 1ull << 40 && sector_size == 512 && queue_depth == 0xffffffff && read_only == 1);
    assert_int_equal(widget_submit(GATE, 1, ~0ull, 3, 4, WIDGET_WRITE, 6), E_OK);
    assert_true(seen[0] == 1 && seen[1] == ~0ull && seen[2] == 3 && seen[3] == 4 && seen[4] == WIDGET_WRITE &&
                seen[5] == 6);
}

static void a_handlers_error_is_the_stubs(void **state)
{
    loopback_reset(widget_server);
    assert_int_equal(widget_submit(GATE, 1, 2, 3, 4, WIDGET_FLUSH, 6), E_AGAIN);
}

static void a_missing_handler_is_nosys(void **state)
{
    loopback_reset(widget_server);
    assert_int_equal(widget_detach(GATE, 1), E_NOSYS);
}

static void a_capability_arrives_at_the_handler(void **state)
{
    u32 region;
    loopback_reset(widget_server);
    assert_int_equal(widget_attach(GATE, wire_cap(33), &region), E_OK);
    assert_int_equal(region, LOOPBACK_SLOT);
}

static void a_kept_reply_is_encoded_later(void **state)
{
    struct msg m = {.tag = TAG(1, 0), .w = {WIDGET_OP_COMPLETE}};
    loopback_reset(widget_server);
    assert_false(widget_server(&m));
    widget_complete_reply(&m, 77, 5);
    assert_true(WIRE_WORDS(m.tag) == 3 && m.w[0] == E_OK && m.w[1] == 77 && m.w[2] == 5);
}

/* ---- byte strings and structs ---- */

static void fill(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text[i] = (char)(i * 7 + length);
}

static void byte_strings_of_every_length_arrive(void **state)
{
    char path[WIDGET_OPEN_PATH_MAX + 1];
    u32 mode = 0;
    loopback_reset(widget_server);
    for (size_t length = 0; length <= WIDGET_OPEN_PATH_MAX; length++) {
        fill(path, length);
        assert_int_equal(widget_open(GATE, 1, WIDGET_READ, 0644, path, length, &mode, 9), E_OK);
        assert_int_equal(mode, 0644);
        assert_int_equal(path_seen_length, length);
        assert_memory_equal(path_seen, path, length);
    }
}

static void a_longer_string_is_refused_before_the_call(void **state)
{
    char path[WIDGET_OPEN_PATH_MAX + 1] = {0};
    u32 mode;
    loopback_reset(widget_server);
    assert_int_equal(widget_open(GATE, 1, WIDGET_READ, 0644, path, sizeof path, &mode, 9), E_MSGSIZE);
    assert_int_equal(loopback_calls, 0);
}

static void a_new_capability_arrives_and_the_window_closes(void **state)
{
    u32 mode;
    loopback_reset(widget_server);
    assert_int_equal(widget_open(GATE, 1, WIDGET_READ, 0644, "/a", 2, &mode, 9), E_OK);
    assert_int_equal(sys_utcb->item[0].what, FPAGE_OBJ(9, 0, RIGHTS_ALL));
    assert_int_equal(sys_utcb->window[0], 0);
}

static void many_results_come_in_a_struct(void **state)
{
    struct widget_stat_result stat;
    loopback_reset(widget_server);
    assert_int_equal(widget_stat(GATE, 0, 0, "/", 1, &stat), E_OK);
    assert_true(stat.ino == 1 && stat.mode == 2 && stat.size == 7 && stat.blocks == 8 && stat.file_flags == 13);
}

static void strings_come_back_into_the_callers_room(void **state)
{
    char out[WIDGET_REALPATH_PATH_OUT_MAX];
    size_t length = sizeof out;
    loopback_reset(widget_server);
    assert_int_equal(widget_realpath(GATE, 0, "abcde", 5, out, &length), E_OK);
    assert_int_equal(length, 10);
    assert_memory_equal(out, "abcdeabcde", 10);
    length = 9;
    assert_int_equal(widget_realpath(GATE, 0, "abcde", 5, out, &length), E_MSGSIZE);
}

/* ---- signed numbers, inherited methods, pages ---- */

static err_t on_seek(void *self, i64 offset, u32 whence, u64 *position)
{
    *position = (u64)(-offset) + whence;
    return E_OK;
}

static err_t on_next_in(void *self, u32 nonblock, u64 *at, u64 *length, u32 *flags, struct map_item *piece)
{
    *at = 0x5000;
    *length = 17;
    *flags = PART_FLAG_PIPE;
    if (!nonblock)
        *piece = (struct map_item){.what = FPAGE_MEM(0x7000, 12, RIGHT_R)};
    return E_OK;
}

static err_t on_size(void *self, u64 *size, u32 *access)
{
    *size = *(u64 *)self;
    *access = WIDGET_READ;
    return E_OK;
}

static err_t on_get_group(void *self, u32 *group)
{
    *group = 42;
    return E_OK;
}

static const struct gadget_handlers gadget_table = {
    .part = {.widget = {.size = on_size}, .seek = on_seek, .next_in = on_next_in}, .get_group = on_get_group};

static bool gadget_server(struct msg *m)
{
    u64 size = 4711;
    return gadget_dispatch(&gadget_table, &size, m);
}

static void inherited_methods_reach_their_handlers(void **state)
{
    u32 group, access;
    u64 size;
    loopback_reset(gadget_server);
    assert_int_equal(gadget_get_group(GATE, &group), E_OK);
    assert_int_equal(group, 42);
    assert_int_equal(widget_size(GATE, &size, &access), E_OK);
    assert_true(size == 4711 && access == WIDGET_READ);
}

static void negative_numbers_survive(void **state)
{
    u64 position;
    loopback_reset(gadget_server);
    assert_int_equal(part_seek(GATE, -5, PART_SEEK_CUR, &position), E_OK);
    assert_int_equal(position, 6);
}

static void a_page_may_come_or_not(void **state)
{
    u64 at, length;
    u32 flags;
    loopback_reset(gadget_server);
    assert_int_equal(part_next_in(GATE, 0, &at, &length, &flags, FPAGE_MEM(0x100000, 20, RIGHTS_RWX)), E_OK);
    assert_true(at == 0x5000 && length == 17 && flags == PART_FLAG_PIPE);
    assert_int_equal(sys_utcb->item[0].what, FPAGE_MEM(0x7000, 12, RIGHT_R));
    assert_int_equal(sys_utcb->window[0], 0);
    assert_int_equal(part_next_in(GATE, 1, &at, &length, &flags, FPAGE_MEM(0x100000, 20, RIGHTS_RWX)), E_OK);
}

static void a_negative_32_bit_number_survives(void **state)
{
    loopback_reset(widget_server);
    assert_int_equal(widget_kill(GATE, -1, 9), E_OK);
    assert_int_equal(widget_kill(GATE, 1, 9), E_SRCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_travel_both_ways),
        cmocka_unit_test(a_handlers_error_is_the_stubs),
        cmocka_unit_test(a_missing_handler_is_nosys),
        cmocka_unit_test(a_capability_arrives_at_the_handler),
        cmocka_unit_test(a_kept_reply_is_encoded_later),
        cmocka_unit_test(byte_strings_of_every_length_arrive),
        cmocka_unit_test(a_longer_string_is_refused_before_the_call),
        cmocka_unit_test(a_new_capability_arrives_and_the_window_closes),
        cmocka_unit_test(many_results_come_in_a_struct),
        cmocka_unit_test(strings_come_back_into_the_callers_room),
        cmocka_unit_test(inherited_methods_reach_their_handlers),
        cmocka_unit_test(negative_numbers_survive),
        cmocka_unit_test(a_page_may_come_or_not),
        cmocka_unit_test(a_negative_32_bit_number_survives),
        cmocka_unit_test(hostile_requests_are_refused),
        cmocka_unit_test(hostile_replies_are_refused),
        cmocka_unit_test(random_requests_do_no_harm),
    };
    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
