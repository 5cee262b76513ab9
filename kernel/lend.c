/*
 * Lending: an SC goes with a call to a passive server and comes back with the answer; who waits for a busy server lends
 * its priority to the SC that the server runs on, and its SC itself if the server has none.
 *
 *   client --call--> first --call--> second (runs)        sc->thread = second, whose donor is first, whose donor is
 *                      ^                                  client: the chain of calls that the SC went through
 *   waiting clients ---+                                  sc->priority = highest of base and all who wait for the chain
 *
 * All threads of a chain live on its SC's CPU.
 */
#include "kernel/cold.h"
#include "kernel/gate.h"
#include "kernel/ipc.h"
#include "kernel/irq.h"
#include "kernel/object.h"
#include "kernel/remote.h"
#include "kernel/sched.h"

#define CHAIN_MAX   8  /* links that are followed: what is further away gets no help */
#define SENDERS_MAX 64 /* of a thread that are looked at for one with an SC */

/* --- priority --- */

/* Priority of the most urgent thread that waits for t to receive; 0: none. Irqs come first in the queue. */
static u32 waiting_priority(const struct thread *t)
{
    struct tree_node *n = tree_at_least(&t->senders, SENDER_KEY(PRIORITY_MAX));
    return n ? SENDER_PRIORITY(n->key) : 0;
}

/* What the SC's priority should be: its own, or that of who waits for the chain of calls that it serves. */
static u32 priority_of(const struct sc *sc)
{
    u32 priority = sc->base;
    struct thread *t = sc->thread;
    for (u32 i = 0; t && i < CHAIN_MAX; i++, t = t->donor) {
        u32 waiting = waiting_priority(t);
        priority = waiting > priority ? waiting : priority;
    }
    return priority;
}

/* The SC gets a priority that it does not have. */
static void change_priority(struct sc *sc, u32 priority)
{
    bool queued = sc->queued, lower = priority < sc->priority;
    if (queued)
        sched_block(sc->thread);
    sched_set_priority(sc, priority);
    if (queued)
        sched_ready(sc->thread, true);
    else if (lower && sc->cpu->sc == sc)
        remote_kick(sc->cpu, 0);
}

void sched_settle_priority(struct sc *sc)
{
    u32 priority = priority_of(sc);
    if (priority != sc->priority)
        change_priority(sc, priority);
}

struct thread *sched_waits_for(const struct thread *t)
{
    if (t->state == THREAD_SENDING)
        return !t->sender.queue || t->sending_to->receiver == &thread_nobody ? NULL : t->sending_to->receiver;
    if (!thread_calling(t) || t->answer_from == t->kept_in)
        return NULL; /* who keeps a reply capability may be any thread of its task */
    return container_of(t->answer_from, struct thread, reply);
}

static struct thread *chain_root(struct thread *t);

void sched_inherit(struct thread *t)
{
    for (u32 i = 0; t && i < CHAIN_MAX; i++) {
        if (!remote_settled(t)) {
            remote_look(t);
            return;
        }
        struct sc *sc = t->sc ? t->sc : chain_root(t)->own_sc;
        u32 priority = sc ? priority_of(sc) : 0;
        if (!sc || priority == sc->priority)
            return;
        change_priority(sc, priority);
        t = sc->thread;
        if (!t || !t->sender.queue || t->state != THREAD_SENDING) /* one that is being cancelled has left its queue */
            return;
        ipc_requeue(t);
        t = sched_waits_for(t);
    }
}

/* --- the SC --- */

void sched_donate(struct thread *from, struct thread *to)
{
    struct sc *sc = from->sc;
    if (!sc)
        return;
    remote_move(to, from->cpu);
    from->sc = NULL;
    to->sc = sc;
    to->donor = from;
    sc_give(sc, to);
}

void sched_return_donation(struct thread *t)
{
    struct thread *donor = t->donor;
    struct sc *sc = t->sc;
    if (!sc || sc == t->own_sc)
        return;
    sched_block(t);
    if (!donor) /* it has gone: back to whom the SC is bound to, who may have gone as well */
        donor = sc->owner;
    t->donor = NULL;
    t->sc = NULL;
    sc_give(sc, donor);
    sched_settle_priority(sc);
    if (!donor)
        return;
    donor->sc = sc;
    if (donor->state == THREAD_READY)
        sched_ready(donor, true);
}

