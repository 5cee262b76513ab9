/*
 * Loading; see load.h. The boot protocol is that of QEMU's virt: each hart starts in the ROM, which jumps to the
 * firmware with a0 = hart id, a1 = device tree, a2 = struct fw_dynamic_info of OpenSBI.
 */
#include "machine/board/load.h"

#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/dev/fdt.h"

#define KERNEL_OFFSET     UINT64_C(0x200000)
#define INITRD_MAX_OFFSET (UINT64_C(128) << 20)
#define TREE_ALIGN        UINT64_C(0x200000)
#define TREE_LIMIT        UINT64_C(0xc0000000) /* firmware may address only the low 3 GiB */

static bool fail(struct load_error *e, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    return false;
}

struct file {
    uint8_t *data;
    uint64_t size;
};

static bool read_file(const char *path, struct file *f, struct load_error *e)
{
    FILE *in = fopen(path, "rb");
    long size;

    f->data = NULL;
    if (!in)
        return fail(e, "%s: cannot be opened", path);
    if (fseek(in, 0, SEEK_END) == 0 && (size = ftell(in)) > 0 && fseek(in, 0, SEEK_SET) == 0) {
        f->size = (uint64_t)size;
        f->data = malloc(f->size);
        if (f->data && fread(f->data, 1, f->size, in) != f->size) {
            free(f->data);
            f->data = NULL;
        }
    }
    fclose(in);
    return f->data || fail(e, "%s: is empty or cannot be read", path);
}

/* ---- ELF ---- */

static bool is_elf(const struct file *f)
{
    return f->size >= sizeof(Elf64_Ehdr) && memcmp(f->data, ELFMAG, SELFMAG) == 0;
}

static bool load_segment(struct machine *m, const struct file *f, const Elf64_Phdr *p, uint64_t *end)
{
    if (p->p_type != PT_LOAD || p->p_memsz == 0)
        return true;
    if (p->p_filesz > p->p_memsz || p->p_offset > f->size || p->p_filesz > f->size - p->p_offset)
        return false;
    if (!bus_find_ram(&m->bus, p->p_paddr, p->p_memsz))
        return false;
    if (p->p_paddr + p->p_memsz > *end)
        *end = p->p_paddr + p->p_memsz;
    return bus_load(&m->bus, p->p_paddr, f->data + p->p_offset, p->p_filesz);
}

/* An entry point is a virtual address; the machine starts at its physical one. */
static uint64_t physical_entry(const Elf64_Ehdr *h, const Elf64_Phdr *p)
{
    for (unsigned i = 0; i < h->e_phnum; i++)
        if (p[i].p_type == PT_LOAD && h->e_entry >= p[i].p_vaddr && h->e_entry - p[i].p_vaddr < p[i].p_memsz)
            return h->e_entry - p[i].p_vaddr + p[i].p_paddr;
    return h->e_entry;
}

static bool load_elf(struct machine *m, const char *path, const struct file *f, uint64_t *entry, uint64_t *end,
                     struct load_error *e)
{
    const Elf64_Ehdr *h = (const void *)f->data;

    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_machine != EM_RISCV || h->e_phentsize != sizeof(Elf64_Phdr) ||
        h->e_phoff > f->size || h->e_phnum > (f->size - h->e_phoff) / sizeof(Elf64_Phdr))
        return fail(e, "%s: is not a 64-bit RISC-V program", path);
    const Elf64_Phdr *p = (const void *)(f->data + h->e_phoff);
    *end = 0;
    for (unsigned i = 0; i < h->e_phnum; i++)
        if (!load_segment(m, f, &p[i], end))
            return fail(e, "%s: segment %u at %#llx does not fit into memory", path, i,
                        (unsigned long long)p[i].p_paddr);
    *entry = physical_entry(h, p);
    return true;
}

/* Loads an ELF file, or anything else at `base`. */
static bool load_image(struct machine *m, const char *path, uint64_t base, uint64_t *entry, uint64_t *end,
                       struct load_error *e)
{
    struct file f;

