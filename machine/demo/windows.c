/*
 * Windows onto memory of another tile: what endpoints 0 to 3 permit, that failures are told if asked for, and what a
 * cache miss through TCU and network costs. Prints one line for each thing tried; ends with status 0 if all were as
 * they should be.
 */
#include "machine/demo/demo.h"

#define MEMORY_TILE 1
#define BYTES       0x10000u
#define LINE        64
#define EP_MEMORY   8
#define NOTHING     0x40000000u /* where a core tile has nothing at all */
#define UNTOUCHED   0x80300000u /* private memory that is in no cache yet */

static volatile uint64_t trap_cause, after_fetch;
static int failures;
static uint64_t word __attribute__((aligned(4096)));

enum { FETCH_FAULT = 1, LOAD_FAULT = 5, STORE_FAULT = 7 };

/* Notes why, and goes on behind the instruction, which is 4 bytes long, or where a failed jump says. */
static __attribute__((interrupt("machine"), aligned(4))) void on_trap(void)
{
    uint64_t pc;
    __asm__ volatile("csrr %0, mcause" : "=r"(trap_cause));
    __asm__ volatile("csrr %0, mepc" : "=r"(pc));
    __asm__ volatile("csrw mepc, %0" : : "r"(trap_cause == FETCH_FAULT ? after_fetch : pc + 4));
}

static volatile uint64_t *window(uint32_t index, uint64_t offset)
{
    return (volatile uint64_t *)(TCU_WINDOWS + ((uint64_t)index << TCU_WINDOW_LOG2) + offset);
}

static uint64_t load(volatile uint64_t *from)
{
    uint64_t value = 0;
    trap_cause = 0;
    __asm__ volatile(".option push\n.option norvc\nld %0, 0(%1)\n.option pop" : "+r"(value) : "r"(from) : "memory");
    return value;
}

static void store(volatile uint64_t *to, uint64_t value)
{
    trap_cause = 0;
    __asm__ volatile(".option push\n.option norvc\nsd %0, 0(%1)\n.option pop" : : "r"(value), "r"(to) : "memory");
}

static void jump(volatile uint64_t *to)
{
    trap_cause = 0;
    __asm__ volatile("la t0, 1f\n sd t0, 0(%0)\n jr %1\n 1:" : : "r"(&after_fetch), "r"(to) : "t0", "memory");
}

static void expect(bool good, const char *what)
{
    print(good ? "good: " : "BAD:  ");
    print(what);
    print("\n");
    failures += !good;
}

static uint64_t cycles_of_load(volatile uint64_t *from)
{
    uint64_t begin, end;
    __asm__ volatile("csrr %0, mcycle" : "=r"(begin));
    uint64_t value = load(from);
    __asm__ volatile("csrr %0, mcycle\n" : "=r"(end) : "r"(value));
    return end - begin;
}

static void check_permissions(void)
{
    load(window(0, 0));
    expect(trap_cause == LOAD_FAULT, "without an endpoint there is no window");
    set_local(1, endpoint_memory(MEMORY_TILE, 0x1000, BYTES, TCU_MEM_R | TCU_MEM_W));
    set_local(2, endpoint_memory(MEMORY_TILE, 0x2000, BYTES, TCU_MEM_R));
    store(window(1, 0x1008), 0x1234567890);
    expect(trap_cause == 0, "a store through a window");
    expect(load(window(2, 0x8)) == 0x1234567890 && trap_cause == 0, "another window shows it");
    store(window(2, 0x8), 1);
    expect(trap_cause == STORE_FAULT && load(window(1, 0x1008)) == 0x1234567890, "no store without permission");
    load(window(1, BYTES - 8));
    expect(trap_cause == 0, "the last word");
    load(window(1, BYTES));
    expect(trap_cause == LOAD_FAULT, "nothing behind the end");
    set_local(EP_MEMORY, endpoint_memory(MEMORY_TILE, 0x2000, BYTES, TCU_MEM_R));
    must(tcu_read(EP_MEMORY, &word, sizeof word, 8), "reading");
    expect(word == 0x1234567890, "the TCU reads the same");
    set_local(1, (struct endpoint){{0}});
    load(window(1, 0x1008));
    expect(trap_cause == LOAD_FAULT, "a revoked window is gone at once");
}

/* Whether the TCU asks to see to a failure with that error, and nothing else. */
static bool was_told(volatile uint64_t *where, bool write, enum tcu_error error)
{
    uint64_t request = tcu_get(TCU_REG_CU_REQ);
    tcu_put(TCU_REG_CU_REQ, TCU_CU_RESPONSE);
    return TCU_GET(request, TCU_CU_TYPE) == TCU_CU_PMP_FAILURE && TCU_GET(request, TCU_CU_WRITE) == write &&
           TCU_GET(request, TCU_CU_ERROR) == error &&
           TCU_GET(request, TCU_CU_PHYS) == ((uint64_t)where & ~(uint64_t)(LINE - 1)) &&
           tcu_get(TCU_REG_CU_REQ) == TCU_CU_IDLE;
}

static void check_reports(void)
{
    load(window(0, 0));
    expect(tcu_get(TCU_REG_CU_REQ) == TCU_CU_IDLE, "failures are not told unasked");
    tcu_put(TCU_REG_PRIV_CTRL, TCU_PRIV_CTRL_PMP);
    load(window(0, 0x48));
    expect(was_told(window(0, 0x48), false, TCU_E_NO_MEP), "a load without an endpoint is told");
    store(window(2, 0x8), 1);
    expect(was_told(window(2, 0x8), true, TCU_E_NO_PERM), "a store without permission is told");
    load(window(2, BYTES));
    expect(was_told(window(2, BYTES), false, TCU_E_OUT_OF_BOUNDS), "a load behind the end is told");
    jump(window(3, 0));
    expect(trap_cause == FETCH_FAULT && was_told(window(3, 0), false, TCU_E_NO_MEP), "a jump to nowhere is told once");
    load(window(2, 0x8));
    load((volatile uint64_t *)(uintptr_t)NOTHING);
    expect(trap_cause == LOAD_FAULT && tcu_get(TCU_REG_CU_REQ) == TCU_CU_IDLE, "other accesses are not");
    tcu_put(TCU_REG_PRIV_CTRL, 0);
}

static void print_costs(void)
{
    uint64_t miss = 0, hit = 0, private = 0;
    volatile uint64_t *untouched = (volatile uint64_t *)(uintptr_t)UNTOUCHED;
    for (uint32_t i = 0; i < 16; i++) {
        miss += cycles_of_load(window(2, 0x4000 + i * LINE));
        hit += cycles_of_load(window(2, 0x4000 + i * LINE));
        private += cycles_of_load(&untouched[i * LINE / 8]);
    }
    print_number(miss / 16, 6);
    print(" cycles: load through a window that misses all caches\n");
    print_number(private / 16, 6);
    print(" cycles: load from private memory that misses all caches\n");
    print_number(hit / 16, 6);
    print(" cycles: load that hits\n");
    expect(hit < private && private < miss, "distance costs");
}

int main(void)
{
    __asm__ volatile("csrw mtvec, %0" : : "r"(on_trap));
    check_permissions();
    check_reports();
    print_costs();
    return failures;
}
