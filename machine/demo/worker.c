/* One of a crowd: sorts numbers that follow from what the previous tile sent, and passes a digest on to the next. */
#include "machine/demo/crowd.h"
#include "machine/demo/demo.h"

static uint64_t message[2] __attribute__((aligned(16)));
static uint32_t items[ITEMS];

static uint32_t fill(uint64_t seed)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        items[i] = seed >> 33;
    }
    return seed >> 32;
}

static void sift_down(uint32_t root, uint32_t count)
{
    uint32_t value = items[root];
    for (uint32_t child; (child = 2 * root + 1) < count; root = child) {
        child += child + 1 < count && items[child + 1] > items[child];
        if (items[child] <= value)
            break;
        items[root] = items[child];
    }
    items[root] = value;
}

static void sort(void)
{
    for (uint32_t i = ITEMS / 2; i-- > 0;)
        sift_down(i, ITEMS);
    for (uint32_t count = ITEMS - 1; count > 0; count--) {
        uint32_t largest = items[0];
        items[0] = items[count];
        items[count] = largest;
        sift_down(0, count);
    }
}

static uint64_t work(uint64_t seed)
{
    fill(seed);
    sort();
    for (uint32_t i = 0; i < ITEMS; i++)
        seed = (seed ^ items[i]) * 0x100000001b3u;
    return seed;
}

static uint64_t receive(void)
{
    uint64_t offset;
    while ((offset = tcu_fetch(EP_FROM_PREVIOUS)) == TCU_NO_MESSAGE)
        tcu_sleep();
    uint64_t word = *(volatile uint64_t *)(uintptr_t)(CROWD_BUFFER + offset + TCU_HEADER_BYTES);
    must(tcu_ack(EP_FROM_PREVIOUS, offset), "freeing a message");
    return word;
}

int main(void)
{
    uint64_t digest = 1;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        digest = work(digest);
        message[0] = digest;
        must(tcu_send(EP_TO_NEXT, message, 8, TCU_NO_EP, 0), "sending to the next");
        digest ^= receive() << round;
    }
    message[0] = digest;
    must(tcu_send(EP_TO_CONTROLLER, message, 8, TCU_NO_EP, 0), "sending the result");
    for (;;)
        tcu_sleep();
}
