/* Tasks, memory and demand paging of the small kernel's processes. */
#include "apps/uk/process.h"
#include "apps/uk/call.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include <sys/mman.h>

extern const u8 __start_uk_user[], __stop_uk_user[]; /* by the linker */

#define PAGE(address) ((address) & ~(ARCH_PAGE_SIZE - 1))

err_t process_create(struct process *p, const char *name, void (*program)(unsigned long), u64 argument)
{
    void *memory = mmap(NULL, UK_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *p = (struct process){.name = name, .memory = memory, .task = slot_alloc()};
    if (memory == MAP_FAILED || !p->task)
        return E_NOMEM;
    p->frame[EXC_WORD_PC] = (u64)program;
    p->frame[FRAME_SP] = UK_STACK + UK_STACK_SIZE;
    p->frame[FRAME_ARGUMENT] = argument;
    return factory_create_task(SLOT_FACTORY, p->task);
}

/* Our page at `here` becomes its page at `there`. It is touched first: our pager may not have shown it to us yet. */
static bool show(struct process *p, vaddr_t here, vaddr_t there, u32 rights)
{
    volatile u8 *page = (volatile u8 *)here;
    u8 byte = *page;
    if (rights & RIGHT_W)
        *page = byte;
    p->faults++;
    return !task_map(p->task, SLOT_TASK, FPAGE_MEM(here, ARCH_PAGE_SHIFT, rights), there);
}

bool process_page(struct process *p, vaddr_t address, u32 access)
{
    vaddr_t page = PAGE(address);
    if (address >= UK_DATA && address < UK_DATA + UK_MEMORY && access != RIGHT_X)
        return show(p, (vaddr_t)p->memory + (page - UK_DATA), page, RIGHT_R | RIGHT_W);
    if (address >= (vaddr_t)__start_uk_user && address < (vaddr_t)__stop_uk_user && access != RIGHT_W)
        return show(p, page, page, RIGHT_R | RIGHT_X);
    return false;
}

void process_destroy(struct process *p)
{
    slot_drop(p->task);
    munmap(p->memory, UK_MEMORY);
}
