/* RAM dataspaces: see ram.h. */
#include "servers/root/ram.h"

#include "abi/arch/riscv64.h"
#include "lib/base/string.h"
#include "lib/tess/heap.h"
#include "lib/tess/start.h"
#include "proto/dataspace.h"
#include "proto/mem.h"
#include "servers/root/frame.h"
#include "servers/root/piece.h"

#define SIZE_MAX_BYTES  (1ull << ARCH_VA_BITS)
#define CHUNK_PAGES     32
#define PIECE_ORDER_MAX 21 /* larger pieces are not looked for: each page of a piece must be looked up */
#define BLOCK_ORDER_MAX 16 /* at most so much is allocated at one fault, if the client's window is that large */

/* Where the pages of an aligned piece of 32 pages are. */
struct chunk {
    struct tree_node node;  /* key: number of its first page / CHUNK_PAGES */
    u32 present;            /* pages that are there */
    u32 frame[CHUNK_PAGES]; /* frame number, 0 = none */
};

/* What a dataspace costs beside its pages: rounded up to what the heap and the kernel take. */
#define SESSION_COST 1024

static struct list_link runs = {&runs, &runs}; /* all CONTIGUOUS dataspaces */

/* ---- pages ---- */

static struct chunk *find_chunk(struct ram *ram, u64 page)
{
    struct tree_node *n = tree_at_least(&ram->chunks, page / CHUNK_PAGES);
    return n && n->key == page / CHUNK_PAGES ? container_of(n, struct chunk, node) : NULL;
}

/* Memory without owner (pinned, its allocator gone) is not charged any longer. */
static bool charge(struct ram *ram, u64 bytes)
{
    if (!ram->owner)
        return true;
    if (!quota_charge(ram->owner, bytes))
        return false;
    ram->charged += bytes;
    return true;
}

static void refund(struct ram *ram, u64 bytes)
{
    if (!ram->owner)
        return;
    quota_refund(ram->owner, bytes);
    ram->charged -= bytes;
}

static struct chunk *make_chunk(struct ram *ram, u64 page)
{
    struct chunk *c = find_chunk(ram, page);
    if (c || !charge(ram, sizeof *c))
        return c;
    c = heap_alloc(sizeof *c);
    if (!c) {
        refund(ram, sizeof *c);
        return NULL;
    }
    tree_insert(&ram->chunks, &c->node, page / CHUNK_PAGES);
    return c;
}

static paddr_t page_at(struct ram *ram, u64 page)
{
    struct chunk *c = find_chunk(ram, page);
    return c ? (paddr_t)c->frame[page % CHUNK_PAGES] << ARCH_PAGE_SHIFT : 0;
}

/* Enters `count` pages from `frame` on, of one chunk. */
static void put_pages(struct chunk *c, u64 page, u64 count, paddr_t frame)
{
    for (u64 i = 0; i < count; i++)
        c->frame[page % CHUNK_PAGES + i] = (u32)((frame >> ARCH_PAGE_SHIFT) + i);
    c->present += (u32)count;
}

/* Whether the naturally aligned block around `page` can be allocated as one: inside the dataspace and all empty. */
static bool block_empty(struct ram *ram, struct chunk *c, u64 page, u64 count)
{
    u64 first = page & ~(count - 1);
    if ((first + count) << ARCH_PAGE_SHIFT > ram->size)
        return false;
    for (u64 i = 0; i < count; i++)
        if (c->frame[first % CHUNK_PAGES + i])
            return false;
    return true;
}

/* Allocates the page, and those around it in a block of at most 2^order bytes. */
static err_t allocate(struct ram *ram, u64 page, u32 order)
{
    struct chunk *c = make_chunk(ram, page);
    if (!c)
        return E_NOMEM;
    for (; order >= ARCH_PAGE_SHIFT; order--) {
        u64 size = 1ull << order, count = size >> ARCH_PAGE_SHIFT;
        if (order > ARCH_PAGE_SHIFT && !block_empty(ram, c, page, count))
            continue;
        if (!charge(ram, size))
            continue;
        paddr_t frame = frame_alloc(order);
        if (frame) {
            memset((void *)frame, 0, size);
            put_pages(c, page & ~(count - 1), count, frame);
            return E_OK;
        }
        refund(ram, size);
    }
    return E_NOMEM;
}

