/*
 * Each check of each table, and their order. For every row there is a function that makes just its condition false;
 * the functions of one table can be combined. For each row: with it alone violated its error is reported, and with all
 * later rows violated as well it is still the one reported.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

/* The good world: tile 0 is tested, tile 1 answers. Virtual page 0x10000 is physical page 0x2000. */
#define SEND_EP   8
#define ANSWER_EP 9
#define RECV_EP   10
#define MEM_EP    11
#define REPLIES   16
#define VIRT      0x10000u
#define PHYS      0x2000u
#define BUFFER    0x8000u
#define OTHER_ACT 5

static struct tcu_ep *ep(struct rig *rig, uint16_t id)
{
    return &rig->tcu[0].ep[id];
}

static void good_world(struct rig *rig)
{
    rig_init(rig);
    rig_set_send(rig, 0, SEND_EP, 1, RECV_EP, 2, 9, 0xAB);
    rig_set_recv(rig, 0, ANSWER_EP, (struct rig_recv){2, 9, TCU_NO_EP, BUFFER + 0x1000});
    rig_set_recv(rig, 0, RECV_EP, (struct rig_recv){1, 9, REPLIES, BUFFER});
    rig_set_recv(rig, 1, RECV_EP, (struct rig_recv){1, 9, REPLIES, BUFFER});
    rig_set_send(rig, 1, SEND_EP, 0, RECV_EP, 2, 9, 0xCD);
    rig_set_recv(rig, 1, ANSWER_EP, (struct rig_recv){2, 9, TCU_NO_EP, BUFFER + 0x1000});
    rig_set_memory(rig, 0, MEM_EP, RIG_MEMORY, 0x1000, 0x4000, TCU_MEM_R | TCU_MEM_W);
    rig_map(rig, 0, VIRT, PHYS, TCU_TLB_R | TCU_TLB_W);
    rig_map(rig, 1, VIRT, PHYS, TCU_TLB_R | TCU_TLB_W);
    rig_write(rig, 0, TCU_REG_DATA_ADDR, VIRT + 0x100);
    rig_write(rig, 0, TCU_REG_DATA_SIZE, 64);
    rig_write(rig, 0, TCU_REG_ARG1, 0x40);
}

static void edit(struct rig *rig, enum tcu_register reg, uint64_t clear, uint64_t set)
{
    rig_write(rig, 0, reg, (rig_read(rig, 0, reg) & ~clear) | set);
}

/* A message in slot 0 of RECV_EP, fetched. */
static void with_message(struct rig *rig)
{
    good_world(rig);
    rig_write(rig, 1, TCU_REG_DATA_ADDR, VIRT);
    rig_write(rig, 1, TCU_REG_DATA_SIZE, 16);
    assert_int_equal(rig_command(rig, 1, TCU_CMD_SEND, SEND_EP, ANSWER_EP), TCU_E_NONE);
    assert_int_equal(rig_command(rig, 0, TCU_CMD_FETCH_MSG, RECV_EP, 0), TCU_E_NONE);
    rig_write(rig, 0, TCU_REG_ARG1, 0x40);
}

/* --- how each table is exercised: the world before, and the action whose error counts ----------------------------- */

struct arguments { /* what a violation may change beyond the world */
    uint64_t arg0;
    uint16_t ep;
    bool forget_slot;  /* while the message is being stored */
    bool move_replies; /* at the same time */
    struct noc_packet packet;
    uint64_t phys;
    bool write;
} args;

static enum tcu_error run_SEND(struct rig *rig)
{
    return rig_command(rig, 0, TCU_CMD_SEND, SEND_EP, ANSWER_EP);
}

static enum tcu_error run_REPLY(struct rig *rig)
{
    return rig_command(rig, 0, TCU_CMD_REPLY, RECV_EP, args.arg0);
}

static enum tcu_error run_READ(struct rig *rig)
{
    return rig_command(rig, 0, TCU_CMD_READ, MEM_EP, 0);
}

static enum tcu_error run_WRITE(struct rig *rig)
{
    return rig_command(rig, 0, TCU_CMD_WRITE, MEM_EP, 0);
}

static enum tcu_error run_FETCH_MSG(struct rig *rig)
{
    return rig_command(rig, 0, TCU_CMD_FETCH_MSG, RECV_EP, 0);
}

static enum tcu_error run_ACK_MSG(struct rig *rig)
{
    return rig_command(rig, 0, TCU_CMD_ACK_MSG, RECV_EP, args.arg0);
}

