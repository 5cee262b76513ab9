/*
 * The demonstration's controller, on tile 0: runs 1 to 4 chains of accelerators autonomously and assisted, and prints
 * what it took.
 */
#include "machine/demo/chains.h"

#define SLOT_LOG2 6

uint64_t slept;
static uint8_t messages[32 << SLOT_LOG2] __attribute__((aligned(4096)));
static uint64_t reply[4] __attribute__((aligned(64)));

uint64_t next_message(void)
{
    while (!tcu_has_message(EP_MESSAGES)) {
        uint64_t begin = now();
        tcu_sleep();
        slept += now() - begin;
    }
    return tcu_fetch(EP_MESSAGES);
}

uint64_t message_label(uint64_t offset)
{
    return ((const volatile uint64_t *)(messages + offset))[TCU_HDR_LABEL];
}

uint64_t message_word(uint64_t offset, uint32_t index)
{
    return ((const volatile uint64_t *)(messages + offset + TCU_HEADER_BYTES))[index];
}

void answer(uint64_t offset, uint64_t error, uint64_t at, uint64_t length)
{
    reply[0] = error;
    reply[1] = at;
    reply[2] = length;
    must(tcu_reply(EP_MESSAGES, offset, reply, sizeof reply), "answering an accelerator");
}

void stage_set_up(uint32_t tile)
{
    set_remote(tile, ACCEL_EP_RECV,
               endpoint_receive(ACCEL_RECV_BUFFER, ACCEL_RECV_SLOTS_LOG2, ACCEL_RECV_SLOT_LOG2, ACCEL_EP_REPLIES));
    tile_reset(tile, TCU_EXT_START);
}

void stage_stop(uint32_t tile)
{
    tile_reset(tile, TCU_EXT_STOP);
}

static void stop_all(void)
{
    for (uint32_t chain = 0; chain < CHAINS; chain++)
        for (uint32_t stage = 0; stage < STAGES; stage++)
            stage_stop(stage_tile(chain, stage));
}

static void set_up(void)
{
    set_local(EP_MESSAGES, endpoint_receive((uint64_t)messages, 5, SLOT_LOG2, EP_REPLIES));
    for (uint32_t chain = 0; chain < CHAINS; chain++)
        for (uint32_t stage = 0; stage < STAGES; stage++)
            tile_deprivilege(stage_tile(chain, stage));
}

static void print_row(const char *way, uint32_t chains, uint64_t cycles)
{
    uint64_t busy = cycles - slept;
    print(way);
    print_number(chains, 7);
    print_number(cycles, 10);
    print_number(cycles / (chains * BLOCKS), 11);
    print_number(100 * busy / cycles, 7);
    print(".");
    print_number(1000 * busy / cycles % 10, 0);
    print(" %");
    print_number(busy / (chains * BLOCKS), 12);
    print("\n");
}

static uint64_t measure(const char *way, void (*run)(uint32_t chains), uint32_t chains)
{
    stop_all();
    slept = 0;
    uint64_t begin = now();
    run(chains);
    uint64_t cycles = now() - begin;
    print_row(way, chains, cycles);
    return cycles;
}

int main(void)
{
    set_up();
    print("            chains    cycles  per block  core busy  busy/block\n");
    uint64_t assisted = 0, autonomous = 0;
    for (uint32_t chains = 1; chains <= CHAINS; chains++) {
        assisted = measure("assisted   ", run_assisted, chains);
        autonomous = measure("autonomous ", run_autonomous, chains);
        print("            autonomous is ");
        print_number(assisted / autonomous, 0);
        print(".");
        print_number(10 * assisted / autonomous % 10, 0);
        print(" times as fast\n");
    }
    print_figure("tile.block.assist", assisted / (CHAINS * BLOCKS));
    print_figure("tile.block.auto", autonomous / (CHAINS * BLOCKS));
    return 0;
}