/* How many pages from index i on (below `end`) form one aligned block of memory. */
static u32 block_at(const struct chunk *c, u32 i, u32 end)
{
    u32 run = 1;
    for (;;) {
        if (i + 2 * run > end || c->frame[i] & run)
            return run;
        for (u32 n = run; n < 2 * run; n++)
            if (c->frame[i + n] != c->frame[i] + n)
                return run;
        run *= 2;
    }
}

/* Takes the pages [i, end) of a chunk back: from all that have them mapped, then for good. */
static void free_pages(struct ram *ram, struct chunk *c, u32 i, u32 end)
{
    for (u32 run; i < end; i += run) {
        run = 1;
        if (!c->frame[i])
            continue;
        run = block_at(c, i, end);
        paddr_t at = (paddr_t)c->frame[i] << ARCH_PAGE_SHIFT;
        u32 order = ARCH_PAGE_SHIFT + (u32)__builtin_ctz(run);
        task_unmap(SLOT_TASK, FPAGE_MEM(at, order, RIGHTS_RWX), 0);
        frame_free(at, order);
        memset(&c->frame[i], 0, run * sizeof c->frame[0]);
        c->present -= run;
        refund(ram, (u64)run << ARCH_PAGE_SHIFT);
    }
}

/* Frees the pages in [first, behind). */
static void free_range(struct ram *ram, u64 first, u64 behind)
{
    struct tree_node *n = tree_at_least(&ram->chunks, first / CHUNK_PAGES), *next;
    for (; n && n->key * CHUNK_PAGES < behind; n = next) {
        next = tree_next(n);
        struct chunk *c = container_of(n, struct chunk, node);
        u64 base = n->key * CHUNK_PAGES;
        u64 from = first > base ? first - base : 0;
        u64 to = behind - base < CHUNK_PAGES ? behind - base : CHUNK_PAGES;
        free_pages(ram, c, (u32)from, (u32)to);
        if (!c->present) {
            tree_remove(&ram->chunks, n);
            heap_free(c, sizeof *c);
            refund(ram, sizeof *c);
        }
    }
}

static void revoke_run(struct ram *ram)
{
    for (paddr_t at = ram->run, end = at + ram->size; at < end;) {
        u32 order = piece_order(at, at, end - at, FRAME_ORDER_MAX);
        task_unmap(SLOT_TASK, FPAGE_MEM(at, order, RIGHTS_RWX), 0);
        at += 1ull << order;
    }
}

/* ---- life ---- */

static void destroy(struct ram *ram)
{
    if (ram->run) {
        revoke_run(ram);
        frame_add(ram->run, ram->run + ram->size);
    }
    free_range(ram, 0, ram->size >> ARCH_PAGE_SHIFT);
    refund(ram, ram->charged);
    list_remove(&ram->link);
    list_remove(&ram->runs);
    heap_free(ram, sizeof *ram);
}

static void close_session(struct session *session)
{
    struct ram_session *s = container_of(session, struct ram_session, session);
    list_remove(&s->link);
    refund(s->ram, SESSION_COST);
    if (list_empty(&s->ram->sessions) && !s->ram->busy)
        destroy(s->ram);
}

void ram_abandon(struct ram *ram)
{
    struct list_link *next;
    ram->busy = true;
    for (struct list_link *l = ram->sessions.next; l != &ram->sessions; l = next) {
        next = l->next;
        struct ram_session *s = container_of(l, struct ram_session, link);
        if (!s->pin)
            session_destroy(&s->session);
    }
    ram->busy = false;
    if (list_empty(&ram->sessions)) {
        destroy(ram);
        return;
    }
    revoke_run(ram);
    refund(ram, ram->charged);
    ram->owner = NULL;
    list_remove(&ram->link);
}

static bool dispatch(struct session *session, struct msg *m);

