/* The region manager's requests: see rm.h. */
#include "lib/base/bitmap.h"
#include "lib/tess/tls.h"
#include "proto/dataspace.h"
#include "proto/mem.h"
#include "proto/proc.h"
#include "proto/region.h"
#include "servers/rm/rm.h"

#define STATUS_NOT_LOADED (127u << 8)  /* as a shell says: cannot be executed */
#define CHECK_QUOTA_FROM  (1ull << 20) /* own memory is given at first touch; so much at once is checked before */

/* Called by _start with the first message. */
_Noreturn void rm_begin(struct msg *m);

static _Alignas(16) char tls[64];
static u64 utcbs = 3;      /* UTCBs in use: its own, the first thread's */
static u64 utcb_pages = 1; /* pages of them */
static struct {
    vaddr_t first, behind, fixup;
} recovery;

/* Where the program wants to be interrupted, and what of. */
static struct {
    vaddr_t entry, back; /* 0 = nowhere */
    bool kept;
    u64 words[EXC_WORDS]; /* of the exception: the registers to give back */
} interruption;

#define UTCBS_PER_PAGE (PAGE_SIZE / UTCB_SIZE)

/* ---- slots of dataspaces: 17-31, then those above the program's ---- */

static u32 dataspaces;

#define SLOT_DATASPACE (SLOT_RM_FIRST + 1)
#define DATASPACES     (SLOT_FIRST - SLOT_DATASPACE)

static cap_t find_slot(void)
{
    for (u32 i = 0; i < DATASPACES; i++)
        if (!(dataspaces >> i & 1)) {
            dataspaces |= 1u << i;
            return SLOT_DATASPACE + i;
        }
    cap_t slot = SLOT_RM_TABLE;
    while (slot < 2 * SLOT_RM_TABLE && region_uses(slot))
        slot++;
    return slot;
}

static void drop_slot(cap_t slot)
{
    if (!slot || slot == SLOT_IMAGE || region_uses(slot))
        return;
    task_unmap(SLOT_TASK, FPAGE_OBJ(slot, 0, RIGHTS_ALL), UNMAP_SELF);
    if (slot < SLOT_FIRST)
        dataspaces &= ~(1u << (slot - SLOT_DATASPACE));
}

/* Moves the program's capability to a slot of ours. */
static err_t take_dataspace(u32 theirs, cap_t *ours)
{
    *ours = 0;
    if (!theirs)
        return E_OK;
    if (theirs < SLOT_FIRST || theirs >= SLOT_END)
        return E_INVAL;
    *ours = find_slot();
    u64 base = (u64)*ours << FPAGE_START_SHIFT | ITEM_GRANT;
    err_t error = task_map(SLOT_TASK, SLOT_TASK, FPAGE_OBJ(theirs, 0, RIGHTS_ALL), base);
    if (error)
        drop_slot(*ours);
    return error;
}

/* ---- attach and detach ---- */

static bool range_valid(vaddr_t address, u64 size)
{
    return size && !((address | size) % PAGE_SIZE) && address >= SPACE_PROGRAM_BASE && address < SPACE_STACK_END &&
           size <= SPACE_STACK_END - address;
}

static void detach_region(struct region *r)
{
    vaddr_t start = r->start, end = r->end;
    cap_t slot = r->slot;
    bool own = !slot && !(r->flags & RM_RESERVED), copied = r->flags & RM_COPIED;
    region_remove(r);
    if (!own)
        memory_unmap(start, end, RIGHTS_RWX);
    if (own || copied)
        dataspace_discard(SLOT_ANON, start, end - start);
    drop_slot(slot);
}

static err_t detach_range(vaddr_t start, vaddr_t end)
{
    err_t error = region_split(start, end);
    if (error)
        return error;
    struct region *r;
    while ((r = region_above(start)) && r->start < end)
        detach_region(r);
    return E_OK;
}

/* Where the new region goes. Large ones are aligned, so that large pieces can be mapped. */
static err_t choose_place(u64 *address, u64 size, u64 align, u32 flags)
{
    if (!(flags & RM_FIXED)) {
        *address = region_find_gap(size, align);
        return *address ? E_OK : E_NOMEM;
    }
    if (!range_valid(*address, size))
        return E_INVAL;
    struct region *above = region_above(*address);
    if (!above || above->start >= *address + size)
        return E_OK;
    return flags & RM_REPLACE ? detach_range(*address, *address + size) : E_EXIST;
}

