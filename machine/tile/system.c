/*
 * Time of a machine of tiles passes in windows. `first` is the earliest time at which any tile can send a packet: its
 * next due event, or the time of its core plus what a TCU needs from a store to COMMAND until a packet leaves. Then
 *
 *      first + entry             nothing sent from now on takes part in the network's events before: those can be
 * decided first + reach             nothing sent from now on arrives at another tile before (reach: entry and two
 * routers) next event left + exit    nothing already under way, and not decided yet, arrives before
 *
 * and the window ends at the earlier of the last two. The tile that can send first may itself run to the `reach` of the
 * second one: nobody else sends anything to it before, and answers to what it sends come later still (what it sends to
 * itself comes after reach_self, entry and one router). Within a window tiles touch nothing but their own state, and
 * each other's only through packets, which are exchanged between windows; so they may run in any order and in any
 * thread, and where windows end makes no difference. Cores with windows onto memory of other tiles do touch more: they
 * run alone, in order, when the others are done.
 */
#include "machine/tile/system.h"

#include <stdlib.h>
#include <string.h>

#include "machine/tile/crew.h"

#define IDLE_CYCLES 10000   /* a gap in time that is worth telling */
#define POLL_CYCLES 1000000 /* how often the user is polled */
#define LONGEST     1000000 /* cycles in a window, so that signals are seen */

static uint64_t smallest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t later(uint64_t when, uint64_t cycles)
{
    return when < TCU_NEVER - cycles ? when + cycles : TCU_NEVER;
}

/* --- one tile ------------------------------------------------------------------------------------------------------
 */

static uint64_t core_deadline(const struct core *core)
{
    return core ? core_due(core) : TCU_NEVER;
}

static void look_at(const struct system *s, struct tile_view *view)
{
    const struct tile *tile = &s->mesh->tiles[view->tile];
    const struct core *core = s->cores[view->tile];
    uint64_t event = tile_deadline(tile), next = core_deadline(core);
    view->due = smallest(event, next);
    view->may_send = smallest(event, later(next, s->issue));
    view->has_sent = tile->outbox != NULL;
    view->has_printed = core && core->output.count > 0;
    view->has_ended = core && core_has_ended(core);
}

static uint64_t end_for(const struct system *s, uint32_t tile)
{
    return tile == s->first ? s->end_of_first : s->end;
}

/* Runs a tile to the end of the window. Returns false if it has to wait until it may touch others. */
static bool run_tile(struct system *s, uint32_t i, bool alone)
{
    struct tile *tile = &s->mesh->tiles[i];
    struct core *core = s->cores[i];
    uint64_t end = end_for(s, i);
    for (;;) {
        uint64_t event = tile_deadline(tile), next = core_deadline(core);
        if (smallest(event, next) >= end)
            return true;
        if (event <= next) {
            tile_advance(tile, event);
            end = smallest(end, event + s->reach_self);
            continue;
        }
        if (!alone && core_reaches_out(core))
            return false;
        core_run(core, smallest(end, event));
        if (core_has_ended(core) || s->interrupt)
            return true;
    }
}

/* --- planning a window ---------------------------------------------------------------------------------------------
 */

/* Finds the two tiles that can send first, and when the first one has something to do. */
static uint64_t find_first(struct system *s, uint64_t *first, uint64_t *second)
{
    uint64_t now = *first = *second = TCU_NEVER;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct tile_view *view = s->view_of[i];
        now = smallest(now, view->due);
        if (view->may_send < *first) {
            *second = *first;
            *first = view->may_send;
            s->first = i;
        } else if (view->may_send < *second) {
            *second = view->may_send;
        }
    }
    return now;
}

/* What has been sent goes into the network. */
static void exchange(struct system *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->view_of[i]->has_sent) {
            tile_exchange(&s->mesh->tiles[i]);
            s->view_of[i]->has_sent = false;
        }
}

/* Lets the network decide about its next events. Returns whether packets are now sure to arrive. */
static bool foresee(struct system *s)
{
    uint64_t reached = mesh_foresee(s->mesh, noc_deadline(s->mesh->noc));
    for (uint64_t left = reached; left; left &= left - 1)
        look_at(s, s->view_of[__builtin_ctzll(left)]);
    return reached;
}

/*
 * Lets the network decide what nobody can influence any more, and finds out how far tiles may run. Returns when the
 * first tile has something to do.
 */
