/* What the device tree says of the machine, the timer, and the console: between head.S and the portable boot. */
#include "kernel/arch/riscv64/debug.h"
#include "kernel/arch/riscv64/fdt.h"
#include "kernel/arch/riscv64/mmu.h"
#include "kernel/arch/riscv64/plic.h"
#include "kernel/arch/riscv64/sbi.h"
#include "kernel/boot.h"
#include "kernel/panic.h"
#include "kernel/remote.h"
#include "kernel/sched.h"
#include "hw/plic.h"
#include "lib/base/string.h"

#define EXTERNAL_SUPERVISOR 9 /* number of that interrupt at a hart's own controller */
#define SOFTWARE_SUPERVISOR 1
#define CLINT_SIZE          0x10000
#define SSWI_SIZE           0x4000 /* RISC-V ACLINT specification 1.0, chapter 4: a register of 32 bits per hart */

extern u8 kernel_start[], kernel_end[], trap_entry[], _start[];
extern struct cpu arch_boot_cpu;
u64 timer_probe(void);

struct hart {
    u64 id;
    u32 controller; /* phandle of its own interrupt controller */
};

struct facts {
    struct machine machine;
    u64 hart;
    struct hart harts[CPUS_MAX]; /* in the order of the tree */
    u32 hart_count;
    bool boot_seen;
    struct hart *visited;         /* the one that the walk is at; NULL: one too many */
    paddr_t plic, clint, sswi;
    struct fdt_property plic_contexts, sswi_targets; /* pairs (a hart's controller, interrupt) */
};

static bool has_stimecmp;
static u64 hart_of[CPUS_MAX];
struct start {
    struct cpu *cpu; /* NULL: not started yet. Set last, by the CPU that starts it; read by head.S */
    u64 hart;
} started[CPUS_MAX];
static volatile u32 *sswi_of[CPUS_MAX]; /* writing 1 interrupts the CPU; NULL: the firmware does it */

static bool node_is(const struct fdt_property *p, const char *prefix)
{
    return !strncmp(p->node, prefix, strlen(prefix));
}

/* Which of the pairs (controller, interrupt) is this one; -1: none. */
static i32 find_target(const struct fdt_property *p, u32 controller, u32 interrupt)
{
    for (u32 i = 0; i < p->length / 8; i++)
        if (fdt_cell(p, 2 * i) == controller && fdt_cell(p, 2 * i + 1) == interrupt)
            return i;
    return -1;
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
        f->machine.line_count = fdt_cell(p, 0) + 1;
    else if (!strcmp(p->name, "interrupts-extended"))
        f->plic_contexts = *p;
}

/* The one that we boot on has a place in any case. */
static struct hart *new_hart(struct facts *f, u64 id)
{
    u32 room = CPUS_MAX - (id != f->hart && !f->boot_seen);
    f->boot_seen |= id == f->hart;
    if (f->hart_count >= room)
        return NULL;
    f->harts[f->hart_count].id = id;
    return &f->harts[f->hart_count++];
}

/* A hart's own interrupt controller is a node below that of the hart. */
static void visit_hart(struct facts *f, const struct fdt_property *p)
{
    if (node_is(p, "cpu@") && !strcmp(p->name, "device_type"))
        f->machine.cpu_count++;
    if (node_is(p, "cpu@") && !strcmp(p->name, "reg"))
        f->visited = new_hart(f, p->length == 8 ? fdt_number(p, 0) : fdt_cell(p, 0));
    if (!strcmp(p->node, "interrupt-controller") && !strcmp(p->name, "phandle") && f->visited)
        f->visited->controller = fdt_cell(p, 0);
}

static void visit_sswi(struct facts *f, const struct fdt_property *p)
{
    if (!strcmp(p->name, "reg"))
        f->sswi = fdt_number(p, 0);
    else if (!strcmp(p->name, "interrupts-extended"))
        f->sswi_targets = *p;
}

static void visit(void *context, const struct fdt_property *p)
{
    struct facts *f = context;
    struct machine *m = &f->machine;
    debug_visit(p);
    if (!strcmp(p->node, "chosen")) {
        visit_chosen(m, p);
    } else if (node_is(p, "memory@") && !strcmp(p->name, "reg") && !m->ram_end) {
        m->ram_start = fdt_number(p, 0);
        m->ram_end = m->ram_start + fdt_number(p, 2);
    } else if (!strcmp(p->name, "timebase-frequency")) {
        m->timebase_hz = fdt_cell(p, 0);
    } else if (node_is(p, "cpu@") || !strcmp(p->node, "interrupt-controller")) {
        visit_hart(f, p);
    } else if (node_is(p, "sswi@")) {
        visit_sswi(f, p);
    } else if (node_is(p, "plic@") || node_is(p, "interrupt-controller@")) {
        visit_plic(f, p);
    } else if ((node_is(p, "clint@") || node_is(p, "aclint")) && !strcmp(p->name, "reg")) {
        f->clint = fdt_number(p, 0);
    }
}