static bool quota_allows(u64 size)
{
    u64 quota, used, kernel_quota, kernel_used;
    return size < CHECK_QUOTA_FROM || mem_info(SLOT_MEM, &quota, &used, &kernel_quota, &kernel_used) ||
           (used <= quota && size <= quota - used);
}

static u64 alignment_for(u64 size)
{
    u64 align = PAGE_SIZE;
    while (align < size && align < 2ull << 20)
        align *= 2;
    return align < 1ull << ORDER_OWN ? PAGE_SIZE : align;
}

static err_t add(const struct region *region, u32 flags)
{
    err_t error = region_insert(region);
    if (error || !(flags & RM_POPULATE))
        return error;
    error = memory_populate(region);
    if (error)
        detach_range(region->start, region->end);
    return error;
}

static err_t attach(void *self, u64 address, u64 size, u64 offset, u32 slot, u32 access, u32 flags, u64 *place)
{
    struct region r = {.offset = offset, .rights = (u16)access, .flags = flags & (RM_PRIVATE | RM_STACK)};
    err_t error = take_dataspace(slot, &r.slot);
    if (error)
        return error;
    if (!size || (size | offset) % PAGE_SIZE || offset + size < size || access & ~(u32)RIGHTS_RWX)
        error = E_INVAL;
    else if (!r.slot && !quota_allows(size))
        error = E_NOMEM;
    if (!r.slot)
        r.flags &= ~RM_PRIVATE;
    if (!error)
        error = choose_place(&address, size, alignment_for(size), flags);
    if (!error) {
        r.start = address;
        r.end = address + size;
        error = add(&r, flags);
    }
    if (error)
        drop_slot(r.slot);
    *place = address;
    return error;
}

static err_t detach(void *self, u64 address, u64 size)
{
    return range_valid(address, size) ? detach_range(address, address + size) : E_INVAL;
}

static err_t reserve(void *self, u64 address, u64 size, u64 align, u32 flags, u64 *place)
{
    if (!size || size % PAGE_SIZE || align & (align - 1))
        return E_INVAL;
    err_t error = choose_place(&address, size, align < PAGE_SIZE ? PAGE_SIZE : align, flags & ~RM_REPLACE);
    *place = address;
    return error ? error
                 : region_insert(&(struct region){.start = address, .end = address + size, .flags = RM_RESERVED});
}

/* ---- protect ---- */

static void protect_region(struct region *r, u32 rights)
{
    u32 taken = r->rights & ~rights, added = rights & ~r->rights;
    if (added || taken & RIGHT_R)
        memory_unmap(r->start, r->end, RIGHTS_RWX); /* the next access maps it anew */
    else if (taken)
        memory_unmap(r->start, r->end, taken);
    r->rights = (u16)rights;
}

static bool all_attached(vaddr_t start, vaddr_t end)
{
    while (start < end) {
        struct region *r = region_at(start);
        if (!r || r->flags & RM_RESERVED)
            return false;
        start = r->end;
    }
    return true;
}

static err_t protect(void *self, u64 address, u64 size, u32 access)
{
    if (!range_valid(address, size) || access & ~(u32)RIGHTS_RWX)
        return E_INVAL;
    if (!all_attached(address, address + size))
        return E_NOMEM;
    err_t error = region_split(address, address + size);
    for (vaddr_t at = address; !error && at < address + size;) {
        struct region *r = region_at(at);
        protect_region(r, access);
        at = r->end;
    }
    return error;
}

/* ---- small requests ---- */

static err_t set_recovery(void *self, u64 first, u64 behind, u64 fixup)
{
    recovery.first = first;
    recovery.behind = behind;
    recovery.fixup = fixup;
    return E_OK;
}

/* Said again, it also means that what was interrupted will not go on. */
static err_t set_signal(void *self, u64 entry, u64 back)
{
    interruption.entry = entry;
    interruption.back = back;
    interruption.kept = false;
    return E_OK;
}

static err_t alloc_utcb(void *self, u64 *utcb)
{
    size_t i = bitmap_find_clear(&utcbs, 0, SPACE_UTCB_MAX);
    if (i == BITMAP_NONE)
        return E_AGAIN;
    if (i / UTCBS_PER_PAGE >= utcb_pages) {
        u64 page = SPACE_UTCBS + utcb_pages * PAGE_SIZE;
        err_t error = task_add_ku_mem(SLOT_TASK, FPAGE_MEM(page, ARCH_PAGE_SHIFT, RIGHT_R | RIGHT_W));
        if (error)
            return error;
        utcb_pages++;
    }
    bitmap_set(&utcbs, i);
    *utcb = SPACE_UTCBS + i * UTCB_SIZE;
    return E_OK;
}

