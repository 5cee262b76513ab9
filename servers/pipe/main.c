/*
 * The pipe server: makes pipes, whose ends are file sessions (proto/file.idl). The bytes of a pipe lie in memory that
 * both ends see; messages only say how many. A session sees the ring through an alias of its own, mapped when it first
 * moves bytes, so that closing it takes the memory away from its client and from nobody else.
 */
#include "servers/pipe/ring.h"

#include "lib/base/bitmap.h"
#include "lib/base/string.h"
#include "lib/tess/tess.h"
#include "proto/file.h"
#include "proto/mem.h"
#include "proto/pipe.h"

#define REPLIES     64  /* clients that wait, of all pipes together */
#define ALIASES_MAX 512 /* address space for session aliases */
#define ALIAS_SIZE  (2 * RING_SIZE)
#define SPARE_MAX   4 /* rings kept for the next pipes */

struct pipe {
    struct ring ring;
    vaddr_t memory;
    bool touched; /* a writer has seen the memory, so any of it may be changed */
    struct list_link ends;
};

/* An end: who reads or writes, and what it waits for. */
struct end {
    struct session session;
    struct list_link link; /* in pipe->ends */
    struct pipe *pipe;
    bool writer;
    bool seen;     /* the alias is mapped at the client */
    vaddr_t alias; /* 0 = none yet */
    cap_t waiting; /* reply of a kept request, 0 = none */
    bool polls;    /* that request is poll */
    u64 hint;      /* ... or next_out with this */
    u32 events;    /* ... for these events; or those that `irq` is for */
    cap_t irq;     /* to trigger when one of the events comes true, 0 = none */
};

static vaddr_t aliases;
static u64 aliases_used[ALIASES_MAX / 64];

static const struct session_type end_type;

/* ---- memory ---- */

static err_t alias_map(struct pipe *pipe, vaddr_t alias, bool writer)
{
    u64 what = FPAGE_MEM(pipe->memory, RING_ORDER, writer ? RIGHT_R | RIGHT_W : RIGHT_R);
    err_t error = task_map(SLOT_TASK, SLOT_TASK, what, alias);
    return error ? error : task_map(SLOT_TASK, SLOT_TASK, what, alias + RING_SIZE);
}

static void alias_unmap(vaddr_t alias)
{
    task_unmap(SLOT_TASK, FPAGE_MEM(alias, RING_ORDER, RIGHTS_RWX), UNMAP_SELF);
    task_unmap(SLOT_TASK, FPAGE_MEM(alias + RING_SIZE, RING_ORDER, RIGHTS_RWX), UNMAP_SELF);
    bitmap_clear(aliases_used, (alias - aliases) / ALIAS_SIZE);
}

static err_t alias_make(struct end *end)
{
    size_t i = bitmap_find_clear(aliases_used, 0, ALIASES_MAX);
    if (end->alias)
        return E_OK;
    if (i == BITMAP_NONE)
        return E_NOMEM;
    bitmap_set(aliases_used, i);
    vaddr_t alias = aliases + i * ALIAS_SIZE;
    err_t error = alias_map(end->pipe, alias, end->writer);
    if (error)
        alias_unmap(alias);
    else
        end->alias = alias;
    return error;
}

static err_t memory_alloc(vaddr_t *memory)
{
    cap_t dataspace = slot_alloc();
    err_t error = dataspace ? mem_alloc(SLOT_MEM, RING_SIZE, MEM_CONTIGUOUS, dataspace) : E_NOMEM;
    *memory = 0;
    if (!error)
        error = rm_attach(memory, RING_SIZE, dataspace, 0, RIGHT_R | RIGHT_W, RM_POPULATE);
    slot_free(dataspace);
    return error;
}

/* Memory of pipes that have gone, all zeros: cheaper than new. */
static vaddr_t spare[SPARE_MAX];
static u32 spares;

static err_t memory_make(vaddr_t *memory)
{
    if (!spares)
        return memory_alloc(memory);
    *memory = spare[--spares];
    return E_OK;
}

static void memory_free(vaddr_t memory, bool touched)
{
    if (spares == SPARE_MAX) {
        rm_detach(memory, RING_SIZE);
        return;
    }
    if (touched)
        memset((void *)memory, 0, RING_SIZE);
    spare[spares++] = memory;
}

/* The item that shows the alias, once, with the first piece: it stays until the session ends. */
static struct map_item show(struct end *end, u64 length)
{
    struct map_item item = wire_nothing();
    if (end->seen || !length)
        return item;
    item.what = FPAGE_MEM(end->alias, RING_ORDER + 1, RIGHTS_RWX);
    end->seen = true;
    end->pipe->touched |= end->writer;
    return item;
}

