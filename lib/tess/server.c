/* The serve loop: see server.h. Its state is one struct, because a task has one serve loop. */
#include "lib/tess/server.h"

#include "lib/base/bitmap.h"
#include "lib/tess/env.h"
#include "lib/tess/heap.h"
#include "lib/tess/time.h"

#define REPLIES_MAX   256
#define REPLIES_RANGE 64 /* slots that slot_alloc_range gives at once */

static struct {
    struct list_link sessions;   /* those made by session_create */
    cap_t window[MSG_ITEMS_MAX]; /* slots where arriving capabilities go; 0 = none to be had just now */
    u32 windows;
    u32 kept_caps;                                  /* bit i: the handler has taken the capability in window[i] */
    cap_t reply_range[REPLIES_MAX / REPLIES_RANGE]; /* slots for reply capabilities */
    u32 replies;
    u64 replies_used[BITMAP_WORDS(REPLIES_MAX)]; /* bit i: slot i of these holds a reply */
    cap_t reply;                                 /* where the current request's is kept; 0: nowhere, it is implicit */
    union {
        struct {
            bool reap;     /* clients have gone: ask for sessions that nobody holds any longer */
            bool fresh;    /* a session was created for the current request */
            bool search;   /* its answer failed: look for a session that nobody ever held */
            bool kept;     /* the current request's reply is: in `reply` */
            bool timed;    /* there is a timer: `deadline`, `expired` */
            bool windowed; /* there are windows */
        };
        u64 more; /* not 0: there is more to be done than to answer and wait */
    };
    usec_t deadline;
    void (*expired)(void);
} serve = {.sessions = {&serve.sessions, &serve.sessions}};

/* ---- sessions ---- */

static bool note_lost_client(struct session *session, struct msg *m)
{
    serve.reap = true;
    return false;
}

static const struct session_type reaper_type = {.name = "reaper", .dispatch = note_lost_client};
static struct session reaper = {.type = &reaper_type};

static err_t watch_clients(void)
{
    cap_t irq = slot_alloc();
    if (!irq)
        return E_NOMEM;
    err_t error = factory_create_irq(SLOT_FACTORY, irq);
    if (!error)
        error = serve_irq(&reaper, irq);
    return error ? error : thread_register_del_irq(SLOT_THREAD, irq);
}

/* The kernel names those that were given away and have come back. */
static void reap_sessions(void)
{
    u64 label;
    serve.reap = false;
    while (!thread_next_unheld(SLOT_THREAD, &label)) {
        struct session *s = (struct session *)label;
        if (!s->permanent)
            session_destroy(s);
    }
}

static struct session *find_abandoned(void)
{
    for (struct list_link *l = serve.sessions.next; l != &serve.sessions; l = l->next) {
        struct session *s = container_of(l, struct session, link);
        u64 label;
        bool bound, held = true;
        if (!gate_info(s->gate, &label, &bound, &held) && !held)
            return s;
    }
    return NULL;
}

/* From the start again after each one, because a session's end may end others. */
static void search_sessions(void)
{
    serve.search = false;
    for (struct session *s; (s = find_abandoned());)
        session_destroy(s);
}

static __attribute__((noinline)) void clean_up(void)
{
    if (serve.reap)
        reap_sessions();
    if (serve.search)
        search_sessions();
}

static err_t make_gate(struct session *s, cap_t factory)
{
    s->gate = slot_alloc();
    if (!s->gate)
        return E_NOMEM;
    err_t error = factory_create_gate(factory, s->gate);
    if (!error)
        error = gate_bind(s->gate, SLOT_THREAD, (u64)s);
    if (error)
        slot_drop(s->gate);
    return error;
}

struct session *session_create(const struct session_type *type)
{
    return session_create_in(type, SLOT_FACTORY);
}

struct session *session_create_in(const struct session_type *type, cap_t factory)
{
    struct session *s = heap_alloc(type->size);
    if (!s)
        return NULL;
    s->type = type;
    if (make_gate(s, factory)) {
        heap_free(s, type->size);
        return NULL;
    }
    list_push_back(&serve.sessions, &s->link);
    serve.fresh = true;
    return s;
}

