/*
 * A client of all drivers, on a machine whose disk holds a known pattern and whose console port "command" is answered
 * by the test on the host. Prints TAP on the debug console, then switches the machine off.
 */
#include "lib/base/string.h"
#include "lib/drv/device.h"
#include "lib/tess/tess.h"
#include "proto/blk.h"
#include "proto/dataspace.h"
#include "proto/file.h"
#include "proto/fs.h"
#include "proto/hw.h"
#include "proto/mem.h"
#include "proto/serial.h"

#define SECTOR       512
#define BUFFER       (64u << 10)
#define PATTERN(s)   (0x5eed0000u + (u32)(s)) /* each 32-bit word of sector s, as the host made it */
#define BAD_SECTOR   4000
#define STREAM_BYTES (1u << 20) /* sent by each side of the port */
#define WINDOW_ORDER 20

static u32 number;
static bool failed;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            log_printf("# %s:%d: %s", __FILE__, __LINE__, #condition);                                                 \
            failed = true;                                                                                             \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)
#define CHECK_EQ(actual, expected)                                                                                     \
    do {                                                                                                               \
        u64 is = (u64)(actual), should = (u64)(expected);                                                              \
        if (is != should) {                                                                                            \
            log_printf("# %s:%d: %s is %lu, not %lu", __FILE__, __LINE__, #actual, is, should);                        \
            failed = true;                                                                                             \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* --- disk --- */

static cap_t disk;        /* our session */
static struct dma buffer; /* memory for transfers: any dataspace would do that is contiguous */
static u32 region;
static u64 sectors;

static err_t transfer(u32 op, u64 offset, u64 sector, u32 count)
{
    u64 tag;
    u32 status;
    err_t error = blk_submit(disk, region, offset, sector, count, op, sector);
    if (!error)
        error = blk_complete(disk, &tag, &status);
    return error ? error : (err_t)status;
}

static bool holds_pattern(const u8 *sector_data, u64 sector)
{
    for (u32 i = 0; i < SECTOR; i += 4)
        if (*(const u32 *)(sector_data + i) != PATTERN(sector))
            return false;
    return true;
}

static void disk_opens(void)
{
    u32 sector_size, depth, read_only, max;
    CHECK_EQ(blk_info(env_cap("blk"), &sectors, &sector_size, &depth, &read_only, &max), 0);
    CHECK_EQ(sector_size, SECTOR);
    CHECK_EQ(read_only, 0);
    CHECK_EQ(sectors, 8192);
    CHECK((disk = slot_alloc()) != 0);
    CHECK_EQ(blk_submit(env_cap("blk"), 0, 0, 0, 1, BLK_READ, 0), E_NOSYS); /* not a session */
    CHECK_EQ(blk_open(env_cap("blk"), disk), 0);
    CHECK_EQ(dma_alloc(&buffer, BUFFER), 0);
    CHECK_EQ(blk_attach(disk, wire_cap(buffer.dataspace), &region), 0);
}

static void disk_reads(void)
{
    CHECK_EQ(transfer(BLK_READ, 0, 0, BUFFER / SECTOR), 0);
    for (u32 i = 0; i < BUFFER / SECTOR; i++)
        CHECK(holds_pattern(buffer.memory + i * SECTOR, i));
    CHECK_EQ(transfer(BLK_READ, SECTOR, sectors - 1, 1), 0);
    CHECK(holds_pattern(buffer.memory + SECTOR, sectors - 1));
}

static void disk_writes(void)
{
    for (u32 i = 0; i < BUFFER; i += 4)
        *(u32 *)(buffer.memory + i) = i;
    CHECK_EQ(transfer(BLK_WRITE, 0, 1000, BUFFER / SECTOR), 0);
    memset(buffer.memory, 0, BUFFER);
    CHECK_EQ(transfer(BLK_FLUSH, 0, 0, 0), 0);
    CHECK_EQ(transfer(BLK_READ, 0, 1000, BUFFER / SECTOR), 0);
    for (u32 i = 0; i < BUFFER; i += 4)
        CHECK_EQ(*(u32 *)(buffer.memory + i), i);
}

/* All requests of the session at once, each to its own part of the buffer; completions in any order. */
static void disk_has_many_requests_in_flight(void)
{
    u64 tag, seen = 0;
    u32 status, depth = 16;
    for (u64 i = 0; i < depth; i++)
        CHECK_EQ(blk_submit(disk, region, i * SECTOR, 50 * i, 1, BLK_READ, i), 0);
    for (u64 i = 0; i < depth; i++) {
        CHECK_EQ(blk_complete(disk, &tag, &status), 0);
        CHECK_EQ(status, 0);
        CHECK(tag < depth && !(seen >> tag & 1));
        seen |= 1ull << tag;
    }
    for (u64 i = 0; i < depth; i++)
        CHECK(holds_pattern(buffer.memory + i * SECTOR, 50 * i));
}

/* The host lets one sector fail. */
static void disk_passes_errors_on(void)
{
    CHECK_EQ(transfer(BLK_READ, 0, BAD_SECTOR, 1), E_IO);
    CHECK_EQ(transfer(BLK_READ, 0, BAD_SECTOR - 8, 16), E_IO);
    CHECK_EQ(transfer(BLK_READ, 0, BAD_SECTOR - 8, 1), 0);
    CHECK(holds_pattern(buffer.memory, BAD_SECTOR - 8));
}

static void disk_checks_arguments(void)
{
    CHECK_EQ(transfer(BLK_READ, 0, sectors, 1), E_RANGE);
    CHECK_EQ(transfer(BLK_READ, BUFFER, 0, 1), E_FAULT);
    CHECK_EQ(transfer(BLK_READ, 1, 0, 1), E_INVAL);
    CHECK_EQ(transfer(9, 0, 0, 1), E_INVAL);
    CHECK_EQ(blk_submit(disk, 99, 0, 0, 1, BLK_READ, 0), E_NOENT);
    CHECK_EQ(blk_detach(disk, 99), E_NOENT);
}

/* A client's own gate is no dataspace: the driver must not ask it for addresses, nor wait for it. */
static void disk_believes_root_only(void)
{
    u32 other;
    cap_t fake = slot_alloc(), scattered = slot_alloc();
    CHECK_EQ(factory_create_gate(SLOT_FACTORY, fake), 0);
    CHECK_EQ(gate_bind(fake, SLOT_THREAD, 1), 0);
    CHECK_EQ(blk_attach(disk, wire_cap(fake), &other), E_INVAL);
    CHECK_EQ(mem_alloc(SLOT_MEM, BUFFER, 0, scattered), 0);
    CHECK_EQ(blk_attach(disk, wire_cap(scattered), &other), E_INVAL);
    slot_drop(fake);
    slot_drop(scattered);
}

static void disk_sessions_are_apart(void)
{
    u32 other;
    cap_t second = slot_alloc();
    CHECK_EQ(blk_open(env_cap("blk"), second), 0);
    CHECK_EQ(blk_submit(second, region, 0, 0, 1, BLK_READ, 0), E_NOENT); /* regions are the first one's */
    CHECK_EQ(blk_attach(second, wire_cap(buffer.dataspace), &other), 0);
    CHECK_EQ(blk_submit(second, other, 0, 5, 1, BLK_READ, 0), 0);
    session_close(second);         /* with the request in flight, perhaps */
    for (u32 i = 0; i < 20; i++) { /* places are given back: there are only 8 */
        second = slot_alloc();
        CHECK_EQ(blk_open(env_cap("blk"), second), 0);
        session_close(second);
    }
    CHECK_EQ(transfer(BLK_READ, 0, 7, 1), 0);
    CHECK(holds_pattern(buffer.memory, 7));
}

/* --- console port --- */

static cap_t port;
static vaddr_t in_window, out_window;

static void port_opens(void)
{
    u32 mode;
    cap_t ports = env_cap("ports");
    CHECK((port = slot_alloc()) != 0);
    CHECK_EQ(fs_open(ports, 0, FS_READ | FS_WRITE, 0, "nothing", 7, &mode, port), E_NOENT);
    CHECK_EQ(fs_open(ports, 0, FS_READ | FS_WRITE, 0, "command", 7, &mode, port), 0);
    CHECK_EQ(rm_reserve(&in_window, 1ull << WINDOW_ORDER, 1ull << WINDOW_ORDER), 0);
    CHECK_EQ(rm_reserve(&out_window, 1ull << WINDOW_ORDER, 1ull << WINDOW_ORDER), 0);
}

/* Sends bytes whose values count up from `first`. */
static err_t send_bytes(u32 first, u32 count)
{
    const u64 window = FPAGE_MEM(out_window, WINDOW_ORDER, RIGHT_R | RIGHT_W);
    while (count > 0) {
        u64 at, length, position;
        u32 flags;
        err_t error = file_next_out(port, count, 0, &at, &length, &flags, window);
        if (error)
            return error;
        for (u64 i = 0; i < length; i++)
            *(u8 *)(out_window + at + i) = (u8)(first + i);
        error = file_commit_out(port, length, &position);
        if (error)
            return error;
        first += (u32)length;
        count -= (u32)length;
    }
    return E_OK;
}

static void port_sends(void)
{
    CHECK_EQ(send_bytes(0, STREAM_BYTES), 0);
}

/* The host answers each byte by its complement. */
static void port_receives(void)
{
    const u64 window = FPAGE_MEM(in_window, WINDOW_ORDER, RIGHT_R);
    for (u32 got = 0; got < STREAM_BYTES;) {
        u64 at, length;
        u32 flags;
        CHECK_EQ(file_next_in(port, 0, &at, &length, &flags, window), 0);
        CHECK(length > 0);
        for (u64 i = 0; i < length; i++)
            CHECK_EQ(*(u8 *)(in_window + at + i), (u8) ~(got + i));
        got += (u32)length;
    }
}

static void port_keeps_what_was_not_consumed(void)
{
    const u64 window = FPAGE_MEM(in_window, WINDOW_ORDER, RIGHT_R);
    u64 at, length;
    u32 flags;
    CHECK_EQ(send_bytes(0, 8), 0);
    for (u32 i = 0; i < 8; i++) {
        CHECK_EQ(file_next_in(port, 0, &at, &length, &flags, window), 0);
        CHECK_EQ(*(u8 *)(in_window + at), (u8)~i);
        CHECK_EQ(file_commit_in(port, 1), 0);
    }
    CHECK_EQ(file_next_in(port, 1, &at, &length, &flags, window), E_AGAIN);
    CHECK_EQ(file_commit_in(port, 1), E_AGAIN);
}

static void port_checks_arguments(void)
{
    u64 at, length, position;
    u32 flags, events;
    CHECK_EQ(file_commit_out(port, 1, &position), E_AGAIN);
    CHECK_EQ(file_next_out(port, 100, 1, &at, &length, &flags, FPAGE_MEM(out_window, WINDOW_ORDER, RIGHTS_RWX)), 0);
    CHECK_EQ(length, 100);
    CHECK_EQ(file_commit_out(port, 101, &position), E_INVAL);
    CHECK_EQ(file_commit_out(port, 0, &position), 0);
    CHECK_EQ(file_seek(port, 0, FILE_SEEK_SET, &position), E_SPIPE);
    CHECK_EQ(file_poll(port, FILE_EVENT_OUT, 0, &events), 0);
    CHECK_EQ(events, FILE_EVENT_OUT);
}

static void port_is_shared_by_clones(void)
{
    u64 at, length, position;
    u32 flags;
    cap_t clone = slot_alloc();
    CHECK_EQ(file_clone(port, clone), 0);
    CHECK_EQ(file_next_out(clone, 1, 0, &at, &length, &flags, FPAGE_MEM(out_window, WINDOW_ORDER, RIGHTS_RWX)), 0);
    CHECK(flags & FILE_FLAG_SHARED);
    *(u8 *)(out_window + at) = 1;
    CHECK_EQ(file_commit_out(clone, 1, &position), 0);
    CHECK_EQ(file_next_in(port, 0, &at, &length, &flags, FPAGE_MEM(in_window, WINDOW_ORDER, RIGHT_R)), 0);
    CHECK_EQ(*(u8 *)(in_window + at), (u8)~1);
    session_close(clone);
}

/* --- serial line --- */

static void serial_writes(void)
{
    static const char text[] = "written by the serial driver\r\n";
    u32 count, unsent, lost, breaks;
    CHECK_EQ(serial_write(env_cap("serial"), text, sizeof text - 1, &count), 0);
    CHECK_EQ(count, sizeof text - 1);
    do {
        sys_sleep(1000);
        CHECK_EQ(serial_status(env_cap("serial"), &unsent, &lost, &breaks), 0);
    } while (unsent > 0);
}

/* More than the ring holds: the writer is told when there is room again. */
static void serial_tells_of_room(void)
{
    static char block[512];
    u32 count = sizeof block, blocks = 0;
    cap_t irq = slot_alloc();
    CHECK_EQ(factory_create_irq(SLOT_FACTORY, irq), 0);
    CHECK_EQ(irq_bind(irq, SLOT_THREAD, 1), 0);
    CHECK_EQ(serial_notify(env_cap("serial"), wire_cap(irq)), 0);
    memset(block, '.', sizeof block);
    for (; blocks < 40 && count == sizeof block; blocks++)
        CHECK_EQ(serial_write(env_cap("serial"), block, sizeof block, &count), 0);
    CHECK(blocks == 40 || irq_receive(irq, 5000000) == 0);
    slot_drop(irq);
}

/* What comes behind a failure builds on what failed: it is left out. */
static void run(const char *name, void (*test)(void))
{
    if (failed)
        return;
    test();
    log_printf("%s %u - %s", failed ? "not ok" : "ok", ++number, name);
}

#define RUN(test) run(#test, test)

int main(void)
{
    log_printf("start of tests");
    RUN(disk_opens);
    RUN(disk_reads);
    RUN(disk_writes);
    RUN(disk_has_many_requests_in_flight);
    RUN(disk_passes_errors_on);
    RUN(disk_checks_arguments);
    RUN(disk_believes_root_only);
    RUN(disk_sessions_are_apart);
    RUN(port_opens);
    RUN(port_sends);
    RUN(port_receives);
    RUN(port_keeps_what_was_not_consumed);
    RUN(port_checks_arguments);
    RUN(port_is_shared_by_clones);
    RUN(serial_writes);
    RUN(serial_tells_of_room);
    log_printf("end of tests");
    hw_power_off(env_cap("power"), failed);
    return 0;
}