/* The thread at the start of the chain of calls that t is part of. */
static struct thread *chain_root(struct thread *t)
{
    while (t->donor)
        t = t->donor;
    return t;
}

/* Whom t lent the SC of its chain of calls, NULL: nobody. */
static COLD struct thread *lent_to(struct thread *t)
{
    struct sc *sc = chain_root(t)->own_sc;
    struct thread *x = sc ? sc->thread : NULL;
    while (x && x->donor != t)
        x = x->donor;
    return x;
}

COLD void sched_forget_donor(struct thread *t)
{
    struct thread *x = lent_to(t);
    if (x)
        x->donor = t->donor;
    if (x && chain_root(x)->own_sc)
        sched_settle_priority(chain_root(x)->own_sc);
    t->donor = NULL;
}

COLD void sched_forget_chain(struct sc *sc)
{
    for (struct thread *x = sc->thread, *donor; x; x = donor) {
        donor = x->donor;
        x->donor = NULL;
        x->sc = NULL;
    }
    sc_give(sc, NULL);
    sched_settle_priority(sc);
}

COLD void sched_reclaim(struct thread *t)
{
    struct sc *sc = chain_root(t)->own_sc;
    if (t->sc || !sc || !sc->thread)
        return;
    struct thread *end = sc->thread;
    sched_block(end);
    for (struct thread *x = end; x && x != t;) { /* everybody the SC went through gives up the claim on it */
        struct thread *donor = x->donor;
        x->donor = NULL;
        x->sc = NULL;
        x = donor;
    }
    sc_give(sc, t);
    t->sc = sc;
    sched_settle_priority(sc);
    sched_find_donor(end);
}

/* --- servers without time --- */

/* Whether t, which is blocked in a call, has an SC that a server may run on. */
static bool can_lend(const struct thread *t)
{
    return t->sc && !t->sc->exhausted;
}

static struct thread *lender_in_queue(struct thread *t)
{
    struct thread *s = ipc_next_sender(t, NULL);
    for (u32 i = 0; s && i < SENDERS_MAX; i++, s = ipc_next_sender(t, s))
        if (s->calls && can_lend(s)) /* a call that the fast path took does not set it, but nor does it queue */
            return s;
    return NULL;
}

/*
 * Somebody with an SC who waits for t, be it through others that wait without one; the way there, from t on, is left in
 * `way`, its length in *length.
 */
static COLD struct thread *find_lender(struct thread *t, struct thread *way[CHAIN_MAX], u32 *length)
{
    *length = 0;
    while (t && *length < CHAIN_MAX) {
        struct thread *caller = slot_caller(&t->reply), *lender = NULL;
        way[(*length)++] = t;
        if (caller && can_lend(caller))
            lender = caller;
        else
            lender = lender_in_queue(t);
        if (lender)
            return lender;
        t = caller && !caller->sc ? caller : NULL;
    }
    return NULL;
}

COLD void sched_find_donor(struct thread *t)
{
    struct thread *way[CHAIN_MAX];
    u32 length;
    if (t->state != THREAD_READY || t->sc || lent_to(t)) /* the last: it will come back */
        return;
    struct thread *lender = find_lender(t, way, &length);
    if (!lender)
        return;
    struct sc *sc = lender->sc;
    while (length--) {
        sched_donate(lender, way[length]);
        lender = way[length];
    }
    sched_settle_priority(sc);
    sched_ready(t, false);
}

COLD void sched_exhausted(struct sc *sc)
{
    struct thread *way[CHAIN_MAX], *t = sc->thread;
    u32 length;
    if (t && sc->owner && t != sc->owner && t->state == THREAD_READY && find_lender(t, way, &length))
        sched_reclaim(sc->owner);
}

void sched_help(struct thread *t)
{
    struct thread *end = t;
    for (u32 i = 0; i < CHAIN_MAX && end && remote_settled(end) && end->state != THREAD_READY && !end->sc; i++)
        end = sched_waits_for(end);
    if (end && remote_settled(end) && end->state == THREAD_READY) {
        if (!end->sc)
            sched_find_donor(end);
        else if (end->sc->exhausted)
            sched_exhausted(end->sc);
    }
    sched_inherit(t);
}
