/*
 * A hostile client: sends random requests to everything that a process has a capability for, and to all sessions that
 * it gets from there, with random words, its own capabilities and memory as arguments. The servers must survive it.
 *
 *     poke SEED COUNT
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/sys/object.h"
#include "lib/sys/wire.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"
#include "proto/fs.h"
#include "proto/proc.h"
#include "proto/region.h"

#define SESSIONS_MAX 512
#define OP_MAX       40
#define PATIENCE_US  1000

static cap_t sessions[SESSIONS_MAX]; /* what was received so far */
static unsigned session_count;

static const u64 values[] = {0,         1,          2,          3,     7,          12,           14,   16,
                             21,        30,         38,         63,    64,         255,          4096, 0x10000,
                             0x3000000, 0x80000000, 1ull << 38, ~0ull, ~0ull >> 1, SPACE_RM_TEXT};

static u64 pick_value(void)
{
    unsigned count = sizeof values / sizeof values[0];
    return rand() % 3 ? values[(unsigned)rand() % count] : (u64)rand() << (rand() % 33);
}

static cap_t pick_target(void)
{
    static const cap_t first[] = {SLOT_MEM, SLOT_PROC, SLOT_FS, SLOT_PIPE, SLOT_RM};
    return session_count && rand() % 2 ? sessions[(unsigned)rand() % session_count] : first[rand() % 5];
}

/* What would only end or change this process or the machine, as it may. */
static bool allowed(cap_t target, u64 op)
{
    if (target == SLOT_PROC)
        return op != PROC_OP_EXIT && op != PROC_OP_FAULT && op != PROC_OP_KILL && op != PROC_OP_EXEC_GO &&
               op != PROC_OP_POWER_OFF && op != PROC_OP_SET_GROUP && op != PROC_OP_SET_SESSION;
    if (target == SLOT_RM)
        return op != REGION_OP_DETACH && op != REGION_OP_PROTECT && op < FAULT_PAGE;
    return op != OP_SESSION_CLOSE; /* any session may be the one with the file system */
}

static void fill_request(struct msg *m, u64 op)
{
    static _Alignas(4096) char page[4096];
    int words = rand() % 4 ? 1 + rand() % 8 : rand() % (MSG_WORDS_MAX + 1), items = rand() % 3 ? 0 : rand() % 3;
    *m = (struct msg){.tag = TAG(words, items), .w = {op}};
    for (int i = 1; i < MSG_REGS; i++)
        m->w[i] = pick_value();
    for (int i = MSG_REGS; i < words; i++)
        sys_utcb->mr[i] = pick_value();
    for (int i = 0; i < items; i++)
        sys_utcb->item[i] = rand() % 2 ? wire_cap(session_count ? sessions[(unsigned)rand() % session_count] : SLOT_MEM)
                                       : (struct map_item){FPAGE_MEM(page, 12, RIGHTS_RWX), 0};
}

/* Keeps what arrived in the slot, for an older one if there are too many. */
static void keep(cap_t slot)
{
    u64 kind = 0, rights;
    task_cap_valid(SLOT_TASK, slot, &kind, &rights);
    if (!kind) {
        slot_free(slot);
    } else if (session_count < SESSIONS_MAX) {
        sessions[session_count++] = slot;
    } else {
        unsigned i = (unsigned)rand() % SESSIONS_MAX;
        slot_drop(sessions[i]);
        sessions[i] = slot;
    }
}

static bool poke(void)
{
    cap_t target = pick_target(), arrived[2] = {slot_alloc(), slot_alloc()};
    u64 op = rand() % 8 ? 1 + (u64)rand() % OP_MAX : pick_value();
    struct msg m;
    if (!allowed(target, op))
        op = 0;
    fill_request(&m, op);
    for (int i = 0; i < 2; i++)
        sys_utcb->window[i] = FPAGE_OBJ(arrived[i], 0, RIGHTS_ALL);
    sys_invoke(&m, SEL(target, SEL_OP_CALL), TIMEOUTS(PATIENCE_US, PATIENCE_US), 0);
    for (int i = 0; i < 2; i++) {
        sys_utcb->window[i] = 0;
        keep(arrived[i]);
    }
    return !sys_tag_error(m.tag) && m.w[0] == E_OK;
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[2]) : 1000, succeeded = 0;
    srand(argc > 1 ? (unsigned)atoi(argv[1]) : 1);
    for (int i = 0; i < count; i++)
        succeeded += poke();
    printf("poked %d times, %d succeeded, %u sessions\n", count, succeeded, session_count);
    return succeeded == 0;
}
