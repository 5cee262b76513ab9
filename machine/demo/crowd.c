/*
 * A crowd of core tiles that compute and pass messages round a ring (worker.c): starts them, and prints what they found
 * and how long it took. It is what parallel simulation is measured with.
 */
#include "machine/demo/crowd.h"
#include "machine/demo/demo.h"

#define FIRST 1 /* worker's tile: see crowd.tiles */
#define LAST  15

static void connect(uint32_t tile)
{
    uint32_t next = tile == LAST ? FIRST : tile + 1;
    tile_deprivilege(tile);
    set_remote(tile, EP_FROM_PREVIOUS, endpoint_receive(CROWD_BUFFER, 2, CROWD_SLOT_LOG2, TCU_NO_EP));
    set_remote(tile, EP_TO_NEXT, endpoint_send(next, EP_FROM_PREVIOUS, TCU_UNLIMITED, CROWD_SLOT_LOG2, tile));
    set_remote(tile, EP_TO_CONTROLLER, endpoint_send(0, EP_RESULTS, TCU_UNLIMITED, CROWD_SLOT_LOG2, tile));
}

static uint64_t next_result(uint64_t *tile)
{
    uint64_t offset;
    while ((offset = tcu_fetch(EP_RESULTS)) == TCU_NO_MESSAGE)
        tcu_sleep();
    const volatile uint64_t *slot = (volatile uint64_t *)(uintptr_t)(CROWD_BUFFER + offset);
    uint64_t digest = slot[TCU_HEADER_BYTES / 8];
    *tile = slot[TCU_HDR_LABEL];
    must(tcu_ack(EP_RESULTS, offset), "freeing a result");
    return digest;
}

int main(void)
{
    uint64_t begin = now(), sum = 0, tile;
    set_local(EP_RESULTS, endpoint_receive(CROWD_BUFFER, 5, CROWD_SLOT_LOG2, TCU_NO_EP));
    for (uint32_t i = FIRST; i <= LAST; i++)
        connect(i);
    for (uint32_t i = FIRST; i <= LAST; i++)
        tile_reset(i, TCU_EXT_START);
    for (uint32_t i = FIRST; i <= LAST; i++) {
        uint64_t digest = next_result(&tile);
        sum ^= digest * tile;
    }
    print("digest ");
    print_number(sum, 20);
    print("\ncycles ");
    print_number(now() - begin, 20);
    print("\n");
    return 0;
}
