/*
 * Random command streams on three TCUs, with two activities on each tile that a multiplexer switches, a controller that
 * invalidates and writes endpoints, and core accesses to random registers. After each event: no credit, message or
 * permission has appeared from nowhere or been lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

#define ACTS       2 /* activities RIG_ACT and RIG_ACT + 1 on each tile */
#define PER_ACT    4 /* endpoints of each: send, send, receive, memory */
#define FIRST_EP   8
#define REPLIES    32 /* of the receive endpoint of activity a: REPLIES + 8 a.. */
#define SLOTS_LOG2 2
#define SLOT_LOG2  7
#define BUFFER     0x4000
#define WINDOW     0x1000 /* bytes of a memory endpoint */
#define ROUNDS     6
#define STEPS      4000

struct tile_model {
    uint32_t saved[ACTS]; /* message counts of activities that do not run */
    int running;
};

static struct rig w;
static struct tile_model model[RIG_TILES];
static struct tcu_ep granted[RIG_TILES][64]; /* what the controller wrote */
static uint32_t lost[RIG_TILES][64];         /* credits whose message was freed without reply, or force-invalidated */
static uint8_t canary[RIG_BYTES];

static uint16_t ep_of(uint32_t act, uint32_t i)
{
    return FIRST_EP + PER_ACT * act + i;
}

static void own(uint16_t tile, uint16_t ep, uint32_t act)
{
    rig_set_field(w.tcu[tile].ep[ep].r[0], TCU_EP_ACT, RIG_ACT + act);
    granted[tile][ep] = w.tcu[tile].ep[ep];
}

static void grant(uint16_t tile, uint32_t act)
{
    for (uint32_t i = 0; i < 2; i++) { /* to both other tiles */
        uint16_t to = (tile + 1 + i) % RIG_TILES;
        rig_set_send(&w, tile, ep_of(act, i), to, ep_of(i, 2), 1, SLOT_LOG2, tile * 100 + act * 10 + i);
        own(tile, ep_of(act, i), act);
    }
    rig_set_recv(&w, tile, ep_of(act, 2),
                 (struct rig_recv){SLOTS_LOG2, SLOT_LOG2, REPLIES + 8 * act, BUFFER + act * 0x1000});
    own(tile, ep_of(act, 2), act);
    rig_set_memory(&w, tile, ep_of(act, 3), RIG_MEMORY, (tile * ACTS + act) * WINDOW, WINDOW,
                   act ? TCU_MEM_R : TCU_MEM_R | TCU_MEM_W);
    own(tile, ep_of(act, 3), act);
}

static void set_up(uint32_t seed)
{
    srand(seed);
    rig_init(&w);
    memset(model, 0, sizeof model);
    memset(granted, 0, sizeof granted);
    memset(lost, 0, sizeof lost);
    for (uint16_t tile = 0; tile < RIG_TILES; tile++) {
        w.tcu[tile].features = TCU_FEATURE_CTXSW;
        for (uint32_t act = 0; act < ACTS; act++)
            grant(tile, act);
    }
    for (uint32_t i = 0; i < RIG_BYTES; i++)
        w.memory[RIG_MEMORY][i] = canary[i] = rand();
}

/* --- invariants --------------------------------------------------------------------------------------------------- */

static uint32_t reply_eps_for(uint16_t tile, uint16_t ep)
{
    uint32_t count = 0;
    for (uint16_t t = 0; t < RIG_TILES; t++)
        for (uint16_t i = REPLIES; i < REPLIES + 16; i++) {
            const struct tcu_ep *reply = &w.tcu[t].ep[i];
            count += TCU_GET(reply->r[0], TCU_EP_TYPE) == TCU_EP_SEND &&
                     TCU_GET(reply->r[1], TCU_SEND_TARGET_TILE) == tile &&
                     TCU_GET(reply->r[0], TCU_SEND_CREDIT_EP) == ep;
        }
    return count;
}