static const struct session_type ram_type = {
    .name = "ram", .size = sizeof(struct ram_session), .dispatch = dispatch, .close = close_session};

static err_t open_session(struct ram *ram, bool pin, struct map_item *item)
{
    if (!charge(ram, SESSION_COST))
        return E_NOMEM;
    cap_t factory = pin ? SLOT_FACTORY : ram->factory; /* pins outlive the owner */
    struct ram_session *s = (struct ram_session *)session_create_in(&ram_type, factory);
    if (!s) {
        refund(ram, SESSION_COST);
        return E_NOMEM;
    }
    s->ram = ram;
    s->pin = pin;
    list_push_back(&ram->sessions, &s->link);
    *item = session_item(&s->session);
    return E_OK;
}

static err_t make_contiguous(struct ram *ram)
{
    if (!charge(ram, ram->size))
        return E_NOMEM;
    ram->run = frame_alloc_run(ram->size);
    if (!ram->run) {
        refund(ram, ram->size);
        return E_NOMEM;
    }
    memset((void *)ram->run, 0, ram->size);
    list_push_back(&runs, &ram->runs);
    return E_OK;
}

static err_t make_eager(struct ram *ram)
{
    for (u64 page = 0, pages = ram->size >> ARCH_PAGE_SHIFT; page < pages; page++) {
        err_t error = page_at(ram, page) ? E_OK : allocate(ram, page, BLOCK_ORDER_MAX);
        if (error) {
            free_range(ram, 0, pages);
            return error;
        }
    }
    return E_OK;
}

err_t ram_create(struct quota *owner, cap_t factory, struct list_link *list, u64 size, u32 flags,
                 struct map_item *dataspace)
{
    if (!size || size > SIZE_MAX_BYTES || flags & ~(u32)(MEM_CONTIGUOUS | MEM_EAGER))
        return E_INVAL;
    struct ram *ram = heap_alloc(sizeof *ram);
    if (!ram)
        return E_NOMEM;
    ram->owner = owner;
    ram->factory = factory;
    ram->size = (size + ARCH_PAGE_SIZE - 1) & ~(ARCH_PAGE_SIZE - 1);
    list_init(&ram->sessions);
    list_init(&ram->runs);
    list_push_back(list, &ram->link);
    err_t error = flags & MEM_CONTIGUOUS ? make_contiguous(ram) : flags & MEM_EAGER ? make_eager(ram) : E_OK;
    if (!error)
        error = open_session(ram, false, dataspace);
    if (error)
        destroy(ram);
    return error;
}

static bool is_session_of(struct ram *ram, cap_t slot)
{
    for (struct list_link *l = ram->sessions.next; l != &ram->sessions; l = l->next) {
        bool equal;
        cap_t gate = container_of(l, struct ram_session, link)->session.gate;
        if (!task_cap_equal(SLOT_TASK, gate, slot, &equal) && equal)
            return true;
    }
    return false;
}

err_t ram_pin(cap_t slot, struct map_item *dataspace)
{
    for (struct list_link *l = runs.next; l != &runs; l = l->next) {
        struct ram *ram = container_of(l, struct ram, runs);
        if (is_session_of(ram, slot))
            return open_session(ram, true, dataspace);
    }
    return E_INVAL;
}

/* ---- requests ---- */

static struct ram *ram_of(void *self)
{
    return ((struct ram_session *)self)->ram;
}

/* Whether the `count` pages from `first` on are there, one behind the other from `frame` on. */
static bool run_matches(struct ram *ram, u64 first, u64 count, paddr_t frame)
{
    for (u64 i = 0; i < count; i++)
        if (page_at(ram, first + i) != frame + (i << ARCH_PAGE_SHIFT))
            return false;
    return true;
}

