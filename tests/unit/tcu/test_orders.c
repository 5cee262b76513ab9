/*
 * All orders of events: a client sends messages, a server fetches and answers them, the client takes the answers, while
 * commands are aborted and the client's reply endpoint comes and goes. Costs and latencies are zero, so any event that
 * is possible may be next; every reachable state is visited once. In each, a credit is in exactly one place; at the
 * end every message was received once and answered once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

#define SEND_EP   8
#define ANSWER_EP 9
#define RECV_EP   10
#define REPLIES   16
#define BUFFER    0x1000
#define SLOT_LOG2 6

struct software {
    enum tcu_opcode running; /* TCU_CMD_IDLE: none */
    int holding;             /* offset of a fetched message, or -1 */
};

struct state {
    struct rig rig;
    struct software client, server;
    uint32_t sent;               /* successful SENDs */
    uint32_t received, answered; /* sets of message numbers */
    uint32_t aborts, toggles;    /* still allowed */
    struct tcu_ep hidden;        /* the reply endpoint while it is gone */
};

static struct scenario {
    uint32_t messages, credits, slots_log2, toggles;
} scenario;

/* --- the set of visited states ------------------------------------------------------------------------------------ */

#define TABLE (1u << 20)
static uint64_t *visited;
static uint32_t visited_count;

static uint64_t hash(uint64_t h, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        h = (h ^ bytes[i]) * UINT64_C(0x100000001B3);
    return h ^ h >> 29;
}

static uint64_t hash_tcu(uint64_t h, const struct tcu *t)
{
    const uint32_t eps[] = {SEND_EP, ANSWER_EP, RECV_EP, REPLIES, REPLIES + 1};
    for (size_t i = 0; i < sizeof eps / sizeof *eps; i++)
        h = hash(h, &t->ep[eps[i]], sizeof t->ep[0]);
    const uint64_t words[] = {t->command,       t->arg1,      t->cur_act, t->abort_waits, t->op.phase,  t->op.slot,
                              t->op.was_unread, t->op.opcode, t->op.arg0, t->rx.count,    t->rx.storing};
    h = hash(h, words, sizeof words);
    for (uint32_t i = 0; i < t->rx.count; i++) {
        const struct noc_packet *packet = &t->rx.packet[(t->rx.head + i) % TCU_RX_PACKETS];
        h = hash(h, packet->data, 32);
    }
    return h;
}

static uint64_t hash_state(const struct state *s)
{
    uint64_t h = hash_tcu(hash_tcu(1, &s->rig.tcu[0]), &s->rig.tcu[1]), sum = 0;
    for (uint32_t i = 0; i < s->rig.count; i++) { /* in whatever order they stand */
        const struct rig_pending *p = &s->rig.pending[i];
        const uint64_t words[] = {p->tile, p->kind, p->packet.kind, p->packet.error,
                                  p->packet.id == s->rig.tcu[p->tile].op.id};
        sum += hash(hash(2, words, sizeof words), p->packet.data, p->packet.kind == NOC_MESSAGE ? 32 : 0);
    }
    const uint64_t words[] = {sum,           s->client.running, s->client.holding, s->server.running, s->server.holding,
                              s->sent,       s->received,       s->answered,       s->aborts,         s->toggles,
                              s->hidden.r[0]};
    return hash(h, words, sizeof words) | 1;
}

static bool visit(uint64_t h)
{
    for (uint32_t i = h % TABLE;; i = (i + 1) % TABLE) {
        if (visited[i] == h)
            return false;
        if (visited[i] == 0) {
            visited[i] = h;
            assert_true(++visited_count < TABLE / 2);
            return true;
        }
    }
}

/* --- the invariant ------------------------------------------------------------------------------------------------ */

/* A message under way, or a refusal on its way back, carries a credit. */
static bool carries_credit(const struct noc_packet *packet)
{
    return packet->kind == NOC_MESSAGE || (packet->kind == NOC_RESPONSE && packet->error != TCU_E_NONE);
}

static void check_credits(const struct state *s)
{
    uint32_t credits = rig_credits(&s->rig, 0, SEND_EP);
    for (uint32_t i = 0; i < s->rig.count; i++)
        credits += s->rig.pending[i].kind == TCU_EV_PACKET && carries_credit(&s->rig.pending[i].packet);
    for (int tile = 0; tile < 2; tile++)
        credits += s->rig.tcu[tile].rx.count;
    for (uint32_t i = 0; i < 1u << scenario.slots_log2; i++)
        credits += TCU_GET(s->rig.tcu[1].ep[REPLIES + i].r[0], TCU_EP_TYPE) == TCU_EP_SEND;
    assert_int_equal(credits, scenario.credits);
}

