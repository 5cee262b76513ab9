/* Memory calls: mmap and its relatives become requests to the task's region manager. */
#include <sys/mman.h>

#include "abi/invoke.h"
#include "lib/posix/file.h"
#include "lib/posix/linux.h"
#include "lib/tess/rm.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "proto/fs.h"

#define PAGE 4096ull

static u32 rights_of(long protection)
{
    u32 rights = protection & PROT_READ ? RIGHT_R : 0;
    if (protection & PROT_WRITE)
        rights |= RIGHT_R | RIGHT_W;
    if (protection & PROT_EXEC)
        rights |= RIGHT_R | RIGHT_X;
    return rights;
}

static u32 region_flags(long flags)
{
    u32 result = flags & MAP_FIXED ? RM_FIXED | RM_REPLACE : 0;
    if ((flags & MAP_TYPE) == MAP_PRIVATE)
        result |= RM_PRIVATE;
    if (flags & MAP_POPULATE)
        result |= RM_POPULATE;
    return result;
}

/* Whether the file may be mapped so that others see what is written: it must be open for writing. */
static err_t check_shared(cap_t gate, long protection, long flags)
{
    u64 size;
    u32 access;
    if ((flags & MAP_TYPE) == MAP_PRIVATE || !(protection & PROT_WRITE))
        return E_OK;
    err_t error = dataspace_info(gate, &size, &access);
    return error || (access & DATASPACE_WRITE) ? error : E_ACCES;
}

/* A capability of its own for the region manager, which keeps the file alive when the descriptor is closed. */
static err_t share_file(const struct file *file, long protection, long flags, cap_t *dataspace)
{
    *dataspace = 0;
    if (!file->gate)
        return E_NODEV;
    err_t error = check_shared(file->gate, protection, flags);
    if (error)
        return error;
    *dataspace = slot_alloc();
    error = *dataspace ? dataspace_share(file->gate, *dataspace) : E_NOMEM;
    if (error)
        slot_free(*dataspace);
    return error;
}

static err_t share_descriptor(long fd, long protection, long flags, cap_t *dataspace)
{
    struct file *file = descriptor_get(fd);
    if (!file)
        return E_BADF;
    err_t error = share_file(file, protection, flags, dataspace);
    file_put(file);
    return error == E_NOSYS ? E_NODEV : error;
}

static long attach(vaddr_t address, u64 size, cap_t dataspace, i64 offset, long protection, long flags)
{
    err_t error = rm_attach(&address, size, dataspace, (u64)offset, rights_of(protection), region_flags(flags));
    slot_free(dataspace);
    return error ? linux_error(error) : (long)address;
}

static u64 round_up(u64 size)
{
    return (size + PAGE - 1) & ~(PAGE - 1);
}

long linux_mmap(long address, long size, long protection, long flags, long fd, long offset)
{
    cap_t dataspace = 0;
    if (size <= 0 || offset < 0 || offset % (long)PAGE || ((flags & MAP_FIXED) && address % (long)PAGE))
        return -E_INVAL;
    if (!(flags & MAP_ANONYMOUS)) {
        err_t error = share_descriptor(fd, protection, flags, &dataspace);
        if (error)
            return linux_error(error);
    }
    if (!(flags & MAP_FIXED))
        address = 0; /* a hint */
    return attach((vaddr_t)address, round_up((u64)size), dataspace, offset, protection, flags);
}

long linux_munmap(long address, long size, long c, long d, long e, long f)
{
    if (size <= 0 || address % (long)PAGE)
        return -E_INVAL;
    return linux_error(rm_detach((vaddr_t)address, round_up((u64)size)));
}

long linux_mprotect(long address, long size, long protection, long d, long e, long f)
{
    if (size < 0 || address % (long)PAGE)
        return -E_INVAL;
    return size ? linux_error(rm_protect((vaddr_t)address, round_up((u64)size), rights_of(protection))) : 0;
}

/* There is no break: musl's allocator then takes all its memory by mmap. */
long linux_brk(long address, long b, long c, long d, long e, long f)
{
    return 0;
}

/* Shrinks in place; growing is for the caller to do by copying (musl's realloc does). */
long linux_mremap(long address, long old_size, long new_size, long flags, long e, long f)
{
    if (old_size <= 0 || new_size <= 0 || address % (long)PAGE)
        return -E_INVAL;
    u64 old = round_up((u64)old_size), wanted = round_up((u64)new_size);
    if (wanted > old)
        return -E_NOMEM;
    if (wanted < old) {
        err_t error = rm_detach((vaddr_t)address + wanted, old - wanted);
        if (error)
            return linux_error(error);
    }
    return address;
}

/* Advice may be ignored. */
long linux_madvise(long address, long size, long advice, long d, long e, long f)
{
    return advice == MADV_DONTNEED ? -E_INVAL : 0;
}

/* Shared mappings are of the file's own pages, which everybody sees: what is left is to write them to the disk. */
long linux_msync(long address, long size, long flags, long d, long e, long f)
{
    if (address % (long)PAGE || (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)))
        return -E_INVAL;
    return flags & MS_SYNC ? linux_error(fs_sync(SLOT_FS)) : 0;
}

long linux_membarrier(long command, long flags, long cpu, long d, long e, long f)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return 0;
}