/* ---- answers ---- */

static u32 flags_of(const struct end *end)
{
    u32 ends = end->writer ? end->pipe->ring.writers : end->pipe->ring.readers;
    return FILE_FLAG_PIPE | (ends > 1 ? FILE_FLAG_SHARED : 0);
}

static u32 events_of(const struct end *end)
{
    return end->writer ? ring_events_out(&end->pipe->ring) : ring_events_in(&end->pipe->ring);
}

/* Tries the request that the end waits with. AGAIN: it goes on waiting. */
static err_t try_piece(struct end *end, u64 *at, u64 *length)
{
    struct ring *ring = &end->pipe->ring;
    err_t error = alias_make(end);
    if (error)
        return error;
    return end->writer ? ring_next_out(ring, end, end->hint, at, length) : ring_next_in(ring, end, at, length);
}

static void answer_piece(struct end *end)
{
    u64 at, length;
    struct msg m;
    err_t error = try_piece(end, &at, &length);
    if (error == E_AGAIN)
        return;
    cap_t reply = end->waiting;
    end->waiting = 0;
    if (error) {
        serve_answer_error(reply, error);
        return;
    }
    if (end->writer)
        file_next_out_reply(&m, at, length, flags_of(end), show(end, length));
    else
        file_next_in_reply(&m, at, length, flags_of(end), show(end, length));
    if (serve_answer(reply, &m))
        ring_drop(&end->pipe->ring, end);
}

static void answer_poll(struct end *end)
{
    struct msg m;
    u32 now = events_of(end) & (end->events | FILE_EVENT_HUP);
    if (!now)
        return;
    file_poll_reply(&m, now);
    serve_answer(end->waiting, &m);
    end->waiting = 0;
}

/* Something has changed: whoever waited for it gets an answer. */
static void progress(struct pipe *pipe)
{
    for (struct list_link *l = pipe->ends.next; l != &pipe->ends; l = l->next) {
        struct end *end = container_of(l, struct end, link);
        if (end->waiting && end->polls)
            answer_poll(end);
        else if (end->waiting)
            answer_piece(end);
        if (end->irq && (events_of(end) & end->events)) {
            irq_trigger(end->irq);
            slot_drop(end->irq);
            end->irq = 0;
        }
    }
}

/* ---- ends ---- */

static struct end *end_create(struct pipe *pipe, bool writer)
{
    struct end *end = (struct end *)session_create(&end_type);
    if (!end)
        return NULL;
    end->pipe = pipe;
    end->writer = writer;
    list_push_back(&pipe->ends, &end->link);
    (*(writer ? &pipe->ring.writers : &pipe->ring.readers))++;
    return end;
}

static void end_close(struct session *session)
{
    struct end *end = (struct end *)session;
    struct pipe *pipe = end->pipe;
    list_remove(&end->link);
    ring_drop(&pipe->ring, end);
    (*(end->writer ? &pipe->ring.writers : &pipe->ring.readers))--;
    if (end->waiting)
        serve_drop_reply(end->waiting);
    slot_drop(end->irq);
    if (end->alias)
        alias_unmap(end->alias);
    if (!list_empty(&pipe->ends)) {
        progress(pipe);
        return;
    }
    memory_free(pipe->memory, pipe->touched);
    heap_free(pipe, sizeof *pipe);
}

/* Lets the caller wait; one request at a time is kept for each end. */
static err_t wait_for(struct end *end, bool polls)
{
    if (serve_forget_stale(&end->waiting))
        return E_BUSY;
    end->waiting = serve_keep_reply();
    end->polls = polls;
    return end->waiting ? WIRE_LATER : E_AGAIN;
}

static err_t next_piece(struct end *end, u64 hint, u32 nonblock, u64 *at, u64 *length, u32 *flags,
                        struct map_item *piece)
{
    struct pipe *pipe = end->pipe;
    u64 moved = pipe->ring.read + pipe->ring.written;
    serve_forget_stale(&end->waiting); /* answering that one would take this one's piece */
    end->hint = hint;
    err_t error = try_piece(end, at, length);
    if (!error) {
        *flags = flags_of(end);
        *piece = show(end, *length);
    }
    if (pipe->ring.read + pipe->ring.written != moved)
        progress(pipe); /* the piece before this one was committed by asking on */
    return error == E_AGAIN && !nonblock ? wait_for(end, false) : error;
}

static err_t end_next_in(void *self, u32 nonblock, u64 *at, u64 *length, u32 *flags, struct map_item *piece)
{
    struct end *end = self;
    return end->writer ? E_BADF : next_piece(end, 0, nonblock, at, length, flags, piece);
}

