/*
 * The RISC-V platform-level interrupt controller: register map. Source: RISC-V Platform-Level Interrupt Controller
 * Specification 1.0.0, §3 "Memory Map". All registers are 32 bits wide. A context is a hart in a privilege mode; which
 * is which tells the device tree (interrupts-extended). Source 0 does not exist.
 */
#pragma once

#define PLIC_PRIORITY(source)        (0x000000 + 4 * (source))                           /* §4: 0 = never */
#define PLIC_PENDING(source)         (0x001000 + 4 * ((source) / 32))                    /* §5: bit source % 32 */
#define PLIC_ENABLE(context, source) (0x002000 + 0x80 * (context) + 4 * ((source) / 32)) /* §6: bit source % 32 */
#define PLIC_THRESHOLD(context)      (0x200000 + 0x1000 * (context))                     /* §7: masks <= it */
#define PLIC_CLAIM(context)          (0x200004 + 0x1000 * (context)) /* §8, §9: read: claim or 0, write: complete */

#define PLIC_SOURCES_MAX  1024
#define PLIC_CONTEXTS_MAX 15872
#define PLIC_SIZE         0x4000000 /* bytes of the whole map */
