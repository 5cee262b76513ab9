/*
 * The virtio block driver, but it dies a moment after each start, with whatever is in flight then: for tests of what
 * its clients see and of its restart.
 */
#define main driver_main
#include "drivers/blk/virtio/main.c"
#undef main

#define LIFETIME_US 150000

static void die(void *unused)
{
    sys_sleep(LIFETIME_US);
    *(volatile int *)0 = 0;
}

int main(void)
{
    err_t error = thread_spawn(die, NULL, 4096, 210);
    if (error)
        log_panic("immortal: error %d", error);
    return driver_main();
}