static err_t end_next_out(void *self, u64 hint, u32 nonblock, u64 *at, u64 *length, u32 *flags, struct map_item *piece)
{
    struct end *end = self;
    return end->writer ? next_piece(end, hint, nonblock, at, length, flags, piece) : E_BADF;
}

/* A client that has moved nothing may have been called away before it had its answer, and with it the alias. */
static void start_over(struct end *end)
{
    serve_forget_stale(&end->waiting);
    end->seen = false;
}

static err_t end_commit_in(void *self, u64 n)
{
    struct end *end = self;
    if (!n)
        start_over(end);
    err_t error = ring_commit_in(&end->pipe->ring, end, n);
    if (!error)
        progress(end->pipe);
    return error;
}

static err_t end_commit_out(void *self, u64 n, u64 *position)
{
    struct end *end = self;
    if (!n)
        start_over(end);
    err_t error = ring_commit_out(&end->pipe->ring, end, n);
    *position = end->pipe->ring.written;
    if (!error)
        progress(end->pipe);
    return error;
}

static err_t end_seek(void *self, i64 offset, u32 whence, u64 *position)
{
    return E_SPIPE;
}

static err_t end_stat(void *self, struct file_stat_result *result)
{
    struct end *end = self;
    *result = (struct file_stat_result){
        .ino = end->pipe->memory / RING_SIZE,
        .mode = 0010600, /* S_IFIFO */
        .nlink = 1,
        .flags = flags_of(end),
    };
    return E_OK;
}

static err_t end_clone(void *self, struct map_item *session)
{
    struct end *end = self;
    struct end *copy = end_create(end->pipe, end->writer);
    if (!copy)
        return E_NOMEM;
    *session = session_item(&copy->session);
    return E_OK;
}

static err_t end_poll(void *self, u32 events, u32 wait, u32 *now)
{
    struct end *end = self;
    *now = events_of(end) & (events | FILE_EVENT_HUP);
    if (*now || !wait)
        return E_OK;
    end->events = events;
    return wait_for(end, true);
}

static err_t end_notify(void *self, cap_t irq, u32 events)
{
    struct end *end = self;
    err_t error = serve_keep_irq(irq);
    if (error)
        return error;
    slot_drop(end->irq);
    end->irq = irq;
    end->events = events;
    progress(end->pipe);
    return E_OK;
}

static bool dispatch_end(struct session *session, struct msg *m)
{
    static const struct file_handlers handlers = {
        .next_in = end_next_in,
        .next_out = end_next_out,
        .commit_in = end_commit_in,
        .commit_out = end_commit_out,
        .seek = end_seek,
        .stat = end_stat,
        .clone = end_clone,
        .poll = end_poll,
        .notify = end_notify,
    };
    return file_dispatch(&handlers, session, m);
}

static const struct session_type end_type = {"end", sizeof(struct end), dispatch_end, end_close};

/* ---- the service ---- */

static err_t make_ends(struct pipe *pipe, struct map_item *reader, struct map_item *writer)
{
    struct end *in = end_create(pipe, false);
    if (!in)
        return E_NOMEM;
    struct end *out = end_create(pipe, true);
    if (!out) {
        session_destroy(&in->session); /* frees the pipe */
        return E_NOMEM;
    }
    *reader = session_item(&in->session);
    *writer = session_item(&out->session);
    return E_OK;
}

static err_t service_create(void *self, struct map_item *reader, struct map_item *writer)
{
    struct pipe *pipe = heap_alloc(sizeof *pipe);
    if (!pipe)
        return E_NOMEM;
    pipe->ends = (struct list_link){&pipe->ends, &pipe->ends};
    err_t error = memory_make(&pipe->memory);
    if (error) {
        heap_free(pipe, sizeof *pipe);
        return error;
    }
    return make_ends(pipe, reader, writer);
}

static const struct session_type service_type;

static err_t service_clone(void *self, struct map_item *service)
{
    struct session *copy = session_create(&service_type);
    if (!copy)
        return E_NOMEM;
    *service = session_item(copy);
    return E_OK;
}

static bool dispatch_service(struct session *session, struct msg *m)
{
    static const struct pipe_handlers handlers = {.create = service_create, .clone = service_clone};
    return pipe_dispatch(&handlers, session, m);
}

static const struct session_type service_type = {"pipe", sizeof(struct session), dispatch_service, NULL};
static struct session service = {.type = &service_type};

int main(void)
{
    err_t error = serve_init(1, REPLIES);
    if (!error)
        error = rm_reserve(&aliases, ALIASES_MAX * ALIAS_SIZE, ALIAS_SIZE);
    if (!error)
        error = serve_service(&service, "pipe");
    if (error)
        log_panic("cannot serve pipes: error %d", error);
    serve_run();
}