static enum tcu_error run_SLEEP(struct rig *rig)
{
    rig_write(rig, 0, TCU_REG_ARG1, 100);
    return rig_command(rig, 0, TCU_CMD_SLEEP, 0, RECV_EP);
}

static enum tcu_error run_INV_PAGE(struct rig *rig)
{
    rig_write(rig, 0, TCU_REG_PRIV_CMD_ARG, VIRT);
    return rig_priv(rig, 0, TCU_PRIV_INV_PAGE, RIG_ACT, NULL);
}

static enum tcu_error run_INV_TLB(struct rig *rig)
{
    return rig_priv(rig, 0, TCU_PRIV_INV_TLB, 0, NULL);
}

static enum tcu_error run_INS_TLB(struct rig *rig)
{
    rig_write(rig, 0, TCU_REG_PRIV_CMD_ARG, VIRT + 0x5000);
    return rig_priv(rig, 0, TCU_PRIV_INS_TLB, TCU_PUT(TCU_TLB_ASID, RIG_ACT) | PHYS | TCU_TLB_R, NULL);
}

static enum tcu_error run_XCHG_ACT(struct rig *rig)
{
    return rig_priv(rig, 0, TCU_PRIV_XCHG_ACT, 3, NULL);
}

static enum tcu_error run_SET_TIMER(struct rig *rig)
{
    return rig_priv(rig, 0, TCU_PRIV_SET_TIMER, 30, NULL);
}

static enum tcu_error run_ABORT_CMD(struct rig *rig)
{
    return rig_priv(rig, 0, TCU_PRIV_ABORT_CMD, 0, NULL);
}

static enum tcu_error run_INV_EP(struct rig *rig)
{
    return rig_ext(rig, 0, TCU_EXT_INV_EP, TCU_PUT(TCU_EXT_EP, args.ep), NULL);
}

static enum tcu_error run_RESET(struct rig *rig)
{
    return rig_ext(rig, 0, TCU_EXT_RESET, TCU_EXT_START, NULL);
}

static enum tcu_error run_RECEIVE(struct rig *rig)
{
    rig_request_begin(rig, &args.packet);
    rig_tick(rig, 0);
    if (args.forget_slot && !rig->answered)
        rig_write(rig, 0, TCU_REG_EP(RECV_EP) + 16, 0);
    if (args.move_replies && !rig->answered)
        rig_write(rig, 0, TCU_REG_EP(RECV_EP), ep(rig, RECV_EP)->r[0] | TCU_PUT(TCU_RECV_REPLY_EPS, 63));
    return (enum tcu_error)rig_request_end(rig).error;
}

static enum tcu_error run_SERVE(struct rig *rig)
{
    return (enum tcu_error)rig_request(rig, &args.packet).error;
}

static enum tcu_error run_PROTECT(struct rig *rig)
{
    uint16_t tile;
    uint64_t address;
    return tcu_protect(&rig->tcu[0], args.phys, 64, args.write, &tile, &address);
}

static enum tcu_error run_CORE_REQUEST(struct rig *rig)
{
    rig_write(rig, 0, TCU_REG_CU_REQ, TCU_CU_RESPONSE);
    return TCU_E_NONE;
}

static void prepare(struct rig *rig)
{
    with_message(rig);
    rig_set_memory(rig, 0, 1, RIG_MEMORY, 0, 0x1000, TCU_MEM_R);
    args = (struct arguments){.ep = SEND_EP, .phys = 0x80000000u + 0x20000000u + 0x100};
    args.packet = (struct noc_packet){.kind = NOC_MESSAGE, .address = RECV_EP, .size = 64};
}

static void prepare_serve(struct rig *rig)
{
    prepare(rig);
    args.packet = (struct noc_packet){.kind = NOC_WRITE, .address = 0x100, .size = 16};
}

/* --- one violation per row ---------------------------------------------------------------------------------------- */

static void violate_SEND_is_send(struct rig *rig)
{
    rig_set_field(ep(rig, SEND_EP)->r[0], TCU_EP_TYPE, TCU_EP_INVALID);
}

static void violate_SEND_send_is_own(struct rig *rig)
{
    rig_set_field(ep(rig, SEND_EP)->r[0], TCU_EP_ACT, OTHER_ACT);
}

static void violate_SEND_is_plain(struct rig *rig)
{
    rig_set_field(ep(rig, SEND_EP)->r[0], TCU_SEND_IS_REPLY, 1);
}

