/*
 * Marks: how a program tells Mosaic that something begins or ends. A mark is `slti x0, x0, number`, an instruction of
 * the HINT space that does nothing on real hardware and on QEMU (RISC-V Unprivileged ISA, §2.9), in any mode.
 */
#pragma once

#define MOSAIC_MARK_ROI_BEGIN  1 /* statistics are about what comes between begin and end, if there is any */
#define MOSAIC_MARK_ROI_END    2
#define MOSAIC_MARK_CHECKPOINT 3 /* the machine is saved here, if it was asked to */
#define MOSAIC_MARK_STOP       4 /* the simulation ends */

#define MOSAIC_MARK_STRING(number) #number
/* A statement; `number` is one of the constants above. */
#define MOSAIC_MARK(number)        MOSAIC_MARK_ASM(number)
#define MOSAIC_MARK_ASM(number)    __asm__ volatile("slti x0, x0, " MOSAIC_MARK_STRING(number) ::: "memory")