static err_t free_utcb(void *self, u64 utcb)
{
    u64 i = (utcb - SPACE_UTCBS) / UTCB_SIZE;
    if (utcb % UTCB_SIZE || i < 2 || i >= SPACE_UTCB_MAX || !bitmap_get(&utcbs, i))
        return E_INVAL;
    bitmap_clear(&utcbs, i);
    return E_OK;
}

static err_t find(void *self, u64 address, u64 *start, u64 *size, u32 *access, u32 *flags)
{
    struct region *r = region_above(address);
    if (!r)
        return E_NOENT;
    *start = r->start;
    *size = r->end - r->start;
    *access = r->rights;
    *flags = r->flags;
    return E_OK;
}

static err_t load(void *self, u64 *entry, u64 *stack, u64 *start)
{
    static bool loaded;
    if (loaded)
        return E_BUSY;
    loaded = true;
    err_t error = memory_init();
    if (!error)
        error = load_program(entry, stack, start);
    if (error)
        proc_exit(SLOT_PROC, STATUS_NOT_LOADED);
    return error;
}

static const struct region_handlers handlers = {.attach = attach,
                                                .detach = detach,
                                                .protect = protect,
                                                .reserve = reserve,
                                                .set_recovery = set_recovery,
                                                .set_signal = set_signal,
                                                .utcb_alloc = alloc_utcb,
                                                .utcb_free = free_utcb,
                                                .find = find,
                                                .load = load};

/* ---- what the kernel sends ---- */

static err_t fault_error = E_FAULT; /* of the last fault that could not be resolved: the exception comes next */

static void handle_fault(struct msg *m)
{
    err_t error = fault_resolve(m->w[FAULT_WORD_ADDR], (u32)m->w[FAULT_WORD_ACCESS]);
    if (error)
        fault_error = error;
    *m = (struct msg){.tag = TAG(1, 0), .w = {error ? 1 : 0}};
}

/* Memory that exists but cannot be had is not the program's fault: it is out of memory, or its file out of reach. */
static u32 signal_for(u64 cause)
{
    u32 signal = rm_signal_of(cause);
    if (signal != RM_SIGSEGV || fault_error == E_FAULT)
        return signal;
    return fault_error == E_NOMEM ? RM_SIGKILL : RM_SIGBUS;
}

/* The thread goes on with the registers that the message has. */
static void resume(struct msg *m)
{
    m->tag = TAG(EXC_WORDS, 0);
    m->w[0] = 0;
}

/* An exception that was forced: the program wants to see to something else, unless it does already. */
static void interrupt(struct msg *m)
{
    if (interruption.entry && !interruption.kept) {
        interruption.kept = true;
        for (u32 i = 0; i < EXC_WORDS; i++)
            interruption.words[i] = wire_word(m, i);
        m->w[EXC_WORD_PC] = interruption.entry;
    }
    resume(m);
}

static void give_back(struct msg *m)
{
    interruption.kept = false;
    for (u32 i = 0; i < EXC_WORDS; i++)
        wire_set_word(m, i, interruption.words[i]);
    resume(m);
}

/* Goes on elsewhere if the program has said so; else the supervisor ends the program. */
static void handle_exception(struct msg *m)
{
    vaddr_t pc = m->w[EXC_WORD_PC];
    if (m->w[EXC_WORD_CAUSE] == EXC_FORCED) {
        interrupt(m);
        return;
    }
    if (interruption.kept && pc == interruption.back) {
        give_back(m);
        return;
    }
    if (pc >= recovery.first && pc < recovery.behind) {
        m->w[EXC_WORD_PC] = recovery.fixup;
        resume(m);
        return;
    }
    proc_fault(SLOT_PROC, signal_for(m->w[EXC_WORD_CAUSE]), m->w[EXC_WORD_TVAL], pc);
    *m = (struct msg){.tag = TAG(1, 0), .w = {1}};
}

static void handle(struct msg *m)
{
    if (m->w[0] == FAULT_PAGE)
        handle_fault(m);
    else if (m->w[0] == FAULT_EXCEPTION)
        handle_exception(m);
    else
        region_dispatch(&handlers, NULL, m);
}

_Noreturn void rm_begin(struct msg *m)
{
    tls_start(tls, SPACE_UTCBS);
    for (;;) {
        handle(m);
        if (sys_reply_wait(m, 0)) /* whom we answered has gone */
            while (sys_wait(m, TIMEOUT_NEVER, 0))
                ;
    }
}