static void violate_SEND_size_is_valid(struct rig *rig)
{
    rig_set_field(ep(rig, SEND_EP)->r[0], TCU_SEND_MSG_LOG2, 12);
}

static void violate_SEND_fits_message(struct rig *rig)
{
    rig_write(rig, 0, TCU_REG_DATA_SIZE, 4096 - 31);
}

static void violate_SEND_is_aligned(struct rig *rig)
{
    edit(rig, TCU_REG_DATA_ADDR, 0, 8);
}

static void violate_SEND_is_in_page(struct rig *rig)
{
    edit(rig, TCU_REG_DATA_ADDR, 0, 0xFF0);
}

static void violate_SEND_is_readable(struct rig *rig)
{
    rig_priv(rig, 0, TCU_PRIV_INV_TLB, 0, NULL);
    rig_map(rig, 0, VIRT, PHYS, TCU_TLB_W);
}

static void violate_SEND_answer_is_recv(struct rig *rig)
{
    rig_set_field(ep(rig, ANSWER_EP)->r[0], TCU_EP_TYPE, TCU_EP_MEMORY);
}

static void violate_SEND_answer_is_own(struct rig *rig)
{
    rig_set_field(ep(rig, ANSWER_EP)->r[0], TCU_EP_ACT, OTHER_ACT);
}

static void violate_SEND_has_credit(struct rig *rig)
{
    rig_set_field(ep(rig, SEND_EP)->r[0], TCU_SEND_CREDITS, 0);
}

static void violate_REPLY_is_receive(struct rig *rig)
{
    rig_set_field(ep(rig, RECV_EP)->r[0], TCU_EP_TYPE, TCU_EP_INVALID);
}

static void violate_REPLY_is_own(struct rig *rig)
{
    rig_set_field(ep(rig, RECV_EP)->r[0], TCU_EP_ACT, OTHER_ACT);
}

static void violate_REPLY_has_replies(struct rig *rig)
{
    rig_set_field(ep(rig, RECV_EP)->r[0], TCU_RECV_REPLY_EPS, TCU_NO_EP);
}

static void violate_REPLY_replies_in_table(struct rig *rig)
{
    if (TCU_GET(ep(rig, RECV_EP)->r[0], TCU_RECV_REPLY_EPS) != TCU_NO_EP)
        rig_set_field(ep(rig, RECV_EP)->r[0], TCU_RECV_REPLY_EPS, 63);
}

static void violate_REPLY_is_message(struct rig *rig)
{
    args.arg0 = 2 * 512;
}

static void violate_REPLY_is_send(struct rig *rig)
{
    rig_set_field(ep(rig, REPLIES)->r[0], TCU_EP_TYPE, TCU_EP_INVALID);
}

static void violate_REPLY_send_is_own(struct rig *rig)
{
    rig_set_field(ep(rig, REPLIES)->r[0], TCU_EP_ACT, OTHER_ACT);
}

static void violate_REPLY_is_one_shot(struct rig *rig)
{
    rig_set_field(ep(rig, REPLIES)->r[0], TCU_SEND_IS_REPLY, 0);
}

static void violate_REPLY_size_is_valid(struct rig *rig)
{
    rig_set_field(ep(rig, REPLIES)->r[0], TCU_SEND_MSG_LOG2, 12);
}

#define violate_REPLY_fits_message violate_SEND_fits_message
#define violate_REPLY_is_aligned   violate_SEND_is_aligned
#define violate_REPLY_is_in_page   violate_SEND_is_in_page
#define violate_REPLY_is_readable  violate_SEND_is_readable

static void violate_REPLY_credit_ep_exists(struct rig *rig)
{
    rig_set_field(ep(rig, REPLIES)->r[0], TCU_SEND_CREDIT_EP, 64);
}

static void violate_READ_is_memory(struct rig *rig)
{
    rig_set_field(ep(rig, MEM_EP)->r[0], TCU_EP_TYPE, TCU_EP_SEND);
}

static void violate_READ_is_own(struct rig *rig)
{
    rig_set_field(ep(rig, MEM_EP)->r[0], TCU_EP_ACT, OTHER_ACT);
}

static void violate_READ_may_read(struct rig *rig)
{
    uint64_t flags = TCU_GET(ep(rig, MEM_EP)->r[0], TCU_MEM_FLAGS);
    rig_set_field(ep(rig, MEM_EP)->r[0], TCU_MEM_FLAGS, flags & ~TCU_MEM_R);
}