static bool packet_has_credit(const struct noc_packet *packet, uint16_t tile, uint16_t ep)
{
    uint64_t word;
    if (packet->kind != NOC_MESSAGE)
        return false;
    memcpy(&word, packet->data, 8);
    if (TCU_GET(word, TCU_HDR_IS_REPLY))
        return packet->destination == tile && TCU_GET(word, TCU_HDR_REPLY_EP) == ep;
    return TCU_GET(word, TCU_HDR_TILE) == tile && TCU_GET(word, TCU_HDR_SENDER_EP) == ep;
}

/* A refusal on its way back to a SEND or REPLY holds the credit of that command. */
static bool refusal_has_credit(const struct rig_pending *p, uint16_t tile, uint16_t ep)
{
    const struct tcu_op *op = &w.tcu[p->tile].op;
    if (p->packet.kind != NOC_RESPONSE || p->packet.error == TCU_E_NONE || op->phase != TCU_OP_REMOTE ||
        op->id != p->packet.id)
        return false;
    if (op->opcode == TCU_CMD_SEND)
        return p->tile == tile && op->ep == ep;
    return op->opcode == TCU_CMD_REPLY && TCU_GET(op->reply_ep.r[1], TCU_SEND_TARGET_TILE) == tile &&
           TCU_GET(op->reply_ep.r[0], TCU_SEND_CREDIT_EP) == ep;
}

static uint32_t credits_under_way(uint16_t tile, uint16_t ep)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w.count; i++)
        if (w.pending[i].kind == TCU_EV_PACKET)
            count += packet_has_credit(&w.pending[i].packet, tile, ep) || refusal_has_credit(&w.pending[i], tile, ep);
    for (uint16_t t = 0; t < RIG_TILES; t++)
        for (uint32_t i = 0; i < w.tcu[t].rx.count; i++)
            count += packet_has_credit(&w.tcu[t].rx.packet[(w.tcu[t].rx.head + i) % TCU_RX_PACKETS], tile, ep);
    return count;
}

static void check_credits(uint16_t tile, uint16_t ep)
{
    if (TCU_GET(w.tcu[tile].ep[ep].r[0], TCU_EP_TYPE) != TCU_EP_SEND)
        return;
    uint32_t total = rig_credits(&w, tile, ep) + reply_eps_for(tile, ep) + credits_under_way(tile, ep) + lost[tile][ep];
    if (total != TCU_GET(w.tcu[tile].ep[ep].r[0], TCU_SEND_MAX_CREDITS))
        fail_msg("tile %u endpoint %u: %u credits in the world", tile, ep, total);
}

static void check_messages(uint16_t tile)
{
    const struct tcu *t = &w.tcu[tile];
    for (uint32_t act = 0; act < ACTS; act++) {
        uint16_t ep = ep_of(act, 2);
        uint32_t unread = rig_unread(&w, tile, ep), occupied = rig_occupied(&w, tile, ep);
        uint32_t counted = model[tile].running == (int)act ? rig_messages(&w, tile) : model[tile].saved[act];
        assert_int_equal(unread & ~occupied, 0);
        assert_int_equal(__builtin_popcount(unread), counted + t->unreported[ep] + (t->requests.visible_ep == ep));
        assert_true(TCU_GET(t->ep[ep].r[0], TCU_RECV_WPOS) <= 4 && TCU_GET(t->ep[ep].r[0], TCU_RECV_RPOS) <= 4);
    }
}

static uint64_t constant_bits(const struct tcu_ep *ep)
{
    const uint64_t moving = TCU_PUT(TCU_RECV_WPOS, 63) | TCU_PUT(TCU_RECV_RPOS, 63);
    const uint64_t credits = TCU_PUT(TCU_SEND_CREDITS, 63);
    enum tcu_ep_type type = (enum tcu_ep_type)TCU_GET(ep->r[0], TCU_EP_TYPE);
    return ep->r[0] & ~(type == TCU_EP_RECEIVE ? moving : type == TCU_EP_SEND ? credits : 0);
}