static void keep(struct machine *m, paddr_t start, u64 size)
{
    if (!start)
        return;
    m->hole[m->holes].start = start;
    m->hole[m->holes++].end = start + size;
}

/* The kernel keeps interrupt controllers and the firmware's timer for itself. Holes are in ascending order. */
static void keep_devices(struct facts *f)
{
    struct machine *m = &f->machine;
    keep(m, f->clint, CLINT_SIZE);
    keep(m, f->sswi, SSWI_SIZE);
    keep(m, f->plic, PLIC_SIZE);
    m->device_end = m->ram_start;
}

static void describe(struct facts *f, paddr_t dtb)
{
    struct machine *m = &f->machine;
    if (!fdt_walk(arch_phys_to_virt(dtb), visit, f) || !m->ram_end || m->timebase_hz < 1000000 || !f->plic)
        kernel_panic("boot: no device tree, or one without memory, timebase or PLIC");
    m->dtb_start = dtb;
    m->dtb_end = dtb + fdt_size(arch_phys_to_virt(dtb));
    m->kernel_start = m->ram_start;
    m->kernel_end = arch_virt_to_phys(kernel_end);
    keep_devices(f);
}

/* What each hart sets up for itself. */
static void setup_hart(void)
{
    csr_write(stvec, trap_entry);
    debug_boot();
    csr_write(scounteren, 7); /* users may read cycle, time and instret */
    plic_open(cpu_self()->id);
    csr_write(sie, 1 << 1 | 1 << 5 | 1 << 9);
}

/* The next CPU of the table is this hart. */
static void add_hart(const struct facts *f, const struct hart *hart, struct cpu *cpu)
{
    i32 context = find_target(&f->plic_contexts, hart->controller, EXTERNAL_SUPERVISOR);
    i32 target = find_target(&f->sswi_targets, hart->controller, SOFTWARE_SUPERVISOR);
    cpu_add(cpu);
    hart_of[cpu->id] = hart->id;
    plic_add_cpu(cpu->id, context < 0 ? 0 : context);
    if (f->sswi && target >= 0)
        sswi_of[cpu->id] = (volatile u32 *)arch_phys_to_virt(f->sswi) + target;
}

static void add_harts(struct facts *f, struct cpu *boot_cpu)
{
    u8 *area = kernel_end + (-(u64)kernel_end & (ARCH_CPU_AREA - 1));
    for (u32 i = 0; i < f->hart_count; i++)
        if (f->harts[i].id == f->hart)
            add_hart(f, &f->harts[i], boot_cpu);
    boot_cpu->rest = CPU_ACTIVE;
    for (u32 i = 0; i < f->hart_count; i++) {
        if (f->harts[i].id == f->hart)
            continue;
        struct cpu *cpu = (struct cpu *)(area + ARCH_CPU_OFFSET);
        memset(cpu, 0, sizeof *cpu);
        add_hart(f, &f->harts[i], cpu);
        area += ARCH_CPU_AREA;
        f->machine.kernel_end = arch_virt_to_phys(area);
    }
}

struct thread *hart_main(struct cpu *cpu);

/* Called by head.S on each further hart. Gives its first thread. */
struct thread *hart_main(struct cpu *cpu)
{
    arch_space_switch(arch_kernel_root());
    arch_tlb_flush_all();
    arch_timer_set(~0ull);
    setup_hart();
    kernel_enter(cpu);
    return sched_exit(cpu);
}

bool arch_cpu_start(struct cpu *cpu)
{
    struct start *start = &started[cpu->id];
    start->hart = hart_of[cpu->id];
    __atomic_store_n(&start->cpu, cpu, __ATOMIC_RELEASE);
    return sbi_hart_start(start->hart, arch_virt_to_phys(_start), 0);
}

void arch_ipi_send(u64 cpu)
{
    if (sswi_of[cpu])
        *sswi_of[cpu] = 1;
    else
        sbi_send_ipi(hart_of[cpu]);
}

struct thread *boot_machine(u64 hart, paddr_t dtb, u64 ticks);

/* Called by head.S. Gives the first thread. */
struct thread *boot_machine(u64 hart, paddr_t dtb, u64 ticks)
{
    static struct facts f;
    f.hart = hart;
    f.machine.boot_ticks = ticks;
    describe(&f, dtb);
    mmu_init(f.machine.ram_end);
    plic_init(f.plic, f.machine.line_count);
    add_harts(&f, &arch_boot_cpu);
    has_stimecmp = timer_probe();
    setup_hart();
    boot(&f.machine);
    return cpu_self()->current;
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
