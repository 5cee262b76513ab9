/*
 * A client of a block driver that dies now and then: each death ends its session with an error, after which it opens a
 * new one at the same gate. What it reads must be right at all times.
 */
#include "lib/drv/device.h"
#include "lib/tess/tess.h"
#include "proto/blk.h"
#include "proto/hw.h"

#define SECTOR        512
#define BUFFER        (64u << 10)
#define PATTERN(s)    (0x5eed0000u + (u32)(s))
#define SECTORS       4000 /* behind them stands the one that fails */
#define DEATHS_WANTED 3
#define DEPTH         8

static struct dma buffer;
static cap_t disk;
static u32 region;

static err_t open_disk(void)
{
    disk = slot_alloc();
    err_t error = blk_open(env_cap("blk"), disk);
    return error ? error : blk_attach(disk, wire_cap(buffer.dataspace), &region);
}

static bool holds_pattern(u64 slot, u64 sector)
{
    const u32 *word = (const u32 *)(buffer.memory + slot * SECTOR);
    for (u32 i = 0; i < SECTOR / 4; i++)
        if (word[i] != PATTERN(sector))
            return false;
    return true;
}

/* Reads DEPTH sectors at once. E_PROTO: wrong data; other errors: the driver has gone. */
static err_t read_some(u64 round)
{
    for (u64 i = 0; i < DEPTH; i++) {
        err_t error = blk_submit(disk, region, i * SECTOR, (round * DEPTH + i) % SECTORS, 1, BLK_READ, i);
        if (error)
            return error;
    }
    for (u64 i = 0; i < DEPTH; i++) {
        u64 tag;
        u32 status;
        err_t error = blk_complete(disk, &tag, &status);
        if (error)
            return error;
        if (status || tag >= DEPTH || !holds_pattern(tag, (round * DEPTH + tag) % SECTORS))
            return E_PROTO;
    }
    return E_OK;
}

static err_t work(u64 *rounds, u32 *deaths)
{
    while (*deaths < DEATHS_WANTED) {
        err_t error = read_some(*rounds);
        if (error == E_PROTO)
            return error;
        if (!error) {
            ++*rounds;
            continue;
        }
        ++*deaths;
        log_printf("session ended: error %d", error);
        slot_drop(disk);
        if ((error = open_disk()))
            return error;
    }
    return E_OK;
}

int main(void)
{
    u64 rounds = 0;
    u32 deaths = 0;
    err_t error = dma_alloc(&buffer, BUFFER);
    if (!error)
        error = open_disk();
    if (!error)
        error = work(&rounds, &deaths);
    log_printf("end of tests: error %d, %lu rounds, %u deaths", error, rounds, deaths);
    hw_power_off(env_cap("power"), error != E_OK);
    return 0;
}
