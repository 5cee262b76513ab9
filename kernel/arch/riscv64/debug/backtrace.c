/*
 * Who called whom, by the chain of frames (debug builds keep frame pointers), with names from the table that the build
 * appends to the kernel; and what is left to say after a trap inside the kernel.
 *
 *   s0 -> |              |      the calling frame's
 *      -8 | return address
 *     -16 | s0 of the caller
 */
#include "kernel/arch.h"
#include "kernel/arch/riscv64/debug.h"
#include "kernel/debug.h"
#include "kernel/panic.h"

#define FRAMES_MAX  32
#define STACK_BYTES 16384 /* no stack of the kernel is larger */
#define REGISTERS   32

/* What tools/symbols writes. Offsets are from kernel_start and from the table. */
extern const struct {
    u32 count;
    struct {
        u32 offset, name;
    } row[];
} debug_symbols;
extern u8 kernel_start[], kernel_text_end[], debug_trap_entry[];

static void print_place(u64 pc)
{
    u64 offset = pc - (u64)kernel_start;
    kernel_print("  %lx", pc);
    if (pc >= (u64)kernel_start && pc < (u64)kernel_text_end) {
        u32 i = 0;
        while (i + 1 < debug_symbols.count && debug_symbols.row[i + 1].offset <= offset)
            i++;
        kernel_print("  %s+0x%lx", (const char *)&debug_symbols + debug_symbols.row[i].name,
                     offset - debug_symbols.row[i].offset);
    }
    kernel_print("\n");
}

void debug_backtrace(const void *frame)
{
    const u64 *fp = frame ? frame : __builtin_frame_address(0), *start = fp;
    kernel_print("backtrace:\n");
    for (u32 i = 0; i < FRAMES_MAX; i++) {
        if ((u64)fp % 8 || fp < start || fp > start + STACK_BYTES / 8 || (u64)fp < KERNEL_WINDOW)
            return;
        u64 pc = fp[-1];
        if (pc < (u64)kernel_start || pc >= (u64)kernel_text_end)
            return;
        print_place(pc - 4); /* the call, not what follows it: that may be another function */
        const u64 *next = (const u64 *)fp[-2];
        if (next <= fp)
            return;
        fp = next;
    }
}

void debug_boot(void)
{
    csr_write(stvec, debug_trap_entry);
}

void debug_trap(void)
{
    *(volatile u64 *)0x10; /* user memory: closed to the kernel */
}

_Noreturn void debug_trap_report(const u64 x[REGISTERS]);

/* Behind trap.S: x has the registers at the trap. */
void debug_trap_report(const u64 x[REGISTERS])
{
    static bool again;
    u64 pc = csr_read(sepc);
    if (again)
        arch_halt();
    again = true;
    kernel_print("\npanic: trap in the kernel: cause %lu at %lx, value %lx\n", csr_read(scause), pc, csr_read(stval));
    for (u32 i = 1; i < REGISTERS; i++)
        kernel_print("%sx%u %lx", i % 4 == 1 ? "\n  " : "  ", i, x[i]);
    kernel_print("\n");
    print_place(pc);
    debug_backtrace((const void *)x[8]);
    arch_halt();
}
