/* SBI calls: a7 = extension, a6 = function; errors are ignored where nothing could be done about them. */
#include "kernel/arch/riscv64/sbi.h"
#include "hw/sbi.h"

static i64 call3(u64 extension, u64 function, u64 arg0, u64 arg1, u64 arg2)
{
    register u64 a0 __asm__("a0") = arg0;
    register u64 a1 __asm__("a1") = arg1;
    register u64 a2 __asm__("a2") = arg2;
    register u64 a6 __asm__("a6") = function;
    register u64 a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return a0;
}

static i64 call(u64 extension, u64 function, u64 arg0, u64 arg1)
{
    return call3(extension, function, arg0, arg1, 0);
}

void sbi_set_timer(u64 ticks)
{
    call(SBI_EXT_TIME, SBI_TIME_SET_TIMER, ticks, 0);
}

void sbi_console_put(char c)
{
    call(SBI_LEGACY_PUTCHAR, 0, (u8)c, 0);
}

int sbi_console_get(void)
{
    return call(SBI_LEGACY_GETCHAR, 0, 0, 0);
}

void sbi_send_ipi(u64 hart)
{
    call(SBI_EXT_IPI, SBI_IPI_SEND_IPI, 1, hart);
}

bool sbi_hart_start(u64 hart, paddr_t entry, u64 argument)
{
    return call3(SBI_EXT_HSM, SBI_HSM_HART_START, hart, entry, argument) == SBI_SUCCESS;
}

_Noreturn void sbi_shutdown(bool failed)
{
    call(SBI_EXT_SRST, SBI_SRST_SYSTEM_RESET, SBI_SRST_TYPE_SHUTDOWN,
         failed ? SBI_SRST_REASON_SYSTEM_FAIL : SBI_SRST_REASON_NONE);
    for (;;)
        __asm__ volatile("wfi");
}
