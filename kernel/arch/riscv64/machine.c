/* What the device tree says of the machine, the timer, and the console: between head.S and the portable boot. */
#include "kernel/arch/riscv64/fdt.h"
#include "kernel/arch/riscv64/mmu.h"
#include "kernel/arch/riscv64/plic.h"
#include "kernel/arch/riscv64/sbi.h"
#include "kernel/boot.h"
#include "kernel/panic.h"
#include "kernel/sched.h"
#include "hw/plic.h"
#include "lib/base/string.h"

#define EXTERNAL_SUPERVISOR 9 /* number of that interrupt at a hart's own controller */
#define CLINT_SIZE          0x10000

extern u8 kernel_start[], kernel_end[], trap_entry[];
u64 timer_probe(void);

struct facts {
    struct machine machine;
    u64 hart;
    paddr_t plic, clint;
    u32 plic_sources, plic_context;
};

static u64 ticks_per_us;
static u64 boot_ticks;
static bool has_stimecmp;

static bool node_is(const struct fdt_property *p, const char *prefix)
{
    return !strncmp(p->node, prefix, strlen(prefix));
}

/* The PLIC's contexts are listed as pairs (hart's controller, interrupt): ours is the hart's own, supervisor mode. */
static u32 find_context(const struct fdt_property *p, u64 hart)
{
    u64 seen = 0;
    for (u32 i = 0; i < p->length / 8; i++)
        if (fdt_cell(p, 2 * i + 1) == EXTERNAL_SUPERVISOR && seen++ == hart)
            return i;
    return 0;
}

static void visit_chosen(struct machine *m, const struct fdt_property *p)
{
    u64 number = p->length == 8 ? fdt_number(p, 0) : fdt_cell(p, 0);
    if (!strcmp(p->name, "linux,initrd-start"))
        m->initrd_start = number;
    else if (!strcmp(p->name, "linux,initrd-end"))
        m->initrd_end = number;
    else if (!strcmp(p->name, "bootargs"))
        memcpy(m->command_line, p->value, p->length < sizeof m->command_line ? p->length : sizeof m->command_line - 1);
}

static void visit_plic(struct facts *f, const struct fdt_property *p)
{
    if (!strcmp(p->name, "reg"))
        f->plic = fdt_number(p, 0);
    else if (!strcmp(p->name, "riscv,ndev"))
        f->plic_sources = fdt_cell(p, 0) + 1;
    else if (!strcmp(p->name, "interrupts-extended"))
        f->plic_context = find_context(p, f->hart);
}

static void visit(void *context, const struct fdt_property *p)
{
    struct facts *f = context;
    struct machine *m = &f->machine;
    if (!strcmp(p->node, "chosen")) {
        visit_chosen(m, p);
    } else if (node_is(p, "memory@") && !strcmp(p->name, "reg") && !m->ram_end) {
        m->ram_start = fdt_number(p, 0);
        m->ram_end = m->ram_start + fdt_number(p, 2);
    } else if (!strcmp(p->name, "timebase-frequency")) {
        m->timebase_hz = fdt_cell(p, 0);
    } else if (node_is(p, "cpu@") && !strcmp(p->name, "device_type")) {
        m->cpu_count++;
    } else if (node_is(p, "plic@") || node_is(p, "interrupt-controller@")) {
        visit_plic(f, p);
    } else if ((node_is(p, "clint@") || node_is(p, "aclint")) && !strcmp(p->name, "reg")) {
        f->clint = fdt_number(p, 0);
    }
}

/* The kernel keeps the interrupt controller and the firmware's timer for itself. Holes are in ascending order. */
static void keep_devices(struct facts *f)
{
    struct machine *m = &f->machine;
    paddr_t clint = f->clint, plic = f->plic;
    if (clint) {
        m->hole[m->holes].start = clint;
        m->hole[m->holes++].end = clint + CLINT_SIZE;
    }
    m->hole[m->holes].start = plic;
    m->hole[m->holes++].end = plic + PLIC_SIZE;
    m->device_end = m->ram_start;
}

static void describe(struct facts *f, paddr_t dtb)
{
    struct machine *m = &f->machine;
    if (!fdt_walk(arch_phys_to_virt(dtb), visit, f) || !m->ram_end || !m->timebase_hz || !f->plic)
        kernel_panic("boot: no device tree, or one without memory, timebase or PLIC");
    m->dtb_start = dtb;
    m->dtb_end = dtb + fdt_size(arch_phys_to_virt(dtb));
    m->kernel_start = m->ram_start;
    m->kernel_end = arch_virt_to_phys(kernel_end);
    keep_devices(f);
}

struct thread *boot_machine(u64 hart, paddr_t dtb, u64 ticks);

/* Called by head.S. Gives the first thread. */
struct thread *boot_machine(u64 hart, paddr_t dtb, u64 ticks)
{
    static struct facts f;
    f.hart = hart;
    f.machine.boot_ticks = boot_ticks = ticks;
    describe(&f, dtb);
    ticks_per_us = f.machine.timebase_hz / 1000000;
    mmu_init(f.machine.ram_end);
    plic_init(f.plic, f.plic_sources, f.plic_context);
    has_stimecmp = timer_probe();
    csr_write(stvec, trap_entry);
    csr_write(scounteren, 7); /* users may read cycle, time and instret */
    csr_write(sie, 1 << 5 | 1 << 9);
    boot(&f.machine);
    return cpu_self()->current;
}

u64 arch_boot_time(void)
{
    return boot_ticks;
}

u64 arch_us_to_ticks(u64 us)
{
    const u64 for_ever = 1ull << 62; /* also behind what is added to it */
    return us < for_ever / ticks_per_us ? us * ticks_per_us : for_ever;
}

u64 arch_ticks_to_us(u64 ticks)
{
    return ticks / ticks_per_us;
}

void arch_timer_set(u64 ticks)
{
    if (has_stimecmp)
        __asm__ volatile("csrw 0x14d, %0" ::"r"(ticks) : "memory");
    else
        sbi_set_timer(ticks);
}

void arch_console_put(char c)
{
    if (c == '\n')
        sbi_console_put('\r');
    sbi_console_put(c);
}

int arch_console_get(void)
{
    return sbi_console_get();
}

void arch_halt(void)
{
    sbi_shutdown(true);
}