static void violate_READ_is_in_region(struct rig *rig)
{
    rig_write(rig, 0, TCU_REG_ARG1, 0x4000 - 63);
}

#define violate_READ_is_in_page violate_SEND_is_in_page

static void violate_READ_is_writable(struct rig *rig)
{
    rig_priv(rig, 0, TCU_PRIV_INV_TLB, 0, NULL);
    rig_map(rig, 0, VIRT, PHYS, TCU_TLB_R);
}

#define violate_WRITE_is_memory violate_READ_is_memory
#define violate_WRITE_is_own    violate_READ_is_own

static void violate_WRITE_may_write(struct rig *rig)
{
    rig_set_field(ep(rig, MEM_EP)->r[0], TCU_MEM_FLAGS, TCU_MEM_R);
}

static void violate_WRITE_is_in_region(struct rig *rig)
{
    rig_write(rig, 0, TCU_REG_ARG1, ~UINT64_C(0) - 10); /* offset + size wraps */
}

#define violate_WRITE_is_in_page  violate_SEND_is_in_page
#define violate_WRITE_is_readable violate_SEND_is_readable

#define violate_FETCH_MSG_is_receive violate_REPLY_is_receive
#define violate_FETCH_MSG_is_own     violate_REPLY_is_own
#define violate_ACK_MSG_is_receive   violate_REPLY_is_receive
#define violate_ACK_MSG_is_own       violate_REPLY_is_own

static void violate_ACK_MSG_is_message(struct rig *rig)
{
    args.arg0 = 8; /* no multiple of the slot size */
}

#define violate_SLEEP_waited_is_recv violate_REPLY_is_receive
#define violate_SLEEP_waited_is_own  violate_REPLY_is_own

static void violate_INV_PAGE_page_is_cached(struct rig *rig)
{
    rig_priv(rig, 0, TCU_PRIV_INV_TLB, 0, NULL);
}

static void violate_INS_TLB_tlb_has_room(struct rig *rig)
{
    for (uint64_t i = 0; i < TCU_TLB_ENTRIES; i++)
        rig_map(rig, 0, VIRT + 0x100000 + i * 4096, PHYS, TCU_TLB_R | TCU_TLB_FIXED);
}

static void violate_INV_EP_ep_exists(struct rig *rig)
{
    args.ep = 64;
}

static void violate_INV_EP_credits_are_home(struct rig *rig)
{
    rig_set_field(ep(rig, SEND_EP)->r[0], TCU_SEND_CREDITS, 1);
}

#define violate_RECEIVE_target_is_recv violate_REPLY_is_receive

static void violate_RECEIVE_fits_slot(struct rig *rig)
{
    args.packet.size = 513;
}

static void violate_RECEIVE_replies_in_table(struct rig *rig)
{
    rig_set_field(ep(rig, RECV_EP)->r[0], TCU_RECV_REPLY_EPS, 63);
}

static void violate_RECEIVE_has_free_slot(struct rig *rig)
{
    rig_set_field(ep(rig, RECV_EP)->r[2], TCU_RECV_OCCUPIED, 3);
}

static void violate_RECEIVE_was_stored(struct rig *rig)
{
    ep(rig, RECV_EP)->r[1] = RIG_BYTES;
}

/* The endpoint is written by the tile's own privileged core while the message is being stored. */
static void violate_RECEIVE_slot_is_there(struct rig *rig)
{
    args.forget_slot = true;
}

static void violate_RECEIVE_replies_still_fit(struct rig *rig)
{
    args.move_replies = true;
}

static void violate_SERVE_register_is_open(struct rig *rig)
{
    args.packet.address = TCU_NOC_MMIO + TCU_REG_CUR_ACT;
}

static void violate_SERVE_was_stored(struct rig *rig)
{
    if (args.packet.address < TCU_NOC_MMIO)
        args.packet.address = RIG_BYTES - 8;
}

static void violate_PROTECT_has_pmp_ep(struct rig *rig)
{
    args.phys = 0x7FFFFFFFu;
}

static void violate_PROTECT_is_memory(struct rig *rig)
{
    rig_set_field(ep(rig, 1)->r[0], TCU_EP_TYPE, TCU_EP_INVALID);
}

static void violate_PROTECT_is_in_region(struct rig *rig)
{
    if (args.phys >= 0x80000000u)
        args.phys = 0x80000000u + 0x20000000u + 0x1000 - 63;
}