static void check_end(const struct state *s)
{
    uint32_t all = (1u << scenario.messages) - 1;
    assert_int_equal(s->received, all);
    assert_int_equal(s->answered, all);
    assert_int_equal(rig_credits(&s->rig, 0, SEND_EP), scenario.credits);
    assert_int_equal(rig_occupied(&s->rig, 1, RECV_EP), 0);
}

/* --- the programs ------------------------------------------------------------------------------------------------- */

static uint64_t header_word(const struct state *s, uint16_t tile, enum tcu_header_word word)
{
    const struct software *program = tile == 0 ? &s->client : &s->server;
    uint64_t value;
    memcpy(&value, &s->rig.memory[tile][BUFFER + program->holding + 8 * word], 8);
    return value;
}

static void note(uint32_t *set, uint64_t message)
{
    assert_true(message < scenario.messages);
    assert_false(*set >> message & 1);
    *set |= 1u << message;
}

static void finish_fetch(struct state *s, uint16_t tile)
{
    uint64_t offset = rig_read(&s->rig, tile, TCU_REG_ARG1);
    if (offset == TCU_NO_MESSAGE)
        return;
    (tile == 0 ? &s->client : &s->server)->holding = offset;
    if (tile == 0)
        note(&s->answered, header_word(s, 0, TCU_HDR_LABEL));
    else
        note(&s->received, header_word(s, 1, TCU_HDR_REPLY_LABEL));
}

/*
 * Errors that may happen: the reply endpoint is gone, or the client has not freed its slots yet. A sender that had a
 * credit must never find the server's slots full, though.
 */
static bool is_excused(const struct state *s, enum tcu_opcode opcode, enum tcu_error error)
{
    if (opcode == TCU_CMD_REPLY)
        return error == TCU_E_RECV_NO_SPACE || (error == TCU_E_RECV_GONE && scenario.toggles > 0);
    return opcode == TCU_CMD_SEND && (error == TCU_E_NO_CREDITS || (error == TCU_E_NO_REP && s->hidden.r[0]));
}

/* What a program learns when its command has ended. */
static void finish(struct state *s, uint16_t tile)
{
    struct software *program = tile == 0 ? &s->client : &s->server;
    if (program->running == TCU_CMD_IDLE || !rig_is_idle(&s->rig, tile))
        return;
    enum tcu_error error = rig_error(&s->rig, tile);
    bool done = error == TCU_E_NONE;
    if (!done && error != TCU_E_ABORT && !is_excused(s, program->running, error))
        fail_msg("command %d of tile %d ends with error %d", program->running, tile, error);
    if (done && program->running == TCU_CMD_SEND)
        s->sent++;
    else if (done && program->running == TCU_CMD_FETCH_MSG)
        finish_fetch(s, tile);
    else if (done)
        program->holding = -1;
    program->running = TCU_CMD_IDLE;
}

static void start(struct state *s, uint16_t tile, enum tcu_opcode opcode, uint16_t ep, uint64_t arg0)
{
    (tile == 0 ? &s->client : &s->server)->running = opcode;
    rig_start(&s->rig, tile, opcode, ep, arg0);
}

/* What may happen next. Each returns whether it was possible; it then has changed the state. */

static bool client_sends(struct state *s)
{
    if (s->client.running != TCU_CMD_IDLE || s->sent == scenario.messages)
        return false;
    rig_write(&s->rig, 0, TCU_REG_ARG1, s->sent);
    start(s, 0, TCU_CMD_SEND, SEND_EP, ANSWER_EP);
    return true;
}

static bool client_takes(struct state *s)
{
    if (s->client.running != TCU_CMD_IDLE || (s->client.holding < 0 && rig_messages(&s->rig, 0) == 0))
        return false;
    if (s->client.holding >= 0)
        start(s, 0, TCU_CMD_ACK_MSG, ANSWER_EP, s->client.holding);
    else
        start(s, 0, TCU_CMD_FETCH_MSG, ANSWER_EP, 0);
    return true;
}

static bool server_works(struct state *s)
{
    if (s->server.running != TCU_CMD_IDLE || (s->server.holding < 0 && rig_messages(&s->rig, 1) == 0))
        return false;
    if (s->server.holding >= 0)
        start(s, 1, TCU_CMD_REPLY, RECV_EP, s->server.holding);
    else
        start(s, 1, TCU_CMD_FETCH_MSG, RECV_EP, 0);
    return true;
}

