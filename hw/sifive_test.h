/*
 * The "test finisher" of SiFive's and QEMU's machines (device tree: compatible "sifive,test0"): one 32-bit register
 * that ends the simulation. Source: QEMU docs, hw/misc/sifive_test.c.
 */
#pragma once

#define SIFIVE_TEST_FINISH 0 /* W  16 bits of what to do, and with FAIL 16 bits of exit status above them */

#define SIFIVE_TEST_FAIL  0x3333
#define SIFIVE_TEST_PASS  0x5555
#define SIFIVE_TEST_RESET 0x7777