static void violate_PROTECT_is_permitted(struct rig *rig)
{
    args.write = true;
}

/* ----------------------------------------------------------------------------------------------------------------- */

enum table {
#define TCU_TABLE(name, purpose) T_##name,
#include "machine/tcu/commands.def"
    TABLES
};

static enum tcu_error (*const runs[TABLES])(struct rig *rig) = {
#define TCU_TABLE(name, purpose) [T_##name] = run_##name,
#include "machine/tcu/commands.def"
};

static const struct row {
    enum table table;
    const char *name;
    void (*violate)(struct rig *rig);
    enum tcu_error error;
} rows[] = {
#define TCU_CHECK(table, phase, name, error, text)                                                                     \
    {T_##table, #table "." #name, violate_##table##_##name, TCU_E_##error},
#include "machine/tcu/commands.def"
};
#define ROWS (sizeof rows / sizeof *rows)

static struct rig *world;

static void make_world(enum table table)
{
    if (table == T_SERVE)
        prepare_serve(world);
    else
        prepare(world);
}

static void expect(const struct row *row, const char *how)
{
    world->answered = false;
    enum tcu_error error = runs[row->table](world);
    if (error != row->error)
        fail_msg("%s %s: error %d instead of %d", row->name, how, error, row->error);
}

static void test_good_world_passes(void **state)
{
    for (int table = 0; table < TABLES; table++) {
        make_world((enum table)table);
        if (runs[table](world) != TCU_E_NONE)
            fail_msg("table %d fails in the good world", table);
    }
}

static void test_each_check_alone(void **state)
{
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        make_world(row->table);
        row->violate(world);
        expect(row, "alone");
    }
}

static void test_order_of_checks(void **state)
{
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        make_world(row->table);
        for (const struct row *later = rows + ROWS - 1; later >= row; later--)
            if (later->table == row->table)
                later->violate(world);
        expect(row, "with all later ones");
    }
}

static void test_unknown_commands(void **state)
{
    make_world(T_SEND);
    for (int opcode = TCU_CMD_SLEEP + 1; opcode < 16; opcode++) {
        assert_int_equal(rig_command(world, 0, (enum tcu_opcode)opcode, SEND_EP, 0), TCU_E_UNKNOWN_CMD);
        assert_int_equal(rig_priv(world, 0, (enum tcu_opcode)opcode, 0, NULL), TCU_E_UNKNOWN_CMD);
        assert_int_equal(rig_ext(world, 0, (enum tcu_opcode)opcode, 0, NULL), TCU_E_UNKNOWN_CMD);
    }
}

static void test_endpoints_beyond_the_table(void **state)
{
    const uint16_t ids[] = {64, 191, 192, 0x7FFF, 0xFFFE};
    make_world(T_SEND);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        assert_int_equal(rig_command(world, 0, TCU_CMD_SEND, ids[i], ANSWER_EP), TCU_E_NO_SEP);
        assert_int_equal(rig_command(world, 0, TCU_CMD_SEND, SEND_EP, ids[i]), TCU_E_NO_REP);
        assert_int_equal(rig_command(world, 0, TCU_CMD_SEND, SEND_EP, 0x10000 + ANSWER_EP), TCU_E_NO_REP);
        assert_int_equal(rig_command(world, 0, TCU_CMD_REPLY, ids[i], 0), TCU_E_NO_REP);
        assert_int_equal(rig_command(world, 0, TCU_CMD_READ, ids[i], 0), TCU_E_NO_MEP);
        assert_int_equal(rig_command(world, 0, TCU_CMD_WRITE, ids[i], 0), TCU_E_NO_MEP);
        assert_int_equal(rig_command(world, 0, TCU_CMD_FETCH_MSG, ids[i], 0), TCU_E_NO_REP);
        assert_int_equal(rig_command(world, 0, TCU_CMD_ACK_MSG, ids[i], 0), TCU_E_NO_REP);
        assert_int_equal(rig_command(world, 0, TCU_CMD_SLEEP, 0, ids[i]), TCU_E_NO_REP);
    }
}

static int set_up(void **state)
{
    world = malloc(sizeof *world);
    return world == NULL;
}

static int tear_down(void **state)
{
    free(world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_world_passes),
        cmocka_unit_test(test_each_check_alone),
        cmocka_unit_test(test_order_of_checks),
        cmocka_unit_test(test_unknown_commands),
        cmocka_unit_test(test_endpoints_beyond_the_table),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
