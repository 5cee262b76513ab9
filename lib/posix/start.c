/*
 * How a POSIX program begins: from the start block that its parent wrote to the stack that musl expects.
 *
 *   vector -> argc | argv... 0 | envp... 0 | auxiliary vector: pairs of words, 0
 *
 * musl makes the first thread's storage later; until then the thread pointer shows to an area on the stack, because
 * system calls find the UTCB through it.
 */
#include <elf.h>
#include <string.h>

#include "lib/posix/file.h"
#include "lib/posix/path.h"
#include "lib/posix/random.h"
#include "lib/posix/session.h"
#include "lib/posix/start_block.h"
#include "lib/posix/thread.h"
#include "lib/posix/virtual.h"
#include "lib/tess/arch.h"
#include "lib/tess/env.h"
#include "lib/tess/slot.h"

extern const Elf64_Ehdr __ehdr_start; /* the program's ELF header, from the linker; not weak: ld would relax it to 0 */

_Noreturn void posix_start(const struct start_block *start, void (*go_on)(long *vector));

/* ---- storage for the first moments ---- */

static const Elf64_Phdr *segments(void)
{
    return (const Elf64_Phdr *)((const char *)&__ehdr_start + __ehdr_start.e_phoff);
}

static size_t early_tls_size(void)
{
    for (size_t i = 0; i < __ehdr_start.e_phnum; i++)
        if (segments()[i].p_type == PT_TLS)
            return segments()[i].p_memsz + segments()[i].p_align;
    return 0;
}

/* ---- the vector ---- */

static const char *block_text(u32 offset)
{
    return (const char *)env_start + offset;
}

/* Puts pointers to `count` strings, one behind the other from `text` on, and a NULL. */
static long *put_strings(long *to, u32 count, const char *text)
{
    for (; count; count--, text += strlen(text) + 1)
        *to++ = (long)text;
    *to++ = 0;
    return to;
}

static long *put_pair(long *to, long key, long value)
{
    to[0] = key;
    to[1] = value;
    return to + 2;
}

#define PAIRS 6

static size_t vector_words(void)
{
    return 1 + env_start->argc + 1 + env_start->envc + 1 + 2 * PAIRS;
}

static void put_vector(long *to, const void *seed)
{
    *to++ = env_start->argc;
    to = put_strings(to, env_start->argc, block_text(env_start->argv));
    to = put_strings(to, env_start->envc, block_text(env_start->envp));
    to = put_pair(to, AT_PHDR, (long)segments());
    to = put_pair(to, AT_PHNUM, __ehdr_start.e_phnum);
    to = put_pair(to, AT_PHENT, sizeof(Elf64_Phdr));
    to = put_pair(to, AT_PAGESZ, 4096);
    to = put_pair(to, AT_RANDOM, (long)seed);
    put_pair(to, AT_NULL, 0);
}

/* ---- what was handed on ---- */

/* How the type of a file travels in start_descriptor.flags, beside O_* flags. */
#define TYPE_SHIFT 16
#define TYPE_MASK  0xf0000000u

u32 start_flags(const struct file *file)
{
    return file->flags | ((file->mode << TYPE_SHIFT) & TYPE_MASK);
}

static struct file *open_descriptor(const struct start_descriptor *d)
{
    u32 flags = d->flags & ~TYPE_MASK;
    if (!d->slot)
        return virtual_create(d->kind, flags);
    return file_create(&session_ops, d->slot, flags, d->kind, (d->flags & TYPE_MASK) >> TYPE_SHIFT);
}

/* Descriptors with the same session are one file. */
static void open_descriptors(void)
{
    const struct start_descriptor *table = (const struct start_descriptor *)block_text(env_start->fdv);
    for (u32 i = 0; i < env_start->fdc; i++) {
        struct file *file = NULL;
        for (u32 j = 0; j < i && !file; j++)
            if (table[i].slot && table[j].slot == table[i].slot)
                file = descriptor_get(table[j].fd);
        if (!file)
            file = open_descriptor(&table[i]);
        if (file)
            descriptor_set(table[i].fd, file, false);
    }
}

_Noreturn void posix_start(const struct start_block *start, void (*go_on)(long *vector))
{
    void *storage = __builtin_alloca(early_tls_size());
    long seed[2];
    arch_set_thread_pointer(storage);
    env_start = start;
    sys_utcb = (struct utcb *)START_UTCB;
    thread_start_first(start->pid);
    for (cap_t slot = SLOT_FIRST; slot < start->first_slot; slot++)
        slot_take(slot);
    open_descriptors();
    if (start->folder)
        folder_start(block_text(start->folder));
    random_fill(seed, sizeof seed);
    long *vector = __builtin_alloca(vector_words() * sizeof *vector);
    put_vector(vector, seed);
    go_on(vector);
    __builtin_unreachable();
}
