/* RV64: registers that C does not reach. */
#include "lib/tess/arch.h"

u64 arch_time(void)
{
    u64 time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time;
}

void arch_set_thread_pointer(void *tp)
{
    __asm__ volatile("mv tp, %0" : : "r"(tp) : "memory");
}