/* Order of the largest piece around `page`, whose frame is `frame`, for hot spot `at` in a window of 2^order. */
static u32 mappable_order(struct ram *ram, u64 page, paddr_t frame, vaddr_t at, u32 order)
{
    u32 best = ARCH_PAGE_SHIFT;
    for (u32 k = ARCH_PAGE_SHIFT + 1; k <= order && k <= PIECE_ORDER_MAX; k++) {
        u64 size = 1ull << k, inside = frame & (size - 1);
        if ((at & (size - 1)) != inside || (page << ARCH_PAGE_SHIFT) < inside)
            break;
        u64 first = page - (inside >> ARCH_PAGE_SHIFT);
        if ((first << ARCH_PAGE_SHIFT) + size > ram->size ||
            !run_matches(ram, first, size >> ARCH_PAGE_SHIFT, frame - inside))
            break;
        best = k;
    }
    return best;
}

/* A block is worth allocating only where it can be mapped as one: offset and address agree that far. */
static u32 block_order(u64 offset, vaddr_t at, u32 order)
{
    u64 differ = (offset ^ at) >> ARCH_PAGE_SHIFT;
    u32 agree = differ ? ARCH_PAGE_SHIFT + (u32)__builtin_ctzll(differ) : BLOCK_ORDER_MAX;
    order = order < agree ? order : agree;
    return order < BLOCK_ORDER_MAX ? order : BLOCK_ORDER_MAX;
}

static err_t ram_map(void *self, u64 offset, u64 at, u32 order, u32 access, struct map_item *piece)
{
    struct ram *ram = ram_of(self);
    if (offset >= ram->size)
        return E_RANGE;
    if (order < ARCH_PAGE_SHIFT || order > ARCH_VA_BITS)
        return E_INVAL;
    if (ram->run) {
        *piece = piece_around(ram->run, ram->size, offset, at, order, access & RIGHTS_RWX);
        return E_OK;
    }
    u64 page = offset >> ARCH_PAGE_SHIFT;
    paddr_t frame = page_at(ram, page);
    if (!frame) {
        err_t error = access & DATASPACE_PRESENT ? E_NOENT : allocate(ram, page, block_order(offset, at, order));
        if (error)
            return error;
        frame = page_at(ram, page);
    }
    u32 k = mappable_order(ram, page, frame, at, order);
    *piece = piece_item(frame, at, k, access & RIGHTS_RWX);
    return E_OK;
}

static err_t ram_info(void *self, u64 *size, u32 *access)
{
    *size = ram_of(self)->size;
    *access = RIGHTS_RWX;
    return E_OK;
}

static err_t ram_phys(void *self, u64 offset, u64 *address, u64 *length)
{
    struct ram *ram = ram_of(self);
    if (!ram->run)
        return E_NOTSUP;
    if (offset >= ram->size)
        return E_RANGE;
    *address = ram->run + offset;
    *length = ram->size - offset;
    return E_OK;
}

static err_t ram_resize(void *self, u64 size)
{
    struct ram *ram = ram_of(self);
    if (ram->run)
        return E_NOTSUP;
    if (!size || size > SIZE_MAX_BYTES)
        return E_INVAL;
    u64 old = ram->size;
    ram->size = (size + ARCH_PAGE_SIZE - 1) & ~(ARCH_PAGE_SIZE - 1);
    if (ram->size < old)
        free_range(ram, ram->size >> ARCH_PAGE_SHIFT, old >> ARCH_PAGE_SHIFT);
    return E_OK;
}

static err_t ram_share(void *self, struct map_item *dataspace)
{
    return open_session(ram_of(self), false, dataspace);
}

static err_t ram_discard(void *self, u64 offset, u64 size)
{
    struct ram *ram = ram_of(self);
    if (ram->run)
        return E_NOTSUP;
    if ((offset | size) % ARCH_PAGE_SIZE || offset > ram->size || size > ram->size - offset)
        return E_INVAL;
    free_range(ram, offset >> ARCH_PAGE_SHIFT, (offset + size) >> ARCH_PAGE_SHIFT);
    return E_OK;
}

static const struct dataspace_handlers handlers = {.map = ram_map,
                                                   .info = ram_info,
                                                   .phys = ram_phys,
                                                   .resize = ram_resize,
                                                   .share = ram_share,
                                                   .discard = ram_discard};

static bool dispatch(struct session *session, struct msg *m)
{
    return dataspace_dispatch(&handlers, session, m);
}
