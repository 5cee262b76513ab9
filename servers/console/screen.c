/* A ring of bytes for the serial line: see screen.h. */
#include "servers/console/screen.h"

#include "lib/base/string.h"
#include "proto/serial.h"

static struct {
    cap_t serial;
    char ring[SCREEN_MAX];
    size_t first, count;
} screen;

void screen_start(cap_t serial)
{
    screen.serial = serial;
}

size_t screen_room(void)
{
    return SCREEN_MAX - screen.count;
}

void screen_put(const char *bytes, size_t n)
{
    if (n > screen_room())
        n = screen_room();
    while (n) {
        size_t at = (screen.first + screen.count) % SCREEN_MAX;
        size_t piece = n < SCREEN_MAX - at ? n : SCREEN_MAX - at;
        memcpy(screen.ring + at, bytes, piece);
        screen.count += piece;
        bytes += piece;
        n -= piece;
    }
}

/* What is in one run, and fits a message. */
static size_t next_run(void)
{
    size_t n = SCREEN_MAX - screen.first;
    if (n > screen.count)
        n = screen.count;
    return n < SERIAL_WRITE_DATA_MAX ? n : SERIAL_WRITE_DATA_MAX;
}

void screen_drain(void)
{
    while (screen.count) {
        size_t n = next_run();
        u32 taken = 0;
        if (serial_write(screen.serial, screen.ring + screen.first, n, &taken) || taken > n)
            return;
        screen.first = (screen.first + taken) % SCREEN_MAX;
        screen.count -= taken;
        if (taken < n)
            return; /* the line's Irq tells when to go on */
    }
}
