/* Executables: the parts of the ELF format (System V ABI, chapters 4 and 5) that loading a static program needs. */
#pragma once

#include "abi/types.h"

struct elf_header {
    u8 magic[4], class, data, ident_version, os_abi, padding[8];
    u16 type, machine;
    u32 version;
    u64 entry, phoff, shoff;
    u32 flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    u32 type, flags;
    u64 offset, vaddr, paddr, file_size, memory_size, align;
};

#define ELF_CLASS_64    2
#define ELF_DATA_LITTLE 1
#define ELF_TYPE_EXEC   2
#define ELF_RISCV       243
#define ELF_LOAD        1
#define ELF_FLAG_X      1
#define ELF_FLAG_W      2
#define ELF_FLAG_R      4

#define ELF_SEGMENTS_MAX 16

/* Rights (RIGHT_*) of a segment's memory. */
u32 elf_segment_rights(const struct elf_segment *segment);

/*
 * E_OK if the header, of which `length` bytes of the file are readable, is that of a static executable for this
 * machine with 1..ELF_SEGMENTS_MAX segments, the table of which lies in these bytes. Else E_NOEXEC.
 */
err_t elf_check_header(const struct elf_header *header, u64 length);

/*
 * E_OK if a LOAD segment can be mapped into [low, high): sizes and offsets do not overflow, and offset and address
 * agree modulo the page size. Else E_NOEXEC.
 */
err_t elf_check_segment(const struct elf_segment *segment, vaddr_t low, vaddr_t high);
