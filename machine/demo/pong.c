/* The partner of ping.c: answers each message with one byte. The message's byte says how to wait for the next one. */
#include "machine/demo/demo.h"
#include "machine/demo/pingpong.h"

static uint8_t answer[16] __attribute__((aligned(4096)));

int main(void)
{
    volatile uint64_t *times = (volatile uint64_t *)(uintptr_t)PONG_TIMES;
    uint8_t mode = MODE_POLL;
    for (;;) {
        if (mode & MODE_SLEEP)
            tcu_sleep();
        while (!tcu_has_message(EP_RECEIVE))
            continue;
        if (mode & MODE_TIMED)
            times[PONG_SEEN] = now();
        uint64_t offset = tcu_fetch(EP_RECEIVE);
        if (mode & MODE_TIMED)
            times[PONG_FETCHED] = now();
        mode = *(volatile uint8_t *)(uintptr_t)(PONG_BUFFER + offset + TCU_HEADER_BYTES);
        must(tcu_reply(EP_RECEIVE, offset, answer, 1), "answering");
    }
}
