/*
 * The TCU's two interrupts on a bare-metal core: the timer, and a core request for a message to an activity that does
 * not run. Prints one line for each thing tried; ends with status 0 if all were as they should be.
 */
#include "machine/demo/demo.h"

#include "hw/clint.h"
#include "hw/plic.h"

#define PLIC        0x0c000000u
#define CLINT       0x02000000u
#define CONTEXT     0 /* hart 0, M-mode */
#define EP_FOREIGN  8 /* receive, of activity OTHER */
#define EP_SEND     9 /* to it */
#define OTHER       5
#define TIMER_NS    5000
#define MIE_MEIE    0x800u
#define MIE_MTIE    0x80u
#define CAUSE_MTI   (UINT64_C(1) << 63 | 7)
#define MSTATUS_MIE 0x8u

static uint8_t buffer[64] __attribute__((aligned(4096)));
static volatile uint32_t claimed;
static volatile uint64_t request;
static volatile bool own_timer;
static int failures;

static volatile uint32_t *plic(uint32_t offset)
{
    return (volatile uint32_t *)(uintptr_t)(PLIC + offset);
}

static __attribute__((interrupt("machine"), aligned(4))) void on_interrupt(void)
{
    uint64_t cause;
    __asm__ volatile("csrr %0, mcause" : "=r"(cause));
    if (cause == CAUSE_MTI) {
        own_timer = true;
        __asm__ volatile("csrc mie, %0" : : "r"(MIE_MTIE));
        return;
    }
    claimed = *plic(PLIC_CLAIM(CONTEXT));
    if (claimed == TCU_IRQ_SOURCE + TCU_IRQ_TIMER) {
        tcu_put(TCU_REG_CLEAR_IRQ, TCU_IRQ_TIMER);
    } else {
        request = tcu_get(TCU_REG_CU_REQ);
        tcu_put(TCU_REG_CU_REQ, TCU_CU_RESPONSE);
    }
    *plic(PLIC_CLAIM(CONTEXT)) = claimed;
}

static void expect(bool good, const char *what)
{
    print(good ? "good: " : "BAD:  ");
    print(what);
    print("\n");
    failures += !good;
}

static void set_up(void)
{
    for (uint32_t irq = TCU_IRQ_CU; irq <= TCU_IRQ_TIMER; irq++)
        *plic(PLIC_PRIORITY(TCU_IRQ_SOURCE + irq)) = 1;
    *plic(PLIC_ENABLE(CONTEXT, 0)) = 3u << TCU_IRQ_SOURCE;
    *plic(PLIC_THRESHOLD(CONTEXT)) = 0;
    __asm__ volatile("csrw mtvec, %0" : : "r"(on_interrupt));
    __asm__ volatile("csrs mie, %0" : : "r"(MIE_MEIE));
    __asm__ volatile("csrs mstatus, %0" : : "r"(MSTATUS_MIE));
}

static void set_timer(void)
{
    claimed = 0;
    tcu_put(TCU_REG_PRIV_CMD, TCU_PUT(TCU_PRIV_OPCODE, TCU_PRIV_SET_TIMER) | TCU_PUT(TCU_PRIV_ARG, TIMER_NS));
}

static void check_timer(void)
{
    uint64_t begin = now();
    set_timer();
    while (claimed == 0)
        __asm__ volatile("wfi");
    uint64_t passed = now() - begin;
    expect(claimed == TCU_IRQ_SOURCE + TCU_IRQ_TIMER, "the timer's interrupt ends wfi");
    expect(passed >= TIMER_NS && passed < TIMER_NS + 500, "in time");
    set_timer();
    tcu_sleep();
    expect(claimed == TCU_IRQ_SOURCE + TCU_IRQ_TIMER, "it ends SLEEP");
}

/* The board's own timer counts at 10 MHz. */
static void check_other_interrupt(void)
{
    volatile uint64_t *compare = (volatile uint64_t *)(uintptr_t)(CLINT + CLINT_MTIMECMP(0));
    volatile uint64_t *time = (volatile uint64_t *)(uintptr_t)(CLINT + CLINT_MTIME);
    uint64_t begin = now();
    own_timer = false;
    *compare = *time + TIMER_NS / 100;
    __asm__ volatile("csrs mie, %0" : : "r"(MIE_MTIE));
    tcu_sleep();
    uint64_t passed = now() - begin;
    expect(own_timer, "another device's interrupt ends SLEEP, too");
    expect(passed + 200 >= TIMER_NS && passed < TIMER_NS + 700, "in time");
}

static void check_core_request(void)
{
    struct endpoint receive = endpoint_receive((uint64_t)buffer, 0, 6, TCU_NO_EP);
    receive.r[0] = (receive.r[0] & ~TCU_PUT(TCU_EP_ACT, 0xFFFF)) | TCU_PUT(TCU_EP_ACT, OTHER);
    set_local(EP_FOREIGN, receive);
    set_local(EP_SEND, endpoint_send(0, EP_FOREIGN, 1, 6, 0));
    claimed = 0;
    must(tcu_send(EP_SEND, buffer, 0, TCU_NO_EP, 0), "sending to our own tile");
    while (claimed == 0)
        __asm__ volatile("wfi");
    expect(claimed == TCU_IRQ_SOURCE + TCU_IRQ_CU, "a message to another activity asks the core");
    expect(TCU_GET(request, TCU_CU_TYPE) == TCU_CU_FOREIGN && TCU_GET(request, TCU_CU_EP) == EP_FOREIGN &&
               TCU_GET(request, TCU_CU_ACT) == OTHER,
           "and says for whom");
    expect(tcu_get(TCU_REG_CU_REQ) == 0, "and is gone when answered");
}

int main(void)
{
    set_up();
    check_timer();
    check_other_interrupt();
    check_core_request();
    return failures;
}
