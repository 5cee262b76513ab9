/* Where root's heap gets its pages: from the frames themselves. */
#include "abi/arch/riscv64.h"
#include "lib/base/string.h"
#include "lib/tess/heap.h"
#include "servers/root/frame.h"

void *heap_pages_alloc(size_t count)
{
    paddr_t at = frame_alloc_run(count * ARCH_PAGE_SIZE);
    return at ? memset((void *)at, 0, count * ARCH_PAGE_SIZE) : NULL;
}

void heap_pages_free(void *pages, size_t count)
{
    frame_add((paddr_t)pages, (paddr_t)pages + count * ARCH_PAGE_SIZE);
}
