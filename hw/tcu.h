/*
 * The trusted communication unit (TCU) as software sees it: register offsets, field positions and codes, and no code.
 * Shared by the kernel, drivers, bare-metal programs and the model in machine/tcu. docs/tcu.md describes the behaviour.
 */
#ifndef HW_TCU_H
#define HW_TCU_H

#include <stdint.h>

enum tcu_register {
#define TCU_REGISTER(name, offset, core, noc, text) TCU_REG_##name = offset,
#include "hw/tcu.def"
};

enum tcu_error {
#define TCU_ERROR(name, number, text) TCU_E_##name = number,
#include "hw/tcu.def"
};

enum tcu_opcode {
#define TCU_COMMAND(name, opcode, text)      TCU_CMD_##name = opcode,
#define TCU_PRIV_COMMAND(name, opcode, text) TCU_PRIV_##name = opcode,
#define TCU_EXT_COMMAND(name, opcode, text)  TCU_EXT_##name = opcode,
#include "hw/tcu.def"
};

/* A field is written `first bit, width`; TCU_GET and TCU_PUT read and make one. */
#define TCU_GET(word, field)          TCU_GET_(word, field)
#define TCU_GET_(word, first, width)  (((uint64_t)(word) >> (first)) & TCU_ONES_(width))
#define TCU_PUT(field, value)         TCU_PUT_(field, value)
#define TCU_PUT_(first, width, value) (((uint64_t)(value)&TCU_ONES_(width)) << (first))
#define TCU_ONES_(width)              (~UINT64_C(0) >> (64 - (width)))

/* The register file: four pages; the third may be mapped for privileged software only, the fourth is reserved. */
#define TCU_MMIO_SIZE   0x4000
#define TCU_PRIV_PAGE   0x2000
#define TCU_PAGE_SIZE   4096
#define TCU_EP_BYTES    24 /* three words an endpoint */
#define TCU_REG_EP(i)   (TCU_REG_EPS + TCU_EP_BYTES * (i))
#define TCU_PRINT_BYTES 256                  /* print buffer, behind the last endpoint */
#define TCU_NOC_MMIO    UINT64_C(0xF0000000) /* where other tiles see the register file */

#define TCU_FEATURE_KERNEL 1u /* the core may write its own endpoints */
#define TCU_FEATURE_VM     2u /* local addresses are virtual: the TLB is used */
#define TCU_FEATURE_CTXSW  4u /* several activities share the core */
#define TCU_VERSION_MAJOR  32, 16
#define TCU_VERSION_MINOR  48, 8
#define TCU_VERSION_PATCH  56, 8

/* TILE_DESC */
#define TCU_DESC_TYPE  0, 6 /* 0 compute, 1 memory */
#define TCU_DESC_ISA   6, 5
#define TCU_DESC_ATTR  11, 17
#define TCU_DESC_PAGES 28, 36 /* memory in units of 4 KiB */
enum tcu_isa { TCU_ISA_NONE = 0, TCU_ISA_RISCV = 1, TCU_ISA_ACCEL_INDIRECT = 4, TCU_ISA_ACCEL_STREAM = 5 };
#define TCU_ATTR_SPM 16 /* the memory is the tile's own */

/* COMMAND, and PRIV_CMD and EXT_CMD */
#define TCU_CMD_OPCODE  0, 4
#define TCU_CMD_EP      4, 16
#define TCU_CMD_ERROR   20, 5
#define TCU_CMD_ARG0    25, 33
#define TCU_PRIV_OPCODE 0, 4
#define TCU_PRIV_ERROR  4, 5
#define TCU_PRIV_ARG    9, 55

/*
 * Endpoints: words r0, r1, r2.
 *                 63    53     47     41    35     34        19  18    3  2  0
 * receive r0     |    rpos | wpos | slot  | slots | reply EPs  | activity | 2 |   r1 buffer, physical
 * send r0        | reply 53 | credit EP 52:37 | size | max | credits | act | 1 |   r1 target, r2 label
 * memory r0      |                     tile 36:23 | flags 22:19   | act    | 3 |   r1 address, r2 size
 */
