/* RV64: which signal an exception is (RISC-V Privileged Architecture, table of scause). */
#include "servers/rm/rm.h"

u32 rm_signal_of(u64 cause)
{
    switch (cause) {
    case 2: /* illegal instruction */
        return RM_SIGILL;
    case 3: /* breakpoint */
        return RM_SIGTRAP;
    case 0: /* misaligned: instruction, load, store */
    case 4:
    case 6:
        return RM_SIGBUS;
    default: /* page and access faults */
        return RM_SIGSEGV;
    }
}
