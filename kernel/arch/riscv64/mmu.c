/*
 * The kernel's window: physical memory at KERNEL_WINDOW, in gigabyte pages that are not executable, save the 2 MiB that
 * hold the kernel, which are mapped page by page with the rights that each needs. Every task's root has these entries.
 *
 *   root[256 + g] -> gigabyte g          root[256 + 2] -> kernel_middle -> kernel_pages
 */
#include "kernel/arch/riscv64/mmu.h"
#include "kernel/arch.h"
#include "lib/base/string.h"

#define ENTRIES 512
#define UPPER   256

extern u8 kernel_start[], kernel_text_end[], kernel_data[];

static u64 kernel_root[ENTRIES] __attribute__((aligned(4096)));
static u64 kernel_middle[ENTRIES] __attribute__((aligned(4096)));
static u64 kernel_pages[ENTRIES] __attribute__((aligned(4096)));
static u64 gigabytes, asids;

#define KERNEL_PTE (PTE_V | PTE_G | PTE_A | PTE_D)

static u64 pte(paddr_t p, u64 rights)
{
    return p >> 12 << 10 | KERNEL_PTE | rights;
}

/* The page of the kernel's image at `virt`. */
static u64 image_rights(const u8 *virt)
{
    if (virt < kernel_text_end)
        return PTE_R | PTE_X;
    return virt < kernel_data ? PTE_R : PTE_R | PTE_W;
}

static void map_image(void)
{
    paddr_t image = arch_virt_to_phys(kernel_start), gigabyte = image >> 30 << 30;
    for (u64 i = 0; i < ENTRIES; i++) {
        kernel_middle[i] = pte(gigabyte + (i << 21), PTE_R | PTE_W);
        kernel_pages[i] = pte(image + (i << 12), image_rights(kernel_start + (i << 12)));
    }
    kernel_middle[(image - gigabyte) >> 21] = arch_pte_table(arch_virt_to_phys(kernel_pages));
    kernel_root[UPPER + (image >> 30)] = arch_pte_table(arch_virt_to_phys(kernel_middle));
}

/* How many identifiers satp keeps (privileged specification 4.1.11): those bits that can be set. */
static u64 count_asids(u64 root)
{
    arch_space_switch(root | 0xffffull << 44);
    u64 count = (csr_read(satp) >> 44 & 0xffff) + 1;
    arch_space_switch(root);
    __asm__ volatile("sfence.vma" ::: "memory");
    return count;
}

void mmu_init(paddr_t ram_end)
{
    gigabytes = (ram_end + (1ull << 30) - 1) >> 30;
    if (gigabytes > UPPER)
        gigabytes = UPPER;
    for (u64 g = 0; g < gigabytes; g++)
        kernel_root[UPPER + g] = pte(g << 30, PTE_R | PTE_W);
    map_image();
    asids = count_asids(arch_space_root(kernel_root, 0));
}

void arch_space_init_root(u64 *table)
{
    memcpy(table + UPPER, kernel_root + UPPER, gigabytes * sizeof *table);
}

u64 arch_space_root(u64 *table, u64 asid)
{
    return 8ull << 60 | asid << 44 | arch_virt_to_phys(table) >> 12;
}

u64 arch_kernel_root(void)
{
    return arch_space_root(kernel_root, 0);
}

u64 arch_asid_count(void)
{
    return asids;
}

void arch_tlb_flush_page(u64 asid, vaddr_t address)
{
    __asm__ volatile("sfence.vma %0, %1" ::"r"(address), "r"(asid) : "memory");
}

void arch_tlb_flush_asid(u64 asid)
{
    __asm__ volatile("sfence.vma zero, %0" ::"r"(asid) : "memory");
}

void arch_tlb_flush_all(void)
{
    __asm__ volatile("sfence.vma" ::: "memory");
}

void arch_code_changed(void)
{
    __asm__ volatile("fence.i" ::: "memory");
}