struct map_item session_item(const struct session *session)
{
    return wire_cap_rights(session->gate, RIGHT_USE | RIGHT_PASS);
}

void session_destroy(struct session *session)
{
    if (session->type->close)
        session->type->close(session);
    list_remove(&session->link);
    slot_drop(session->gate);
    heap_free(session, session->type->size);
}

err_t serve_gate(struct session *session, cap_t gate)
{
    session->permanent = true;
    session->gate = gate;
    return gate_bind(gate, SLOT_THREAD, (u64)session);
}

err_t serve_service(struct session *session, const char *name)
{
    cap_t gate = env_cap(name);
    return gate ? serve_gate(session, gate) : E_NOENT;
}

err_t serve_irq(struct session *session, cap_t irq)
{
    session->permanent = true;
    session->gate = irq;
    return irq_bind(irq, SLOT_THREAD, (u64)session);
}

/* ---- arriving capabilities ---- */

static __attribute__((noinline)) void open_windows(void)
{
    for (u32 i = 0; i < serve.windows; i++)
        sys_utcb->window[i] = serve.window[i] ? FPAGE_OBJ(serve.window[i], 0, RIGHTS_ALL) : 0;
}

/* Empties the windows that the last request filled, and replaces those whose capabilities were kept. */
static void refresh_windows(u32 items)
{
    for (u32 i = 0; i < serve.windows && i < items; i++) {
        if (!serve.window[i] || serve.kept_caps >> i & 1)
            serve.window[i] = slot_alloc();
        else
            task_unmap(SLOT_TASK, FPAGE_OBJ(serve.window[i], 0, RIGHTS_ALL), UNMAP_SELF);
    }
    serve.kept_caps = 0;
}

err_t serve_keep_cap(cap_t slot)
{
    for (u32 i = 0; i < serve.windows; i++)
        if (slot && serve.window[i] == slot) {
            serve.kept_caps |= 1u << i;
            return E_OK;
        }
    return E_INVAL;
}

err_t serve_keep_irq(cap_t slot)
{
    u64 kind, rights;
    err_t error = task_cap_valid(SLOT_TASK, slot, &kind, &rights);
    if (error)
        return error;
    return kind == OBJ_IRQ ? serve_keep_cap(slot) : E_INVAL;
}

/* ---- kept replies ---- */

static __attribute__((noinline)) cap_t take_reply_slot(void)
{
    size_t i = bitmap_find_clear(serve.replies_used, 0, serve.replies);
    if (i == BITMAP_NONE)
        return 0;
    bitmap_set(serve.replies_used, i);
    return serve.reply_range[i / REPLIES_RANGE] + (cap_t)(i % REPLIES_RANGE);
}

static void free_reply_slot(cap_t reply)
{
    size_t range = 0;
    while (reply - serve.reply_range[range] >= REPLIES_RANGE)
        range++;
    bitmap_clear(serve.replies_used, range * REPLIES_RANGE + (reply - serve.reply_range[range]));
}

cap_t serve_keep_reply(void)
{
    if (serve.reply)
        return serve.reply;
    serve.reply = take_reply_slot();
    if (serve.reply && thread_keep_reply(SLOT_THREAD, serve.reply)) { /* nobody waits for it any longer */
        free_reply_slot(serve.reply);
        serve.reply = 0;
    }
    serve.kept = serve.reply;
    return serve.reply;
}

err_t serve_answer(cap_t reply, struct msg *m)
{
    err_t error = sys_reply(m, reply);
    if (error)
        serve_drop_reply(reply);
    else
        free_reply_slot(reply);
    serve.search |= error && serve.fresh;
    return error;
}

err_t serve_answer_error(cap_t reply, err_t error)
{
    struct msg m;
    wire_reply_error(&m, error);
    return serve_answer(reply, &m);
}

void serve_drop_reply(cap_t reply)
{
    task_unmap(SLOT_TASK, FPAGE_OBJ(reply, 0, RIGHTS_ALL), UNMAP_SELF);
    free_reply_slot(reply);
}

