/* Machine-mode registers: status, trap set-up and handling, identification. */
#include "machine/core/csr.h"
#include "machine/core/mmu.h"

#define DELEGABLE   0xb3ffull /* all exceptions that can occur below M-mode */
#define MIE_MASK    (RV_MIP_S | RV_MIP_M)
#define ENVCFG_FIOM 1ull
#define MISA_BIT(c) (1ull << ((c) - 'A'))
#define MISA                                                                                                           \
    (2ull << 62 | MISA_BIT('A') | MISA_BIT('C') | MISA_BIT('D') | MISA_BIT('F') | MISA_BIT('I') | MISA_BIT('M') |      \
     MISA_BIT('S') | MISA_BIT('U'))
#define MIMPID 1 /* version of the model */

CSR_CONSTANT(mvendorid, 0) /* not a commercial implementation */
CSR_CONSTANT(marchid, 0)
CSR_CONSTANT(mimpid, MIMPID)
CSR_CONSTANT(mhartid, h->id)
CSR_CONSTANT(mconfigptr, 0)
CSR_CONSTANT(misa, MISA)
CSR_FIELD(medeleg, DELEGABLE)
CSR_FIELD(mideleg, RV_MIP_S)
CSR_FIELD(mie, MIE_MASK)
CSR_FIELD(mtvec, ~2ull) /* direct or vectored */
CSR_FIELD(mscratch, UINT64_MAX)
CSR_FIELD(mepc, ~1ull)
CSR_FIELD(mcause, UINT64_MAX)
CSR_FIELD(mtval, UINT64_MAX)

static uint64_t read_mstatus(struct hart *h, unsigned number)
{
    bool dirty = (h->mstatus & RV_STATUS_FS) == RV_STATUS_FS;
    return h->mstatus | RV_STATUS_XL64 | (dirty ? RV_STATUS_SD : 0);
}

static void write_mstatus(struct hart *h, unsigned number, uint64_t value)
{
    uint64_t mask = RV_STATUS_M_MASK;

    if ((value & RV_STATUS_MPP) == 2ull << 11) /* no such mode: keep the old one */
        mask &= ~RV_STATUS_MPP;
    h->mstatus = (h->mstatus & ~mask) | (value & mask);
    mmu_select(h);
}

static uint64_t read_mip(struct hart *h, unsigned number)
{
    return hart_mip(h);
}

static void write_mip(struct hart *h, unsigned number, uint64_t value)
{
    h->mip = value & RV_MIP_S;
}

static uint64_t read_menvcfg(struct hart *h, unsigned number)
{
    return h->menvcfg;
}

static void write_menvcfg(struct hart *h, unsigned number, uint64_t value)
{
    h->menvcfg = value & (RV_ENVCFG_STCE | ENVCFG_FIOM);
    h->timer_changed(h->machine, h);
}

static void reset(struct hart *h)
{
    h->mstatus = 0;
    h->mie = h->mip = 0;
    h->mtvec = h->mscratch = h->mepc = h->mcause = h->mtval = h->medeleg = h->mideleg = h->menvcfg = 0;
}

static const struct isa_csr csrs[] = {
    CSR_ROW(0xf11, 0, mvendorid, NULL),
    CSR_ROW(0xf12, 0, marchid, NULL),
    CSR_ROW(0xf13, 0, mimpid, NULL),
    CSR_ROW(0xf14, 0, mhartid, NULL),
    CSR_ROW(0xf15, 0, mconfigptr, NULL),
    CSR_ROW(0x300, ISA_CSR_SYNC, mstatus, NULL),
    CSR_ROW(0x301, 0, misa, NULL),
    CSR_ROW(0x302, 0, medeleg, NULL),
    CSR_ROW(0x303, ISA_CSR_SYNC, mideleg, NULL),
    CSR_ROW(0x304, ISA_CSR_SYNC, mie, NULL),
    CSR_ROW(0x305, 0, mtvec, NULL),
    CSR_ROW(0x30a, ISA_CSR_SYNC, menvcfg, NULL),
    CSR_ROW(0x340, 0, mscratch, NULL),
    CSR_ROW(0x341, 0, mepc, NULL),
    CSR_ROW(0x342, 0, mcause, NULL),
    CSR_ROW(0x343, 0, mtval, NULL),
    CSR_ROW(0x344, ISA_CSR_SYNC | ISA_CSR_LINES, mip, NULL),
};

CSR_TABLE(csr_machine, csrs);
