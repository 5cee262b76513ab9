/*
 * Privilege: delegation, what traps record, returns, illegal accesses to CSRs, interrupts,
 * counters' enables, the timers of machine and supervisor, PMP for supervisors.
 */
#include "tests/machine/bare.h"

#include "hw/ns16550.h"
#include "hw/plic.h"

#define STATUS_MIE  (1ull << 3)
#define STATUS_MPIE (1ull << 7)
#define STATUS_TVM  (1ull << 20)
#define STATUS_TW   (1ull << 21)
#define STATUS_TSR  (1ull << 22)
#define CLINT_MSIP  ((volatile uint32_t *)0x2000000)
#define MTIMECMP    ((volatile uint64_t *)0x2004000)
#define MTIME       ((volatile uint64_t *)0x200bff8)

/* What the last trap said. Set by the handler below, for M and for S. */
static volatile uint64_t trap_count, trap_cause, trap_tval, trap_epc, trap_status;

void on_trap(struct frame *f)
{
    trap_count++;
    trap_cause = csr_read(mcause);
    trap_tval = csr_read(mtval);
    trap_epc = f->pc;
    trap_status = csr_read(mstatus);
    csr_write(mie, 0);
}

/*
 * Runs code in a lower mode until it traps to M-mode, and returns here: the handler's mret is replaced by a jump.
 */
uint64_t run_in(uint64_t mode, const void *code, uint64_t a0);
__asm__(".text\n"
        ".globl run_in\n"
        "run_in:\n"
        "    addi sp, sp, -256\n"
        "    .irp r, 1,3,4,8,9,18,19,20,21,22,23,24,25,26,27\n"
        "    sd x\\r, \\r * 8(sp)\n"
        "    .endr\n"
        "    csrw mscratch, sp\n"
        "    csrr t0, mtvec\n"
        "    sd t0, 0(sp)\n"
        "    la t0, 1f\n"
        "    csrw mtvec, t0\n"
        "    li t0, 3 << 11\n"
        "    csrc mstatus, t0\n"
        "    slli a0, a0, 11\n"
        "    csrs mstatus, a0\n"
        "    csrw mepc, a1\n"
        "    mv a0, a2\n"
        "    mret\n"
        "    .align 2\n"
        "1:  csrr sp, mscratch\n"
        "    .irp r, 1,3,4,8,9,18,19,20,21,22,23,24,25,26,27\n"
        "    ld x\\r, \\r * 8(sp)\n"
        "    .endr\n"
        "    ld t0, 0(sp)\n"
        "    csrw mtvec, t0\n"
        "    addi sp, sp, 256\n"
        "    ret\n");

/* Prints the trap that ended run_in, and what the code left in a0. */
static void report_m(const char *name, const void *code, uint64_t a0)
{
    report(name, a0);
    report("  mcause", csr_read(mcause));
    report("  mtval", csr_read(mtval));
    report("  mepc", csr_read(mepc) - (uint64_t)code);
    report("  mstatus", csr_read(mstatus) & ~(1ull << 63 | 3 << 13));
}