enum tcu_ep_type { TCU_EP_INVALID = 0, TCU_EP_SEND = 1, TCU_EP_RECEIVE = 2, TCU_EP_MEMORY = 3 };
#define TCU_EP_TYPE          0, 3
#define TCU_EP_ACT           3, 16
#define TCU_SEND_CREDITS     19, 6
#define TCU_SEND_MAX_CREDITS 25, 6
#define TCU_SEND_MSG_LOG2    31, 6  /* largest message, header included */
#define TCU_SEND_CREDIT_EP   37, 16 /* reply endpoints: who gets a credit back */
#define TCU_SEND_IS_REPLY    53, 1
#define TCU_SEND_TARGET_EP   0, 16  /* r1 */
#define TCU_SEND_TARGET_TILE 16, 14 /* r1 */
#define TCU_RECV_REPLY_EPS   19, 16 /* first of as many endpoints as slots */
#define TCU_RECV_SLOTS_LOG2  35, 6
#define TCU_RECV_SLOT_LOG2   41, 6 /* bytes of a slot */
#define TCU_RECV_WPOS        47, 6
#define TCU_RECV_RPOS        53, 6
#define TCU_RECV_OCCUPIED    0, 32  /* r2 */
#define TCU_RECV_UNREAD      32, 32 /* r2 */
#define TCU_MEM_FLAGS        19, 4
#define TCU_MEM_TILE         23, 14
#define TCU_MEM_R            1u
#define TCU_MEM_W            2u

#define TCU_NO_EP        0xFFFFu
#define TCU_UNLIMITED    0x3Fu /* credits */
#define TCU_MAX_SLOTS    32
#define TCU_MAX_MSG_LOG2 11
#define TCU_MAX_DATA     2048 /* bytes of data in a packet */
#define TCU_MSG_ALIGN    16
#define TCU_ACT_NONE     0xFFFFu /* the multiplexer itself */
#define TCU_ACT_IDLE     0xFFFEu
#define TCU_NO_MESSAGE   (~UINT64_C(0)) /* ARG1 after FETCH_MSG without result */

/* Message header: four words in front of the payload in a receive slot. */
#define TCU_HEADER_BYTES   32
#define TCU_HDR_IS_REPLY   0, 1
#define TCU_HDR_REPLY_LOG2 1, 4
#define TCU_HDR_TILE       5, 14
#define TCU_HDR_LENGTH     19, 13 /* payload only */
#define TCU_HDR_SENDER_EP  32, 16
#define TCU_HDR_REPLY_EP   48, 16
enum tcu_header_word { TCU_HDR_WORD, TCU_HDR_REPLY_LABEL, TCU_HDR_LABEL, TCU_HDR_PAD };

/* Core requests (CU_REQ) */
enum tcu_core_request { TCU_CU_IDLE = 0, TCU_CU_RESPONSE = 1, TCU_CU_FOREIGN = 2, TCU_CU_PMP_FAILURE = 3 };
#define TCU_CU_TYPE  0, 3
#define TCU_CU_EP    3, 16
#define TCU_CU_ACT   48, 16
#define TCU_CU_WRITE 3, 1
#define TCU_CU_ERROR 4, 5
#define TCU_CU_PHYS  32, 32
enum tcu_irq { TCU_IRQ_CU = 0, TCU_IRQ_TIMER = 1 };
#define TCU_PRIV_CTRL_PMP 1u

/* CUR_ACT, and the argument of XCHG_ACT */
#define TCU_ACT_ID   0, 16
#define TCU_ACT_MSGS 16, 16

/* INS_TLB: argument = asid << 32 | physical page | flags; PRIV_CMD_ARG = virtual address */
#define TCU_TLB_ASID    32, 16
#define TCU_TLB_R       1u
#define TCU_TLB_W       2u
#define TCU_TLB_FIXED   4u
#define TCU_TLB_ENTRIES 32

/* ABORT_CMD's result */
enum tcu_abort { TCU_ABORT_NONE = 0, TCU_ABORT_LOCAL = 1, TCU_ABORT_REMOTE = 2 };

/* INV_EP and RESET: argument */
#define TCU_EXT_EP    0, 16
#define TCU_EXT_FORCE 16, 1
#define TCU_EXT_STOP  0
#define TCU_EXT_START 1

/*
 * Endpoints 0..3 give the core windows onto memory of other tiles. In Mosaic's core tiles (their device tree tells) the
 * register file and the four windows of 256 MiB are at:
 */
#define TCU_PMP_EPS     4
#define TCU_CORE_MMIO   UINT64_C(0x11000000)
#define TCU_WINDOWS     UINT64_C(0xC0000000)
#define TCU_WINDOW_LOG2 28
#define TCU_IRQ_SOURCE  12 /* of the PLIC: 12 core request, 13 timer */

#endif
