/* Calls to the firmware: RISC-V SBI specification 1.0. */
#pragma once

#include "abi/types.h"

void sbi_set_timer(u64 ticks);          /* chapter 6: at this time; clears a pending timer interrupt */
void sbi_console_put(char c);           /* chapter 5, legacy */
int sbi_console_get(void);              /* -1: nothing */
void sbi_send_ipi(u64 hart);             /* chapter 7 */
bool sbi_hart_start(u64 hart, paddr_t entry, u64 argument); /* chapter 9: at `entry`, a0 = hart, a1 = argument */
_Noreturn void sbi_shutdown(bool failed); /* chapter 10 */