/* Small pieces of code. Each ends with ecall, unless it traps before. */
#define PIECE(name, text)                                                                                              \
    extern const char name[];                                                                                          \
    __asm__(".text\n.align 2\n.option push\n.option norvc\n" #name ":\n" text "\necall\n.option pop\n")

PIECE(code_ecall, "nop");
PIECE(code_illegal, ".word 0xffffffff");
PIECE(code_ebreak, "ebreak");
PIECE(code_mstatus, "csrr a0, mstatus");
PIECE(code_sstatus, "csrr a0, sstatus");
PIECE(code_satp, "csrr a0, satp");
PIECE(code_sret, "la t0, 1f\ncsrw sepc, t0\nli t0, 0x120\ncsrs sstatus, t0\nsret\n.word 0\n1: csrr a0, sstatus");
PIECE(code_wfi, "li a0, 0\nwfi\nli a0, 1");
PIECE(code_sfence, "sfence.vma\nli a0, 1");
PIECE(code_cycle, "rdcycle a0\nli a0, 1");
PIECE(code_time, "rdtime a0\nli a0, 1");
PIECE(code_instret, "rdinstret a0\nli a0, 1");
PIECE(code_hpm, "csrr a0, hpmcounter3\nli a0, 1");
PIECE(code_write_readonly, "csrw cycle, zero");
PIECE(code_stimecmp, "csrr a0, 0x14d\nli a0, 1");
PIECE(code_load, "ld a0, 0(a0)");
PIECE(code_store, "sd a0, 0(a0)");
PIECE(code_misaligned_jump, "la t0, 1f\naddi t0, t0, 2\n1: jr t0\n.word 0x00010001\nli a0, 1");
PIECE(code_nowhere, "li t0, 0x8000000\njr t0");
PIECE(code_lr_sc,
      "la t0, scratch\nlr.w a0, (t0)\nli t1, 7\nsc.w a0, t1, (t0)\nsc.w t1, t1, (t0)\nslli t1, t1, 8\nor a0, a0, t1");

uint64_t scratch[8];

static const struct {
    const char *name;
    const char *code;
} pieces[] = {
    {"ecall", code_ecall},
    {"illegal", code_illegal},
    {"ebreak", code_ebreak},
    {"mstatus", code_mstatus},
    {"sstatus", code_sstatus},
    {"satp", code_satp},
    {"sret", code_sret},
    {"sfence", code_sfence},
    {"cycle", code_cycle},
    {"time", code_time},
    {"instret", code_instret},
    {"hpm", code_hpm},
    {"write read-only", code_write_readonly},
    {"stimecmp", code_stimecmp},
    {"jump", code_misaligned_jump},
    {"nowhere", code_nowhere},
    {"lr sc", code_lr_sc},
};

static void try_pieces(uint64_t mode)
{
    report("mode", mode);
    for (unsigned i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        uint64_t a0 = run_in(mode, pieces[i].code, 0);
        report_m(pieces[i].name, pieces[i].code, a0);
    }
}

/* A delegated interrupt that is masked by sstatus.SIE ends a wait, but is not taken. */
static void try_wfi(void)
{
    csr_write(mideleg, 2);
    csr_write(mie, 2);
    csr_write(mip, 2);
    for (unsigned tw = 0; tw < 2; tw++) {
        csr_write(mstatus, (csr_read(mstatus) & ~(STATUS_TW | 2)) | (tw ? STATUS_TW : 0));
        report_m("wfi", code_wfi, run_in(1, code_wfi, 0));
    }
    csr_write(mstatus, csr_read(mstatus) & ~STATUS_TW);
    csr_write(mip, 0);
    csr_write(mie, 0);
    csr_write(mideleg, 0);
}

static void try_memory(void)
{
    report("memory", 0);
    static const uint64_t addresses[] = {0x80100000, 0x80180000, 0x801ffff8, 0x801ffffc, 0x80200000, 0x200, 0};
    for (unsigned i = 0; addresses[i]; i++) {
        uint64_t a0 = run_in(1, code_load, addresses[i]);
        report_m("load", code_load, a0 == addresses[i] ? a0 : 0);
        a0 = run_in(1, code_store, addresses[i]);
        report_m("store", code_store, a0);
    }
}

/* Delegation to S-mode: the handler is a piece that goes on to M-mode by ecall. */
static void try_delegation(void)
{
    csr_write(stvec, (uint64_t)code_ecall);
    csr_write(medeleg, ~0ull);
    report("medeleg", csr_read(medeleg) & 0xb3ff);
    csr_write(medeleg, 0xb1ff); /* but not calls by S-mode */
    csr_write(mideleg, ~0ull);
    report("mideleg", csr_read(mideleg) & 0x222);
    for (uint64_t mode = 0; mode < 2; mode++) {
        uint64_t a0 = run_in(mode, code_illegal, 0);
        report_m("delegated", code_ecall, a0);
        report("  scause", csr_read(scause));
        report("  stval", csr_read(stval));
        report("  sepc", csr_read(sepc) - (uint64_t)code_illegal);
        report("  sstatus", csr_read(sstatus) & ~(1ull << 63 | 3 << 13));
    }
    csr_write(medeleg, 0);
    csr_write(mideleg, 0);
}

/* Waits for one trap at most. */
static void take_interrupts(const char *name, uint64_t enable)
{
    trap_count = 0;
    csr_write(mie, enable);
    csr_write(mstatus, csr_read(mstatus) | STATUS_MIE);
    for (volatile unsigned i = 0; i < 100 && !trap_count; i++)
        ;
    csr_write(mstatus, csr_read(mstatus) & ~STATUS_MIE);
    report(name, trap_count);
    report("  cause", trap_cause);
}

static void try_interrupts(void)
{
    *MTIMECMP = ~0ull;
    take_interrupts("none", ~0ull);
    csr_write(mip, 0x222);
    report("mip", csr_read(mip) & 0xfff);
    for (unsigned i = 1; i < 12; i += 4) /* one at a time: QEMU's priorities are not the specification's */
        take_interrupts("supervisor's", 1 << i);
    csr_write(mip, 0);
    *CLINT_MSIP = 1;
    take_interrupts("MSI", ~0ull);
    *CLINT_MSIP = 0;
    *MTIMECMP = 0;
    take_interrupts("MTI", ~0ull);
    *MTIMECMP = *MTIME + 1000;
    csr_write(mie, 1 << 7);
    __asm__ volatile("wfi");
    report("timer came", *MTIME >= *MTIMECMP);
    *MTIMECMP = ~0ull;
}

static void try_counters(void)
{
    csr_write(mcounteren, 7);
    csr_write(scounteren, 2);
    try_pieces(0);
    csr_write(mcounteren, 5);
    try_pieces(1);
    uint64_t before = csr_read(minstret);
    __asm__ volatile("nop\nnop\nnop");
    report("instret counts", csr_read(minstret) > before);
    csr_write(mcounteren, 0);
    csr_write(scounteren, 0);
}

/* Entry 0: 512 KiB from 0x80180000 without any access; entry 1: everything else. */
static void set_pmp(void)
{
    csr_write(pmpaddr0, 0x80180000 >> 2 | 0xffff);
    csr_write(pmpaddr1, ~0ull);
    csr_write(pmpcfg0, 0x1f18);
    report("pmpaddr1", csr_read(pmpaddr1) & ((1ull << 54) - 1));
}

#define PLIC(offset) (*(volatile uint32_t *)(0xc000000ul + (offset)))
#define UART_IER     (*(volatile uint8_t *)(0x10000000ul + NS16550_IER))
#define UART_LINE    10

/* A line from outside is no bit that setting another one writes back (privileged specification, 3.1.9: mip.SEIP). */
static void try_external(void)
{
    csr_write(mie, 0);
    PLIC(PLIC_PRIORITY(UART_LINE)) = 1;
    PLIC(PLIC_ENABLE(1, UART_LINE)) = 1u << UART_LINE;
    PLIC(PLIC_THRESHOLD(1)) = 0;
    UART_IER = NS16550_IER_THRE;
    while (!(csr_read(mip) & 1 << 9))
        ;
    __asm__ volatile("csrs mip, %0\n csrc mip, %1" ::"r"(1ul << 1), "r"(1ul << 5));
    UART_IER = 0;
    PLIC(PLIC_ENABLE(1, UART_LINE)) = 0;
    PLIC(PLIC_PRIORITY(UART_LINE)) = 0; /* QEMU 7.2 looks at the line anew only here */
    report("external", csr_read(mip) & (1 << 9 | 1 << 1));
    csr_write(mip, 0);
}

int main(void)
{
    csr_write(medeleg, 0);
    csr_write(mideleg, 0);
    set_pmp();
    try_pieces(0);
    try_pieces(1);
    csr_write(mstatus, csr_read(mstatus) | STATUS_TVM | STATUS_TSR);
    try_pieces(1);
    csr_write(mstatus, csr_read(mstatus) & ~(STATUS_TVM | STATUS_TSR));
    try_wfi();
    try_memory();
    try_delegation();
    try_interrupts();
    try_counters();
    try_external();
    return 0;
}
