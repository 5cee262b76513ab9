/*
 * The assisted way: accelerators wait for a core that brings and fetches every block. A chain has four links (memory to
 * fft, fft to mul, mul to ifft, ifft to memory); the core moves a block over a link as soon as its source has one and
 * its destination has room, so all stages work at the same time here as well.
 */
#include "machine/demo/chains.h"

#define LINKS (STAGES + 1)

struct link {
    uint32_t source, destination;       /* tile, or MEMORY_TILE */
    uint32_t source_ep, destination_ep; /* windows; the sessions are EP_SESSIONS - EP_WINDOWS further */
    uint64_t have, room;                /* bytes that the source offers, that the destination takes */
    uint64_t have_at, room_at;
    bool source_ended;
    bool told; /* the destination knows of the end */
};

static struct link links[CHAINS][LINKS];
static uint8_t block[COMPLEX_BLOCK] __attribute__((aligned(4096)));
static uint64_t words[4] __attribute__((aligned(64)));

static uint32_t window_ep(uint32_t chain, uint32_t stage, bool output)
{
    return EP_WINDOWS + 2 * (STAGES * chain + stage) + output;
}

/* Answers carry the link's number, and whether they are of its source or its destination. */
static void ask(uint32_t window, uint64_t op, uint64_t argument, uint32_t chain, uint32_t link, bool destination)
{
    words[0] = op;
    words[1] = argument;
    words[2] = 0;
    must(tcu_send(window - EP_WINDOWS + EP_SESSIONS, words, 24, EP_MESSAGES, 2 * (LINKS * chain + link) + destination),
         "asking an accelerator");
}

static void connect_stage(uint32_t chain, uint32_t stage)
{
    uint32_t tile = stage_tile(chain, stage), in = window_ep(chain, stage, false), out = in + 1;
    uint32_t session = in - EP_WINDOWS + EP_SESSIONS;
    set_local(in, endpoint_memory(tile, ACCEL_INPUT, COMPLEX_BLOCK, TCU_MEM_W));
    set_local(out, endpoint_memory(tile, ACCEL_OUTPUT, COMPLEX_BLOCK, TCU_MEM_R));
    set_local(session, endpoint_send(tile, ACCEL_EP_RECV, 1, ACCEL_MSG_LOG2, ACCEL_LABEL_OUT_REQ));
    set_local(session + 1, endpoint_send(tile, ACCEL_EP_RECV, 1, ACCEL_MSG_LOG2, ACCEL_LABEL_IN_REQ));
    stage_set_up(tile);
}

static void connect(uint32_t chain)
{
    uint32_t streams = EP_STREAMS + 2 * chain;
    set_local(streams, endpoint_memory(MEMORY_TILE, input_at(chain), STREAM, TCU_MEM_R));
    set_local(streams + 1, endpoint_memory(MEMORY_TILE, output_at(chain, true), STREAM, TCU_MEM_W));
    for (uint32_t stage = 0; stage < STAGES; stage++)
        connect_stage(chain, stage);
    for (uint32_t l = 0; l < LINKS; l++) {
        bool first = l == 0, last = l == STAGES;
        links[chain][l] = (struct link){
            .source = first ? MEMORY_TILE : stage_tile(chain, l - 1),
            .destination = last ? MEMORY_TILE : stage_tile(chain, l),
            .source_ep = first ? streams : window_ep(chain, l - 1, true),
            .destination_ep = last ? streams + 1 : window_ep(chain, l, false),
            .have = first ? STREAM : 0,
            .room = last ? STREAM : 0,
        };
        if (!first)
            ask(links[chain][l].source_ep, ACCEL_NEXT_IN, 0, chain, l, false);
        if (!last)
            ask(links[chain][l].destination_ep, ACCEL_NEXT_OUT, COMPLEX_BLOCK, chain, l, true);
    }
}

/* Moves one block, and tells both ends; asking for the next piece commits this one. */
static void move_block(uint32_t chain, uint32_t l)
{
    struct link *link = &links[chain][l];
    uint64_t size = link->have < link->room ? link->have : link->room;
    must(tcu_read(link->source_ep, block, size, link->have_at), "reading a block");
    link->have_at += size;
    link->have -= size;
    if (link->source != MEMORY_TILE)
        ask(link->source_ep, ACCEL_NEXT_IN, 0, chain, l, false);
    must(tcu_write(link->destination_ep, block, size, link->room_at), "writing a block");
    link->room_at += size;
    link->room -= size;
    if (link->destination != MEMORY_TILE)
        ask(link->destination_ep, ACCEL_NEXT_OUT, COMPLEX_BLOCK, chain, l, true);
    link->source_ended = link->source == MEMORY_TILE && link->have == 0;
}

/* Does what the link needs now. Returns whether the chain has come to its end by it. */
static bool advance(uint32_t chain, uint32_t l)
{
    struct link *link = &links[chain][l];
    if (link->have > 0 && link->room > 0)
        move_block(chain, l);
    if (!link->source_ended || link->told)
        return false;
    if (link->destination == MEMORY_TILE)
        return link->told = true;
    if (link->room > 0) { /* its last request has been answered, so we may send another one */
        link->told = true;
        ask(link->destination_ep, ACCEL_COMMIT_OUT, 0, chain, l, true);
    }
    return false;
}

/* An accelerator's answer to one of our requests. Returns whether a chain has ended. */
static bool handle(uint64_t offset)
{
    uint64_t number = message_label(offset) / 2, error = message_word(offset, 0);
    bool of_destination = message_label(offset) % 2;
    uint32_t chain = number / LINKS, l = number % LINKS;
    struct link *link = &links[chain][l];
    uint64_t at = message_word(offset, 1), length = message_word(offset, 2);
    must(error ? TCU_E_ABORT : tcu_ack(EP_MESSAGES, offset), "an accelerator's request");
    if (of_destination && !link->told) {
        link->room = length;
        link->room_at = at;
    } else if (!of_destination) {
        link->have = length;
        link->have_at = at;
        link->source_ended = length == 0;
    }
    return advance(chain, l);
}

void run_assisted(uint32_t chains)
{
    for (uint32_t chain = 0; chain < chains; chain++)
        connect(chain);
    for (uint32_t ended = 0; ended < chains;)
        ended += handle(next_message());
}
