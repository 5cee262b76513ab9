/* From the machine's description to the first task. */
#pragma once

#include "abi/boot_info.h"

/* What the architecture found out about the machine. Addresses are physical. */
struct machine {
    u64 cpu_count;
    u64 timebase_hz;
    u64 boot_ticks;
    u32 line_count; /* interrupt lines are numbered 1 to line_count - 1 */
    paddr_t ram_start, ram_end;
    paddr_t kernel_start, kernel_end; /* firmware below, the image, not the pool */
    paddr_t initrd_start, initrd_end;
    paddr_t dtb_start, dtb_end;
    paddr_t device_end;               /* devices lie below; what the kernel keeps of them are the holes */
    struct {
        paddr_t start, end;
    } hole[4];
    u32 holes;
    char command_line[256];
};

/*
 * Sets up the kernel's memory and the first task, which is ready to run behind it. Panics if the machine is too small
 * or the boot archive has no `root`.
 */
void boot(struct machine *m);
