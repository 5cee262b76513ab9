/*
 * The supervisor binary interface: numbers of the calls that the kernel makes and firmware (OpenSBI, or Mosaic's
 * own) answers. Source: RISC-V Supervisor Binary Interface Specification 2.0; chapter numbers are that document's.
 * Convention (§3): a7 = extension, a6 = function, a0-a5 arguments; returns error in a0, value in a1.
 */
#pragma once

/* Errors, §3.1 */
#define SBI_SUCCESS               0
#define SBI_ERR_FAILED            (-1)
#define SBI_ERR_NOT_SUPPORTED     (-2)
#define SBI_ERR_INVALID_PARAM     (-3)
#define SBI_ERR_DENIED            (-4)
#define SBI_ERR_INVALID_ADDRESS   (-5)
#define SBI_ERR_ALREADY_AVAILABLE (-6)
#define SBI_ERR_ALREADY_STARTED   (-7)
#define SBI_ERR_ALREADY_STOPPED   (-8)

/* Base extension, §4 */
#define SBI_EXT_BASE             0x10
#define SBI_BASE_SPEC_VERSION    0
#define SBI_BASE_IMPL_ID         1
#define SBI_BASE_IMPL_VERSION    2
#define SBI_BASE_PROBE_EXTENSION 3
#define SBI_BASE_MVENDORID       4
#define SBI_BASE_MARCHID         5
#define SBI_BASE_MIMPID          6

/* Legacy extensions, §5: function in a7 alone, result in a0 alone */
#define SBI_LEGACY_SET_TIMER 0
#define SBI_LEGACY_PUTCHAR   1
#define SBI_LEGACY_GETCHAR   2 /* -1 = none */
#define SBI_LEGACY_SHUTDOWN  8

/* Timer, §6 */
#define SBI_EXT_TIME       0x54494d45
#define SBI_TIME_SET_TIMER 0 /* a0 = absolute time; clears the pending interrupt; all ones = never */

/* Inter-processor interrupts, §7 */
#define SBI_EXT_IPI      0x735049
#define SBI_IPI_SEND_IPI 0 /* a0 = hart mask, a1 = its first hart */

/* Remote fences, §8: a0 = hart mask, a1 = its first hart, a2 = start address, a3 = size, a4 = ASID */
#define SBI_EXT_RFENCE             0x52464e43
#define SBI_RFENCE_FENCE_I         0
#define SBI_RFENCE_SFENCE_VMA      1
#define SBI_RFENCE_SFENCE_VMA_ASID 2

/* Hart state management, §9 */
#define SBI_EXT_HSM             0x48534d
#define SBI_HSM_HART_START      0 /* a0 = hart, a1 = physical start address, a2 = its a1 at start */
#define SBI_HSM_HART_STOP       1
#define SBI_HSM_HART_GET_STATUS 2
#define SBI_HSM_HART_SUSPEND    3

#define SBI_HSM_STATE_STARTED       0
#define SBI_HSM_STATE_STOPPED       1
#define SBI_HSM_STATE_START_PENDING 2
#define SBI_HSM_STATE_STOP_PENDING  3

/* System reset, §10 */
#define SBI_EXT_SRST                0x53525354
#define SBI_SRST_SYSTEM_RESET       0 /* a0 = type, a1 = reason */
#define SBI_SRST_TYPE_SHUTDOWN      0
#define SBI_SRST_TYPE_COLD_REBOOT   1
#define SBI_SRST_TYPE_WARM_REBOOT   2
#define SBI_SRST_REASON_NONE        0
#define SBI_SRST_REASON_SYSTEM_FAIL 1

/* Debug console, §12 */
#define SBI_EXT_DBCN        0x4442434e
#define SBI_DBCN_WRITE      0 /* a0 = bytes, a1, a2 = physical address low, high -> bytes written */
#define SBI_DBCN_READ       1
#define SBI_DBCN_WRITE_BYTE 2