static void check_permissions(uint16_t tile)
{
    for (uint16_t i = 0; i < 64; i++) {
        const struct tcu_ep *ep = &w.tcu[tile].ep[i];
        bool is_reply = i >= REPLIES && i < REPLIES + 16;
        if (!is_reply) {
            assert_int_equal(constant_bits(ep), constant_bits(&granted[tile][i]));
            assert_int_equal(ep->r[1], granted[tile][i].r[1]);
        } else if (ep->r[0]) {
            uint32_t act = (i - REPLIES) / 8, slot = (i - REPLIES) % 8;
            assert_true(slot < 4);
            assert_true(rig_occupied(&w, tile, ep_of(act, 2)) >> slot & 1);
            assert_true(TCU_GET(ep->r[0], TCU_SEND_IS_REPLY));
            assert_int_equal(TCU_GET(ep->r[0], TCU_EP_ACT), RIG_ACT + act);
        }
    }
}

static void check_memory(void)
{
    for (uint32_t i = 0; i < RIG_BYTES; i++) {
        uint32_t window = i / WINDOW;
        bool writable = window < RIG_TILES * ACTS && window % ACTS == 0;
        if (!writable)
            assert_int_equal(w.memory[RIG_MEMORY][i], canary[i]);
    }
}

static void check(void)
{
    for (uint16_t tile = 0; tile < RIG_TILES; tile++) {
        for (uint32_t act = 0; act < ACTS; act++)
            for (uint32_t i = 0; i < 2; i++)
                check_credits(tile, ep_of(act, i));
        check_messages(tile);
        check_permissions(tile);
    }
}

/* --- random actions ----------------------------------------------------------------------------------------------- */

/* The multiplexer: it tells each count that it saved. */
static void switch_activity(uint16_t tile)
{
    struct tile_model *m = &model[tile];
    int next = !m->running;
    rig_priv(&w, tile, TCU_PRIV_ABORT_CMD, 0, NULL);
    if (TCU_GET(rig_read(&w, tile, TCU_REG_PRIV_CMD), TCU_PRIV_OPCODE) != TCU_PRIV_IDLE)
        return; /* a message is under way: later */
    rig_priv(&w, tile, TCU_PRIV_XCHG_ACT, TCU_PUT(TCU_ACT_ID, RIG_ACT + next) | TCU_PUT(TCU_ACT_MSGS, m->saved[next]),
             NULL);
    m->saved[m->running] = TCU_GET(rig_read(&w, tile, TCU_REG_PRIV_CMD_ARG), TCU_ACT_MSGS);
    m->running = next;
}

static void answer_core_request(uint16_t tile)
{
    uint64_t request = rig_read(&w, tile, TCU_REG_CU_REQ);
    if (TCU_GET(request, TCU_CU_TYPE) != TCU_CU_FOREIGN)
        return;
    uint32_t act = TCU_GET(request, TCU_CU_ACT) - RIG_ACT;
    assert_true(act < ACTS);
    rig_write(&w, tile, TCU_REG_CU_REQ, TCU_CU_RESPONSE);
    if (model[tile].running == (int)act)
        rig_write(&w, tile, TCU_REG_CUR_ACT, rig_read(&w, tile, TCU_REG_CUR_ACT) + TCU_PUT(TCU_ACT_MSGS, 1));
    else
        model[tile].saved[act]++;
}

/* Freeing a message without answering it loses the sender's credit: remember whose. */
static void acknowledge(uint16_t tile, uint16_t ep, uint32_t slot)
{
    struct tcu_ep reply = w.tcu[tile].ep[REPLIES + 8 * (ep >= ep_of(1, 0)) + slot];
    if (!rig_is_idle(&w, tile) || ep != ep_of(model[tile].running, 2))
        return;
    rig_start(&w, tile, TCU_CMD_ACK_MSG, ep, slot << SLOT_LOG2);
    while (!rig_is_idle(&w, tile))
        rig_tick(&w, tile);
    bool replied = TCU_GET(reply.r[0], TCU_EP_TYPE) == TCU_EP_SEND;
    if (rig_error(&w, tile) == TCU_E_NONE && replied && !w.tcu[tile].ep[REPLIES + 8 * (ep >= ep_of(1, 0)) + slot].r[0])
        lost[TCU_GET(reply.r[1], TCU_SEND_TARGET_TILE)][TCU_GET(reply.r[0], TCU_SEND_CREDIT_EP)]++;
}

