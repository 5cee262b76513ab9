/*
 * Numbers of the RISC-V privileged architecture (version 1.12) that the cores implement: privilege modes, causes,
 * fields of status registers, page-table bits. CSR numbers stand in the tables of the files that implement them.
 */
#ifndef MACHINE_CORE_RV_H
#define MACHINE_CORE_RV_H

#include <stdint.h>

enum rv_mode {
    RV_U = 0,
    RV_S = 1,
    RV_M = 3,
};

enum rv_cause {
    RV_FETCH_MISALIGNED = 0,
    RV_FETCH_ACCESS = 1,
    RV_ILLEGAL = 2,
    RV_BREAKPOINT = 3,
    RV_LOAD_MISALIGNED = 4,
    RV_LOAD_ACCESS = 5,
    RV_STORE_MISALIGNED = 6,
    RV_STORE_ACCESS = 7,
    RV_ECALL_U = 8,
    RV_ECALL_S = 9,
    RV_ECALL_M = 11,
    RV_FETCH_PAGE = 12,
    RV_LOAD_PAGE = 13,
    RV_STORE_PAGE = 15,
};

/* Interrupt numbers; also bit positions in mip and mie. */
enum rv_irq {
    RV_IRQ_SSI = 1,
    RV_IRQ_MSI = 3,
    RV_IRQ_STI = 5,
    RV_IRQ_MTI = 7,
    RV_IRQ_SEI = 9,
    RV_IRQ_MEI = 11,
};

#define RV_CAUSE_IRQ (1ull << 63)
#define RV_BIT(n)    (1ull << (n))

#define RV_MIP_S (RV_BIT(RV_IRQ_SSI) | RV_BIT(RV_IRQ_STI) | RV_BIT(RV_IRQ_SEI))
#define RV_MIP_M (RV_BIT(RV_IRQ_MSI) | RV_BIT(RV_IRQ_MTI) | RV_BIT(RV_IRQ_MEI))

/*
 * mstatus:  63    35..34 33..32  22  21 20 19  18  17   16..15 14..13 12..11  8    7    5    3   1
 *           SD     SXL    UXL   TSR TW TVM MXR SUM MPRV   XS     FS     MPP   SPP MPIE SPIE MIE SIE
 */
#define RV_STATUS_SIE  RV_BIT(1)
#define RV_STATUS_MIE  RV_BIT(3)
#define RV_STATUS_SPIE RV_BIT(5)
#define RV_STATUS_MPIE RV_BIT(7)
#define RV_STATUS_SPP  RV_BIT(8)
#define RV_STATUS_MPP  (3ull << 11)
#define RV_STATUS_FS   (3ull << 13)
#define RV_STATUS_MPRV RV_BIT(17)
#define RV_STATUS_SUM  RV_BIT(18)
#define RV_STATUS_MXR  RV_BIT(19)
#define RV_STATUS_TVM  RV_BIT(20)
#define RV_STATUS_TW   RV_BIT(21)
#define RV_STATUS_TSR  RV_BIT(22)
#define RV_STATUS_UXL  (3ull << 32)
#define RV_STATUS_SXL  (3ull << 34)
#define RV_STATUS_SD   RV_BIT(63)
#define RV_STATUS_XL64 ((2ull << 32) | (2ull << 34))

#define RV_STATUS_S_MASK (RV_STATUS_SIE | RV_STATUS_SPIE | RV_STATUS_SPP | RV_STATUS_FS | RV_STATUS_SUM | RV_STATUS_MXR)
#define RV_STATUS_M_MASK                                                                                               \
    (RV_STATUS_S_MASK | RV_STATUS_MIE | RV_STATUS_MPIE | RV_STATUS_MPP | RV_STATUS_MPRV | RV_STATUS_TVM |              \
     RV_STATUS_TW | RV_STATUS_TSR)

/* satp: mode 63..60, ASID 59..44, root page number 43..0 */
#define RV_SATP_MODE(satp) ((satp) >> 60)
#define RV_SATP_ASID(satp) (((satp) >> 44) & 0xffff)
#define RV_SATP_PPN(satp)  ((satp)&0xfffffffffffull)
#define RV_SATP_BARE       0
#define RV_SATP_SV39       8
#define RV_SATP_SV48       9

/* Page-table entries: page number 53..10, then flags; bits 63..54 are reserved without Svpbmt and Svnapot. */
#define RV_PTE_V        RV_BIT(0)
#define RV_PTE_R        RV_BIT(1)
#define RV_PTE_W        RV_BIT(2)
#define RV_PTE_X        RV_BIT(3)
#define RV_PTE_U        RV_BIT(4)
#define RV_PTE_A        RV_BIT(6)
#define RV_PTE_D        RV_BIT(7)
#define RV_PTE_PPN(pte) (((pte) >> 10) & 0xfffffffffffull)
#define RV_PTE_RESERVED (0x3ffull << 54)

#define RV_PAGE_SHIFT 12
#define RV_PAGE_SIZE  (1ull << RV_PAGE_SHIFT)
#define RV_PAGE_MASK  (~(RV_PAGE_SIZE - 1))

/* menvcfg */
#define RV_ENVCFG_STCE RV_BIT(63)

/* Accrued exception flags of fcsr. */
#define RV_FF_NX 1u
#define RV_FF_UF 2u
#define RV_FF_OF 4u
#define RV_FF_DZ 8u
#define RV_FF_NV 16u

/* Rounding modes. */
enum rv_rounding {
    RV_RNE = 0, /* to nearest, ties to even */
    RV_RTZ = 1, /* towards zero */
    RV_RDN = 2, /* down */
    RV_RUP = 3, /* up */
    RV_RMM = 4, /* to nearest, ties away from zero */
    RV_DYN = 7, /* as fcsr.frm says */
};

#endif