static uint64_t open_window(struct system *s, uint64_t limit)
{
    const struct noc *noc = s->mesh->noc;
    uint64_t entry = noc_entry_cycles(noc), first, second;
    exchange(s);
    uint64_t now = find_first(s, &first, &second);
    while (noc_deadline(noc) < later(first, entry))
        if (foresee(s))
            now = find_first(s, &first, &second);
    uint64_t under_way = later(noc_deadline(noc), noc_exit_cycles(noc));
    uint64_t longest = smallest(limit, later(smallest(now, limit), LONGEST));
    s->end = smallest(smallest(later(first, s->reach), under_way), longest);
    s->end_of_first = smallest(smallest(later(second, s->reach), under_way), longest);
    return now;
}

/* --- running it ----------------------------------------------------------------------------------------------------
 */

static bool is_active(const struct system *s, const struct tile_view *view)
{
    return view->due < end_for(s, view->tile);
}

/* One thread's share of a window. */
static void run_share(void *context, uint32_t thread)
{
    struct system *s = context;
    struct tile_share *share = &s->shares[thread];
    for (uint32_t i = 0; i < share->count && !s->interrupt; i++) {
        struct tile_view *view = &share->view[i];
        if (!is_active(s, view))
            continue;
        view->deferred = !run_tile(s, view->tile, false);
        look_at(s, view);
    }
}

/* How many threads have something to do. */
static uint32_t count_busy(const struct system *s)
{
    uint32_t busy = 0;
    for (uint32_t thread = 0; thread < s->threads; thread++) {
        const struct tile_share *share = &s->shares[thread];
        for (uint32_t i = 0; i < share->count; i++)
            if (is_active(s, &share->view[i])) {
                busy++;
                break;
            }
    }
    return busy;
}

static void run_deferred(struct system *s)
{
    for (uint32_t i = 0; i < s->count && !s->interrupt; i++) {
        struct tile_view *view = s->view_of[i];
        if (!view->deferred)
            continue;
        run_tile(s, i, true);
        view->deferred = false;
        look_at(s, view);
    }
}

static void run_window(struct system *s)
{
    if (s->crew && count_busy(s) > 1)
        crew_run(s->crew, run_share, s);
    else
        for (uint32_t thread = 0; thread < s->threads; thread++)
            run_share(s, thread);
    run_deferred(s);
}

/* --- afterwards ----------------------------------------------------------------------------------------------------
 */

static void send_output(struct system *s)
{
    for (uint32_t i = 0; i < s->count; i++) {
        if (!s->view_of[i]->has_printed)
            continue;
        struct core_output *output = &s->cores[i]->output;
        for (size_t n = 0; s->user.send && n < output->count; n++)
            s->user.send(s->user.context, output->bytes[n]);
        output->count = 0;
        s->view_of[i]->has_printed = false;
    }
}

/* Whether a core has ended the run, and the first that did. */
static enum machine_stop look_for_end(struct system *s)
{
    const struct core *ended = NULL;
    for (uint32_t i = 0; i < s->count; i++)
        if (s->view_of[i]->has_ended && (!ended || core_now(s->cores[i]) < core_now(ended)))
            ended = s->cores[i];
    if (!ended)
        return MACHINE_RUNS;
    s->now = core_now(ended);
    s->exit_code = ended->machine->exit_code;
    return ended->stopped;
}

static void tell_user(struct system *s, uint64_t before)
{
    if (s->user.idle && s->now > before + IDLE_CYCLES)
        s->user.idle(s->user.context, s->now - before);
    if (s->user.poll && s->now >= s->polled) {
        s->polled = s->now + POLL_CYCLES;
        s->user.poll(s->user.context);
    }
}

static enum machine_stop run_tiles(struct system *s, uint64_t limit)
{
    enum machine_stop stop = MACHINE_RUNS;
    for (uint32_t i = 0; i < s->count; i++)
        look_at(s, s->view_of[i]); /* others may have changed them since the last run */
    while (stop == MACHINE_RUNS && !s->interrupt) {
        uint64_t before = s->now, now = open_window(s, limit);
        if (now == TCU_NEVER && noc_deadline(s->mesh->noc) == TCU_NEVER)
            return MACHINE_STUCK;
        s->now = smallest(now, limit);
        if (now >= limit)
            return MACHINE_LIMIT;
        tell_user(s, before);
        run_window(s);
        send_output(s);
        stop = look_for_end(s);
    }
    return stop != MACHINE_RUNS ? stop : MACHINE_INTERRUPTED;
}

enum machine_stop system_run(struct system *s, uint64_t limit)
{
    s->interrupt = false;
    if (s->mesh)
        return run_tiles(s, limit);
    enum machine_stop stop = machine_run(s->boards[0], limit);
    s->exit_code = s->boards[0]->exit_code;
    return stop;
}