    if (!read_file(path, &f, e))
        return false;
    bool ok;
    if (is_elf(&f)) {
        ok = load_elf(m, path, &f, entry, end, e);
    } else {
        *entry = base;
        *end = base + f.size;
        ok = bus_load(&m->bus, base, f.data, f.size) || fail(e, "%s: does not fit into memory", path);
    }
    free(f.data);
    return ok;
}

static bool load_initrd(struct machine *m, const char *path, uint64_t kernel_start, uint64_t kernel_end,
                        struct load_error *e)
{
    uint64_t half = m->config.ram_size / 2;
    uint64_t start = kernel_start + (half < INITRD_MAX_OFFSET ? half : INITRD_MAX_OFFSET);
    struct file f;

    if (start < kernel_end)
        start = (kernel_end + RV_PAGE_SIZE - 1) & RV_PAGE_MASK;
    if (!read_file(path, &f, e))
        return false;
    bool ok = bus_load(&m->bus, start, f.data, f.size);
    m->initrd_start = start;
    m->initrd_end = start + f.size;
    free(f.data);
    return ok || fail(e, "%s: does not fit into memory behind the kernel", path);
}

/* ---- Device tree and reset code ---- */

static bool load_tree(struct machine *m, uint64_t *address, struct load_error *e)
{
    struct fdt *t = malloc(sizeof *t);
    uint64_t end = MACHINE_RAM_BASE + m->config.ram_size;
    int size = t ? machine_device_tree(m, t) : -1;
    bool ok = false;

    if (end > TREE_LIMIT)
        end = TREE_LIMIT;
    if (size > 0) {
        *address = (end - (uint64_t)size) & ~(TREE_ALIGN - 1);
        if (*address < MACHINE_RAM_BASE) /* small memories */
            *address = (end - (uint64_t)size) & RV_PAGE_MASK;
        ok = bus_load(&m->bus, *address, t->blob, (uint64_t)size);
    }
    free(t);
    return ok || fail(e, "the device tree does not fit into memory");
}

/* struct fw_dynamic_info, version 2 (OpenSBI's include/sbi/fw_dynamic.h). */
struct dynamic_info {
    uint64_t magic, version, next_addr, next_mode, options, boot_hart;
};
#define DYNAMIC_MAGIC UINT64_C(0x4942534f) /* "OSBI" */

/* The ROM: where to go and with what. The words behind the code are data that it loads. */
static void write_rom(struct machine *m, uint64_t start, uint64_t tree, uint64_t kernel)
{
    struct {
        uint32_t code[6];
        uint64_t start, tree;
        struct dynamic_info info;
    } rom = {
        .code =
            {
                0x00000297, /* auipc t0, 0 */
                0x02828613, /* addi a2, t0, 40: dynamic_info */
                0xf1402573, /* csrr a0, mhartid */
                0x0202b583, /* ld a1, 32(t0): device tree */
                0x0182b283, /* ld t0, 24(t0): start */
                0x00028067, /* jr t0 */
            },
        .start = start,
        .tree = tree,
        .info = {DYNAMIC_MAGIC, 2, kernel, RV_S, 0, 0},
    };

    bus_load(&m->bus, MACHINE_ROM_BASE, &rom, sizeof rom);
}

bool load_boot(struct machine *m, const struct load_request *r, struct load_error *e)
{
    uint64_t start = MACHINE_RAM_BASE, kernel = 0, end = MACHINE_RAM_BASE, tree = 0;
    uint64_t kernel_base = MACHINE_RAM_BASE + (r->firmware ? KERNEL_OFFSET : 0);

    if (r->firmware && !load_image(m, r->firmware, MACHINE_RAM_BASE, &start, &end, e))
        return false;
    if (r->kernel && !load_image(m, r->kernel, kernel_base, &kernel, &end, e))
        return false;
    if (r->initrd && !load_initrd(m, r->initrd, kernel_base, end, e))
        return false;
    if (r->bootargs && snprintf(m->bootargs, sizeof m->bootargs, "%s", r->bootargs) >= (int)sizeof m->bootargs)
        return fail(e, "the kernel's arguments are longer than %zu bytes", sizeof m->bootargs - 1);
    if (!load_tree(m, &tree, e))
        return false;
    write_rom(m, r->firmware || !kernel ? start : kernel, tree, kernel);
    return true;
}