err_t serve_forget_stale(cap_t *reply)
{
    bool stands = false; /* a slot that is not empty equals itself */
    if (!*reply)
        return E_OK;
    if (!task_cap_equal(SLOT_TASK, *reply, *reply, &stands) && stands)
        return E_BUSY;
    serve_drop_reply(*reply);
    *reply = 0;
    return E_OK;
}

static err_t reserve_replies(u32 replies)
{
    u32 order = 0;
    while ((1u << order) < replies && 1u << order < REPLIES_RANGE)
        order++;
    err_t error = E_OK;
    for (u32 i = 0; i * REPLIES_RANGE < replies && !error; i++) {
        serve.reply_range[i] = slot_alloc_range(order);
        error = serve.reply_range[i] ? task_reserve(SLOT_TASK, serve.reply_range[i], order) : E_NOMEM;
    }
    serve.replies = replies;
    return error;
}

/* ---- the loop ---- */

err_t serve_init(u32 windows, u32 replies)
{
    if (windows > MSG_ITEMS_MAX || replies > REPLIES_MAX)
        return E_INVAL;
    serve.windows = windows;
    serve.windowed = windows;
    for (u32 i = 0; i < windows; i++)
        if (!(serve.window[i] = slot_alloc()))
            return E_NOMEM;
    if (replies) {
        err_t error = reserve_replies(replies);
        if (error)
            return error;
    }
    return watch_clients();
}

void serve_set_timer(usec_t after, void (*expired)(void))
{
    serve.deadline = time_now() + after;
    serve.expired = expired;
    serve.timed = true;
}

/*
 * Answers m if `answer`, and waits for the next request; else cleans up first. There is a time limit only while a timer
 * is set.
 */
static __attribute__((noinline)) void answer_and_wait(struct msg *m, bool answer)
{
    if (!answer)
        clean_up();
    u64 selector = answer ? SEL(serve.reply, SEL_OP_REPLY_WAIT) : SEL(0, SEL_OP_WAIT);
    serve.reply = 0;
    serve.kept = false;
    open_windows();
    u64 timeout = serve.timed ? time_until(serve.deadline) : TIMEOUT_NEVER;
    sys_invoke(m, selector, TIMEOUTS(TIMEOUT_NEVER, timeout), 0); /* answers never block */
    serve.search |= serve.fresh && sys_tag_error(m->tag) && sys_tag_error(m->tag) != E_TIMEDOUT;
    serve.fresh = false;
}

static void run_timer(void)
{
    if (!serve.timed || time_now() < serve.deadline)
        return;
    serve.timed = false;
    serve.expired();
}

/* An answer that could not be given (its caller is gone), a request that arrived in part only, or the timer. */
static void handle_wait_error(err_t error)
{
    if (error != E_TIMEDOUT)
        refresh_windows(serve.windows);
    run_timer();
}

static bool close_session(struct session *session, struct msg *m)
{
    wire_reply_error(m, session->permanent ? E_PERM : E_OK);
    if (!session->permanent)
        session_destroy(session);
    return true;
}

/* True: m has become the answer. */
static inline bool handle(struct msg *m)
{
    struct session *session = (struct session *)m->label;
    if (__builtin_expect(m->w[0] == OP_SESSION_CLOSE, 0))
        return close_session(session, m);
    return session->type->dispatch(session, m);
}

/* The same for what is no plain request. */
static __attribute__((noinline)) bool handle_other(struct msg *m)
{
    u32 items = WIRE_ITEMS(m->tag);
    err_t error = sys_tag_error(m->tag);
    if (error) {
        handle_wait_error(error);
        return false;
    }
    bool answer = handle(m);
    refresh_windows(items);
    return answer;
}

_Noreturn void serve_run(void)
{
    struct msg m = {0};
    bool answer = false;
    for (;;) {
        if (__builtin_expect(answer && !serve.more, 1))
            sys_reply_wait(&m, 0); /* by the kernel's fast path */
        else
            answer_and_wait(&m, answer);
        answer = m.tag > TAG_WORDS_MASK ? handle_other(&m) : handle(&m);
    }
}
