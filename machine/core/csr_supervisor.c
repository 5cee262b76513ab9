/* Supervisor-mode registers; several are windows on machine-mode ones. */
#include "machine/core/csr.h"
#include "machine/core/mmu.h"

#define ENVCFG_FIOM 1ull
#define COUNTER_TM  2u /* bit of `time` in the counter-enable registers */

CSR_FIELD(stvec, ~2ull)
CSR_FIELD(sscratch, UINT64_MAX)
CSR_FIELD(sepc, ~1ull)
CSR_FIELD(scause, UINT64_MAX)
CSR_FIELD(stval, UINT64_MAX)
CSR_FIELD(senvcfg, ENVCFG_FIOM)

static uint64_t read_sstatus(struct hart *h, unsigned number)
{
    bool dirty = (h->mstatus & RV_STATUS_FS) == RV_STATUS_FS;
    return (h->mstatus & RV_STATUS_S_MASK) | (RV_STATUS_XL64 & RV_STATUS_UXL) | (dirty ? RV_STATUS_SD : 0);
}

static void write_sstatus(struct hart *h, unsigned number, uint64_t value)
{
    uint64_t old = h->mstatus;

    h->mstatus = (old & ~RV_STATUS_S_MASK) | (value & RV_STATUS_S_MASK);
    if ((old ^ h->mstatus) & (RV_STATUS_SUM | RV_STATUS_MXR))
        mmu_select(h);
}

static uint64_t read_sie(struct hart *h, unsigned number)
{
    return h->mie & h->mideleg;
}

static void write_sie(struct hart *h, unsigned number, uint64_t value)
{
    h->mie = (h->mie & ~h->mideleg) | (value & h->mideleg);
}

static uint64_t read_sip(struct hart *h, unsigned number)
{
    return hart_mip(h) & h->mideleg;
}

static void write_sip(struct hart *h, unsigned number, uint64_t value)
{
    uint64_t mask = h->mideleg & RV_BIT(RV_IRQ_SSI);
    h->mip = (h->mip & ~mask) | (value & mask);
}

static bool satp_allowed(struct hart *h, unsigned number)
{
    return h->mode == RV_M || !(h->mstatus & RV_STATUS_TVM);
}

static uint64_t read_satp(struct hart *h, unsigned number)
{
    return h->satp;
}

/* A write that selects an unsupported mode has no effect at all. */
static void write_satp(struct hart *h, unsigned number, uint64_t value)
{
    uint64_t mode = RV_SATP_MODE(value);

    if (mode != RV_SATP_BARE && mode != RV_SATP_SV39 && mode != RV_SATP_SV48)
        return;
    h->satp = value;
    mmu_select(h);
}

static bool stimecmp_allowed(struct hart *h, unsigned number)
{
    return h->mode == RV_M || ((h->menvcfg & RV_ENVCFG_STCE) && (h->mcounteren & COUNTER_TM));
}

static uint64_t read_stimecmp(struct hart *h, unsigned number)
{
    return h->stimecmp;
}

static void write_stimecmp(struct hart *h, unsigned number, uint64_t value)
{
    h->stimecmp = value;
    h->timer_changed(h->machine, h);
}

static void reset(struct hart *h)
{
    h->stvec = h->sscratch = h->sepc = h->scause = h->stval = h->senvcfg = h->satp = 0;
    h->stimecmp = UINT64_MAX;
}

static const struct isa_csr csrs[] = {
    CSR_ROW(0x100, ISA_CSR_SYNC, sstatus, NULL),
    CSR_ROW(0x104, ISA_CSR_SYNC, sie, NULL),
    CSR_ROW(0x105, 0, stvec, NULL),
    CSR_ROW(0x10a, 0, senvcfg, NULL),
    CSR_ROW(0x140, 0, sscratch, NULL),
    CSR_ROW(0x141, 0, sepc, NULL),
    CSR_ROW(0x142, 0, scause, NULL),
    CSR_ROW(0x143, 0, stval, NULL),
    CSR_ROW(0x144, ISA_CSR_SYNC, sip, NULL),
    CSR_ROW(0x14d, ISA_CSR_SYNC, stimecmp, stimecmp_allowed),
    CSR_ROW(0x180, ISA_CSR_SYNC, satp, satp_allowed),
};

CSR_TABLE(csr_supervisor, csrs);
