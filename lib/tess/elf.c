/* Checks of executables, whatever they contain: see elf.h. */
#include "lib/tess/elf.h"

#include "abi/arch/riscv64.h"
#include "abi/error.h"
#include "abi/invoke.h"
#include "lib/base/string.h"

u32 elf_segment_rights(const struct elf_segment *s)
{
    return RIGHT_R | (s->flags & ELF_FLAG_W ? RIGHT_W : 0) | (s->flags & ELF_FLAG_X ? RIGHT_X : 0);
}

err_t elf_check_header(const struct elf_header *h, u64 length)
{
    if (length < sizeof *h || memcmp(h->magic, "\177ELF", 4) || h->class != ELF_CLASS_64 || h->data != ELF_DATA_LITTLE)
        return E_NOEXEC;
    if (h->type != ELF_TYPE_EXEC || h->machine != ELF_RISCV || h->phentsize != sizeof(struct elf_segment))
        return E_NOEXEC;
    if (h->phnum < 1 || h->phnum > ELF_SEGMENTS_MAX || h->phoff % 8 || h->phoff > length ||
        h->phnum * sizeof(struct elf_segment) > length - h->phoff)
        return E_NOEXEC;
    return E_OK;
}

err_t elf_check_segment(const struct elf_segment *s, vaddr_t low, vaddr_t high)
{
    if (s->vaddr < low || s->vaddr >= high || s->memory_size > high - s->vaddr || s->file_size > s->memory_size)
        return E_NOEXEC;
    if (s->offset > INT64_MAX - s->file_size || (s->offset ^ s->vaddr) % ARCH_PAGE_SIZE)
        return E_NOEXEC;
    return E_OK;
}
