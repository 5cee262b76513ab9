/*
 * Entries of test programs: the first thread (a0 = boot information, a1 = UTCB), further threads, and passive threads,
 * whose first message arrives in registers (abi/arch/riscv64.h) and is stored as a struct msg for C.
 */
#include "lib/sys/arch/riscv64/start.h"

.section .text.start, "ax"
.global _start
_start:
    set_global_pointer
    la tp, test_tls
    tail test_start

.global test_thread_entry
test_thread_entry:
    set_global_pointer
    tail test_thread_main

.global test_passive_entry
test_passive_entry:
    set_global_pointer
    push_first_message
    mv a0, sp
    tail test_passive_main
