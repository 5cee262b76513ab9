/*
 * Ping-pong of one byte between two bare-metal core tiles: this program (tile 0) sends, pong.c (tile 1) answers. Prints
 * cycles of a round trip, and where they go.
 */
#include "machine/demo/demo.h"
#include "machine/demo/pingpong.h"

static uint8_t answers[2 * SLOT_BYTES] __attribute__((aligned(4096)));
static uint8_t message[16] __attribute__((aligned(4096)));
static uint64_t times[4] __attribute__((aligned(64)));

static void set_up(void)
{
    tile_deprivilege(1);
    set_local(EP_ANSWERS, endpoint_receive((uint64_t)answers, 1, SLOT_LOG2, TCU_NO_EP));
    set_local(EP_REQUEST, endpoint_send(1, EP_RECEIVE, 1, SLOT_LOG2, 0));
    set_local(EP_TIMES, endpoint_memory(1, PONG_TIMES, sizeof times, TCU_MEM_R));
    set_remote(1, EP_RECEIVE, endpoint_receive(PONG_BUFFER, 1, SLOT_LOG2, EP_REPLIES));
    tile_reset(1, TCU_EXT_START);
}

static uint64_t round_trip(uint64_t mode, uint64_t parts[PARTS])
{
    uint64_t begin = now();
    must(tcu_send(EP_REQUEST, message, 1, EP_ANSWERS, 0), "sending");
    uint64_t sent = now();
    if (mode == MODE_SLEEP)
        tcu_sleep();
    while (!tcu_has_message(EP_ANSWERS))
        continue;
    uint64_t seen = now();
    uint64_t offset = tcu_fetch(EP_ANSWERS);
    uint64_t fetched = now();
    must(tcu_ack(EP_ANSWERS, offset), "freeing the answer");
    uint64_t end = now();
    if (parts) {
        must(tcu_read(EP_TIMES, times, sizeof times, 0), "reading the partner's times");
        parts[PART_SEND] += times[PONG_SEEN] - begin;
        parts[PART_PONG_FETCH] += times[PONG_FETCHED] - times[PONG_SEEN];
        parts[PART_REPLY] += seen - times[PONG_FETCHED];
        parts[PART_FETCH] += fetched - seen;
        parts[PART_ACK] += end - fetched;
        parts[PART_SENT] += sent - begin;
    }
    return end - begin;
}

/* Without reading the clock in between. */
static uint64_t plain_round_trips(uint64_t mode, uint32_t count)
{
    uint64_t begin = now();
    for (uint32_t i = 0; i < count; i++) {
        must(tcu_send(EP_REQUEST, message, 1, EP_ANSWERS, 0), "sending");
        if (mode == MODE_SLEEP)
            tcu_sleep();
        while (!tcu_has_message(EP_ANSWERS))
            continue;
        must(tcu_ack(EP_ANSWERS, tcu_fetch(EP_ANSWERS)), "freeing the answer");
    }
    return now() - begin;
}

static void line(const char *text, uint64_t cycles)
{
    print_number(cycles, 8);
    print("  ");
    print(text);
    print("\n");
}

static uint64_t measure(uint64_t mode)
{
    uint64_t parts[PARTS] = {0};
    message[0] = mode;
    plain_round_trips(mode, 10); /* warm caches */
    uint64_t cycles = plain_round_trips(mode, ROUNDS) / ROUNDS;
    line(mode == MODE_SLEEP ? "cycles per round trip, waiting in SLEEP" : "cycles per round trip, polling", cycles);
    message[0] = mode | MODE_TIMED;
    round_trip(mode, NULL);
    for (uint32_t i = 0; i < ROUNDS; i++)
        round_trip(mode, parts);
    print("          of these, measured apart with the cost of reading the clock:\n");
    line("  SEND: registers, command, network, until the partner sees it", parts[PART_SEND] / ROUNDS);
    line("  partner: FETCH_MSG", parts[PART_PONG_FETCH] / ROUNDS);
    line("  REPLY: registers, command, network, until we see it", parts[PART_REPLY] / ROUNDS);
    line("  FETCH_MSG", parts[PART_FETCH] / ROUNDS);
    line("  ACK_MSG", parts[PART_ACK] / ROUNDS);
    line("  (SEND until acknowledged, beside the partner's work)", parts[PART_SENT] / ROUNDS);
    return cycles;
}

int main(void)
{
    set_up();
    uint64_t polling = measure(MODE_POLL), sleeping = measure(MODE_SLEEP);
    print_figure("tile.ping.poll", polling);
    print_figure("tile.ping.sleep", sleeping);
    return 0;
}
