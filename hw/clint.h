/*
 * The core-local interruptor of SiFive's and QEMU's machines, and the ACLINT devices that took its place: timer and
 * inter-processor interrupts of machine mode. Source: RISC-V Advanced Core Local Interruptor Specification 1.0-rc4,
 * §2 (MTIMER) and §3 (MSWI), with the offsets of §1.1 "Backward Compatibility With SiFive CLINT". Supervisors use SBI
 * instead.
 */
#pragma once

#define CLINT_MSIP(hart)     (0x0000 + 4 * (hart)) /* 32 bits; bit 0 = machine software interrupt pending */
#define CLINT_MTIMECMP(hart) (0x4000 + 8 * (hart)) /* 64 bits; interrupt while mtime >= mtimecmp */
#define CLINT_MTIME          0xbff8                /* 64 bits; counts at timebase-frequency */

#define CLINT_HARTS_MAX 4095
#define CLINT_SIZE      0x10000
