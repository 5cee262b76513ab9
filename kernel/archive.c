/*
 * Reads the boot archive (cpio(5), "newc") and ELF-64 headers (System V ABI, chapter 5). Both are checked, not trusted.
 */
#include "kernel/archive.h"
#include "abi/boot_info.h"
#include "abi/invoke.h"
#include "lib/base/string.h"
#include <arch_types.h>
#include <elf.h>

#define CPIO_HEADER    110
#define CPIO_FILE_SIZE 54 /* offsets of eight hexadecimal digits */
#define CPIO_NAME_SIZE 94
#define IMAGE_MAX      (16ull << 20)

static u64 hexadecimal(const u8 *digits)
{
    u64 value = 0;
    for (u32 i = 0; i < 8; i++) {
        u8 c = digits[i];
        value = value * 16 + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static u64 aligned(u64 offset)
{
    return (offset + 3) & ~3ull;
}

bool archive_find(const void *archive, u64 size, const char *name, struct archive_member *member)
{
    const u8 *start = archive;
    for (u64 at = 0; at + CPIO_HEADER < size && !memcmp(start + at, "070701", 6);) {
        u64 name_size = hexadecimal(start + at + CPIO_NAME_SIZE), file_size = hexadecimal(start + at + CPIO_FILE_SIZE);
        u64 data = aligned(at + CPIO_HEADER + name_size);
        if (data > size || file_size > size - data)
            return false;
        if (strlen(name) < name_size && !memcmp(start + at + CPIO_HEADER, name, strlen(name) + 1)) {
            *member = (struct archive_member){start + data, file_size};
            return true;
        }
        at = aligned(data + file_size);
    }
    return false;
}

static const Elf64_Ehdr *header(const struct archive_member *m)
{
    return (const Elf64_Ehdr *)m->data;
}

bool elf_check(const struct archive_member *m)
{
    const Elf64_Ehdr *h = header(m);
    return m->size >= sizeof *h && !memcmp(h->e_ident, ELFMAG, SELFMAG) && h->e_ident[EI_CLASS] == ELFCLASS64 &&
           h->e_type == ET_EXEC && h->e_machine == ARCH_ELF_MACHINE && h->e_phentsize == sizeof(Elf64_Phdr) &&
           h->e_phoff <= m->size && h->e_phnum * sizeof(Elf64_Phdr) <= m->size - h->e_phoff &&
           h->e_entry >= BOOT_IMAGE_BASE;
}

vaddr_t elf_entry(const struct archive_member *m)
{
    return header(m)->e_entry;
}

static u32 rights_of(u32 flags)
{
    return RIGHT_R | ((flags & PF_W) ? RIGHT_W : 0) | ((flags & PF_X) ? RIGHT_X : 0);
}

static bool segment_valid(const struct archive_member *m, const Elf64_Phdr *p)
{
    return p->p_offset <= m->size && p->p_filesz <= m->size - p->p_offset && p->p_filesz <= p->p_memsz &&
           p->p_memsz <= IMAGE_MAX && p->p_vaddr % 4096 == 0 && p->p_vaddr >= BOOT_IMAGE_BASE &&
           p->p_vaddr < BOOT_IMAGE_BASE + IMAGE_MAX;
}

bool elf_segment(const struct archive_member *m, u32 i, struct segment *s)
{
    const Elf64_Phdr *p = (const Elf64_Phdr *)(m->data + header(m)->e_phoff), *end = p + header(m)->e_phnum;
    for (; p < end; p++) {
        if (p->p_type != PT_LOAD || p->p_memsz == 0 || i--)
            continue;
        if (!segment_valid(m, p))
            return false;
        *s = (struct segment){p->p_vaddr, m->data + p->p_offset, p->p_filesz, p->p_memsz, rights_of(p->p_flags)};
        return true;
    }
    return false;
}