static bool aborts(struct state *s, uint16_t tile)
{
    if (s->aborts == 0 || rig_is_idle(&s->rig, tile) || s->rig.tcu[tile].abort_waits)
        return false;
    s->aborts--;
    rig_priv(&s->rig, tile, TCU_PRIV_ABORT_CMD, 0, NULL);
    return true;
}

static bool reply_endpoint_toggles(struct state *s)
{
    struct tcu_ep *ep = &s->rig.tcu[0].ep[ANSWER_EP];
    bool busy = s->client.running != TCU_CMD_IDLE || rig_occupied(&s->rig, 0, ANSWER_EP) != 0;
    if (s->toggles == 0 || (busy && s->hidden.r[0] == 0))
        return false;
    s->toggles--;
    struct tcu_ep old = *ep;
    for (int i = 0; i < 3; i++)
        rig_write(&s->rig, 0, TCU_REG_EP(ANSWER_EP) + 8 * i, s->hidden.r[i]);
    s->hidden = old;
    return true;
}

static bool choose(struct state *s, uint32_t choice)
{
    switch (choice) {
    case 0:
        return client_sends(s);
    case 1:
        return client_takes(s);
    case 2:
        return server_works(s);
    case 3:
    case 4:
        return aborts(s, choice - 3);
    case 5:
        return reply_endpoint_toggles(s);
    case 6:
    case 7:
        if (tcu_deadline(&s->rig.tcu[choice - 6]) == TCU_NEVER)
            return false;
        rig_tick(&s->rig, choice - 6);
        return true;
    }
    if (!rig_deliverable(&s->rig, choice - 8))
        return false;
    rig_deliver(&s->rig, choice - 8);
    return true;
}

static void explore(const struct state *s)
{
    struct state *next = malloc(sizeof *next);
    bool stuck = true;
    for (uint32_t choice = 0; choice < 8 + s->rig.count; choice++) {
        memcpy(next, s, sizeof *next);
        if (!choose(next, choice))
            continue;
        stuck = false;
        finish(next, 0);
        finish(next, 1);
        check_credits(next);
        if (visit(hash_state(next)))
            explore(next);
    }
    if (stuck)
        check_end(s);
    free(next);
}

static void run(uint32_t messages, uint32_t credits, uint32_t slots_log2, uint32_t abort_count, uint32_t toggles)
{
    struct state *s = calloc(1, sizeof *s);
    scenario = (struct scenario){messages, credits, slots_log2, toggles};
    rig_init(&s->rig);
    s->rig.latency = 0;
    for (int i = 0; i < RIG_TILES; i++) {
        s->rig.tcu[i].config.costs = (struct tcu_costs){0};
        s->rig.tcu[i].features = TCU_FEATURE_KERNEL;
    }
    rig_set_send(&s->rig, 0, SEND_EP, 1, RECV_EP, credits, SLOT_LOG2, 0);
    rig_set_recv(&s->rig, 0, ANSWER_EP, (struct rig_recv){slots_log2, SLOT_LOG2, TCU_NO_EP, BUFFER});
    rig_set_recv(&s->rig, 1, RECV_EP, (struct rig_recv){slots_log2, SLOT_LOG2, REPLIES, BUFFER});
    s->client.holding = s->server.holding = -1;
    s->aborts = abort_count;
    s->toggles = toggles;
    visited = calloc(TABLE, sizeof *visited);
    visited_count = 0;
    explore(s);
    print_message("%u messages, %u credits, %u slots: %u states\n", messages, credits, 1u << slots_log2, visited_count);
    free(visited);
    free(s);
}

static void test_one_credit_one_slot(void **state)
{
    run(3, 1, 0, 0, 0);
}

static void test_two_credits_two_slots(void **state)
{
    run(3, 2, 1, 0, 0);
}

static void test_with_aborts(void **state)
{
    run(2, 1, 0, 2, 0);
    run(2, 2, 1, 1, 0);
}

static void test_with_failing_replies(void **state)
{
    run(2, 1, 0, 0, 2);
    run(3, 2, 1, 2, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_credit_one_slot),
        cmocka_unit_test(test_two_credits_two_slots),
        cmocka_unit_test(test_with_aborts),
        cmocka_unit_test(test_with_failing_replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
