/*
 * Address translation and memory protection: Sv39, Sv48, PMP; and the slow paths of memory accesses, taken whenever
 * the software TLB has no host address: misses, misaligned accesses, devices, pages with decoded instructions.
 *
 * Accesses that fail return false (or NULL). Then hart.leave is HART_LEFT_SYNC (a device was meant, and counters must
 * be exact first), or HART_LEFT_TRAPPED with the exception in hart.fault_cause and fault_tval.
 */
#ifndef MACHINE_CORE_MMU_H
#define MACHINE_CORE_MMU_H

#include "machine/core/hart.h"

enum mmu_access {
    MMU_READ,
    MMU_WRITE,
    MMU_EXEC,
};

/* Result of a page-table walk; also what the timing model charges for. */
struct mmu_walk {
    uint64_t pa;
    uint64_t page_size;  /* of the leaf: 4 KiB, 2 MiB, 1 GiB, 512 GiB; all of memory if translation is off */
    unsigned steps;      /* page-table entries read */
    uint64_t entries[4]; /* their physical addresses */
    uint8_t pte;         /* low bits of the leaf: V R W X U G A D */
};

/* Reads or writes `size` (1, 2, 4, 8) bytes of guest memory, at any alignment. */
bool mmu_read(struct hart *h, uint64_t va, void *out, unsigned size);
bool mmu_write(struct hart *h, uint64_t va, const void *in, unsigned size);

/* The host address of a datum of `size` (4, 8) bytes to read and write atomically; only RAM has those. */
void *mmu_atomic(struct hart *h, uint64_t va, unsigned size);

/* Whether `va` is a multiple of `size`; if not, records the exception `cause`. */
bool mmu_check_aligned(struct hart *h, uint64_t va, unsigned size, unsigned cause);

/* The code page that holds guest address `va`. */
struct code_page *mmu_code_page(struct hart *h, uint64_t va);

/*
 * Translates `va` as a data access or fetch of `size` bytes would, including PMP and updates of accessed and dirty
 * bits. On failure records the exception.
 */
bool mmu_translate(struct hart *h, uint64_t va, enum mmu_access access, struct mmu_walk *walk);

/* Translates for debuggers and the timing model: no side effects, no permission checks. */
bool mmu_peek(struct hart *h, uint64_t va, enum mmu_access access, struct mmu_walk *walk);

/* sfence.vma: forgets translations of address *va (NULL: all) in address space *asid (NULL: all). */
void mmu_fence(struct hart *h, const uint64_t *va, const uint64_t *asid);

/* Forgets all translations: PMP or MXR changed, or memory moved. */
void mmu_flush(struct hart *h);

/* Selects the TLB context for the hart's present mode, satp and mstatus. */
void mmu_select(struct hart *h);

/* Makes writes to a page take the slow path from now on, in every context. `host` is the page's first byte. */
void mmu_write_protect(struct hart *h, const uint8_t *host);

/* Drops references to a code page from every context. */
void mmu_forget_code(struct hart *h, const struct code_page *page);

/* Whether PMP lets `mode` access [pa, pa + size). The range must not wrap. */
bool pmp_allows(const struct pmp *p, enum rv_mode mode, uint64_t pa, uint64_t size, enum mmu_access access);

/* Whether all of the page at `pa` is matched by the same entries, so that one answer holds for it. */
bool pmp_uniform(const struct pmp *p, uint64_t pa);

#endif
