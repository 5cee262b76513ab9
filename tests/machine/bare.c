/* Support for bare-metal test programs; see bare.h. */
#include "tests/machine/bare.h"

#include "hw/ns16550.h"
#include "hw/sifive_test.h"

#define UART   ((volatile uint8_t *)0x10000000)
#define FINISH ((volatile uint32_t *)0x100000)

static void put_char(char c)
{
    while (!(UART[NS16550_LSR] & NS16550_LSR_THRE))
        ;
    UART[NS16550_THR] = (uint8_t)c;
}

void put_text(const char *text)
{
    while (*text)
        put_char(*text++);
}

void put_hex(uint64_t value)
{
    for (int shift = 60; shift >= 0; shift -= 4)
        put_char("0123456789abcdef"[value >> shift & 15]);
}

void report(const char *name, uint64_t value)
{
    put_text(name);
    put_text(" ");
    put_hex(value);
    put_text("\n");
}

void finish(unsigned status)
{
    *FINISH = status ? status << 16 | SIFIVE_TEST_FAIL : SIFIVE_TEST_PASS;
    for (;;)
        ;
}

uint64_t bare_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

__attribute__((weak)) void on_trap(struct frame *f)
{
    report("unexpected trap", csr_read(mcause));
    report("pc", f->pc);
    report("tval", csr_read(mtval));
    finish(99);
}

/* The compiler may call these. */
void *memset(void *to, int value, size_t n)
{
    uint8_t *p = to;
    while (n--)
        *p++ = (uint8_t)value;
    return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
    uint8_t *p = to;
    const uint8_t *q = from;
    while (n--)
        *p++ = *q++;
    return to;
}
