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

static bool in_text(u64 pc)
{
    return pc >= (u64)kernel_start && pc < (u64)kernel_text_end;
}

static void print_place(u64 pc)
{
    u64 offset = pc - (u64)kernel_start;
    kernel_print("  %lx", pc);
    if (in_text(pc)) {
        u32 i = 0;
        while (i + 1 < debug_symbols.count && debug_symbols.row[i + 1].offset <= offset)
            i++;
        kernel_print("  %s+0x%lx", (const char *)&debug_symbols + debug_symbols.row[i].name,
                     offset - debug_symbols.row[i].offset);
    }
    kernel_print("\n");
}

/* Whether fp may be a frame of the stack that is in use from `low` on. */
static bool on_stack(const u64 *fp, u64 low)
{
    return (u64)fp % 8 == 0 && (u64)fp >= low && (u64)fp <= low + STACK_BYTES && (u64)fp >= KERNEL_WINDOW;
}

void debug_backtrace(const void *frame)
{
    const u64 *fp = frame ? frame : __builtin_frame_address(0), *start = fp;
    kernel_print("backtrace:\n");
    for (u32 i = 0; i < FRAMES_MAX; i++) {
        if (!on_stack(fp, (u64)start))
            return;
        u64 pc = fp[-1];
        if (!in_text(pc))
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
    const u64 *frame = (const u64 *)x[8];
    if (on_stack(frame, x[2]) && !in_text(frame[-1])) { /* a function that calls none keeps its return address in ra */
        print_place(x[1] - 4);
        frame = (const u64 *)frame[-1];
    }
    debug_backtrace(frame);
    arch_halt();
}