static void command(uint16_t tile)
{
    static const enum tcu_opcode opcodes[] = {TCU_CMD_SEND,      TCU_CMD_SEND, TCU_CMD_REPLY, TCU_CMD_REPLY,
                                              TCU_CMD_FETCH_MSG, TCU_CMD_READ, TCU_CMD_WRITE, (enum tcu_opcode)9};
    enum tcu_opcode opcode = opcodes[rand() % 8];
    uint32_t act = rand() % 8 ? model[tile].running : rand() % ACTS;
    uint16_t ep = rand() % 16 ? (int)ep_of(act, rand() % PER_ACT) : rand() % 70;
    uint64_t arg0 = opcode == TCU_CMD_SEND ? ep_of(act, 2) : (uint64_t)(rand() % 5) << SLOT_LOG2;
    if (rand() % 4 && (opcode == TCU_CMD_REPLY || opcode == TCU_CMD_FETCH_MSG))
        ep = ep_of(act, 2);
    if (opcode == TCU_CMD_SEND && rand() % 4)
        ep = ep_of(act, rand() % 2);
    rig_write(&w, tile, TCU_REG_DATA_ADDR, (rand() % 0x200) * 16 + (rand() % 16 == 0));
    rig_write(&w, tile, TCU_REG_DATA_SIZE, opcode >= TCU_CMD_READ ? rand() % 5000 : rand() % 100);
    rig_write(&w, tile, TCU_REG_ARG1, rand() % (WINDOW + 100));
    rig_start(&w, tile, opcode, ep, arg0);
}

/* Hostile accesses that must have no effect on other tiles' rights. */
static void scribble(uint16_t tile)
{
    uint64_t offset = rand() % 0x1000;
    if (offset < TCU_REG_COMMAND || offset > TCU_REG_ARG1 + 8)
        rig_write(&w, tile, offset, (uint64_t)rand() << 32 | rand());
}

/* The controller takes an endpoint away and gives it back when nothing of it is left in the world. */
static void revoke_and_grant(uint16_t tile)
{
    uint32_t act = rand() % ACTS;
    uint16_t ep = ep_of(act, rand() % 2);
    if (rig_credits(&w, tile, ep) == 0 || lost[tile][ep])
        return;
    uint64_t arg = ep, words[3];
    if (rig_ext(&w, tile, TCU_EXT_INV_EP, arg, NULL) != TCU_E_NONE)
        return;
    memcpy(words, &granted[tile][ep], sizeof words);
    assert_int_equal(rig_noc_write(&w, tile, TCU_NOC_MMIO + TCU_REG_EP(ep), words, 3), TCU_E_NONE);
}

static void let_time_pass(void)
{
    if (rand() % 3 == 0) {
        rig_run_until(&w, w.now + rand() % 60);
    } else if (w.count > 0 && rand() % 2) {
        uint32_t i = rand() % w.count;
        if (rig_deliverable(&w, i))
            rig_deliver(&w, i);
    } else {
        uint16_t tile = rand() % RIG_TILES;
        if (tcu_deadline(&w.tcu[tile]) != TCU_NEVER)
            rig_tick(&w, tile);
    }
}

static void act_once(void)
{
    uint16_t tile = rand() % RIG_TILES;
    switch (rand() % 16) {
    case 0:
        switch_activity(tile);
        break;
    case 1:
        answer_core_request(tile);
        break;
    case 2:
        if (rand() % 40 == 0)
            acknowledge(tile, ep_of(rand() % ACTS, 2), rand() % 4);
        break;
    case 3:
        scribble(tile);
        break;
    case 4:
        if (rand() % 8 == 0)
            revoke_and_grant(tile);
        break;
    case 5:
        rig_priv(&w, tile, TCU_PRIV_ABORT_CMD, 0, NULL);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        if (rig_is_idle(&w, tile))
            command(tile);
        break;
    default:
        let_time_pass();
    }
}

static void test_nothing_appears_or_is_lost(void **state)
{
    for (uint32_t seed = 1; seed <= ROUNDS; seed++) {
        set_up(seed);
        for (uint32_t step = 0; step < STEPS; step++) {
            act_once();
            check();
        }
        rig_run(&w);
        check();
        check_memory();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_appears_or_is_lost)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
