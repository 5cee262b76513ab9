/*
 * Terminal sessions (proto/tty.idl). Each session has two pages that its client sees: one for what it reads, one for
 * what it writes; so nobody sees what others type or write. All sessions share the line discipline: a reader holds the
 * input from next_in to commit_in, and others wait for it.
 */
#include "servers/console/terminal.h"

#include "lib/tess/tess.h"
#include "proto/proc.h"
#include "proto/serial.h"
#include "proto/tty.h"
#include "servers/console/discipline.h"
#include "servers/console/screen.h"

#define PAGE          4096
#define PAGES         (2 * PAGE) /* of a session: input, output */
#define SIGNAL_WINDOW 28         /* SIGWINCH */
#define ROOM_MIN      512        /* a writer waits until so many bytes fit */
#define TENTH         100000     /* microseconds: unit of vtime */

enum wait { WAIT_NOTHING, WAIT_INPUT, WAIT_OUTPUT, WAIT_POLL, WAIT_DRAIN };

/* A request that waits. */
struct request {
    enum wait wait;
    cap_t reply;
};

struct terminal_session {
    struct session session;
    struct list_link link;
    vaddr_t pages;          /* 0 = none yet */
    bool seen_in, seen_out; /* the client has them */
    size_t in_length;       /* of the piece that it holds, if it is the reader */
    size_t out_length;      /* of the piece that it may write */
    struct request reads;   /* WAIT_INPUT */
    struct request others;  /* the other ones */
    usec_t deadline;        /* of WAIT_INPUT, 0 = none */
    size_t hint;            /* of WAIT_OUTPUT */
    u32 events;             /* of WAIT_POLL, or that `irq` is for */
    cap_t irq;
};

static struct {
    struct discipline discipline;
    struct list_link sessions;
    struct terminal_session *reader; /* holds input, NULL = nobody */
    u32 vmin, vtime;
    u32 rows, columns;
    u32 group;    /* in the foreground, 0 = none */
    u32 previous; /* was there before: whoever lent the terminal to `group`, most often the shell */
    cap_t serial, proc, irq;
} terminal = {.sessions = {&terminal.sessions, &terminal.sessions}, .vmin = 1, .rows = 24, .columns = 80};

static void progress(void);

/* ---- pages ---- */

static err_t make_pages(struct terminal_session *s)
{
    return s->pages ? E_OK : rm_attach(&s->pages, PAGES, 0, 0, RIGHT_R | RIGHT_W, RM_POPULATE);
}

static struct map_item show_page(vaddr_t page, u32 rights, bool *seen)
{
    struct map_item item = wire_nothing();
    if (!*seen)
        item.what = FPAGE_MEM(page, 12, rights);
    *seen = true;
    return item;
}

#define SESSION_FLAGS (FILE_FLAG_TTY | FILE_FLAG_SHARED)

/* What becomes of a request that waits: AGAIN, it goes on; an error is the answer; true: it gets its results. */
static bool may_answer(struct request *r, err_t error)
{
    if (error == E_AGAIN)
        return false;
    r->wait = WAIT_NOTHING;
    if (error)
        serve_answer_error(r->reply, error);
    return !error;
}

/* ---- input ---- */

/* True if a read ends now, though nothing was typed: in raw mode with vmin 0. */
static bool read_gives_up(const struct terminal_session *s)
{
    bool raw = !(terminal.discipline.flags & TTY_CANON) && !terminal.vmin;
    return raw && (!terminal.vtime || (s->deadline && time_now() >= s->deadline));
}

/* The piece for a reader. AGAIN: nothing was typed, or somebody else reads. */
static err_t take_input(struct terminal_session *s, u64 *length)
{
    if (terminal.reader && terminal.reader != s)
        return E_AGAIN;
    *length = 0;
    if (!discipline_ready(&terminal.discipline))
        return read_gives_up(s) ? E_OK : E_AGAIN;
    err_t error = make_pages(s);
    if (error)
        return error;
    *length = s->in_length = discipline_peek(&terminal.discipline, (char *)s->pages, PAGE);
    if (*length)
        terminal.reader = s;
    else
        discipline_consume(&terminal.discipline, 0);
    return E_OK;
}

static void end_input(struct terminal_session *s, size_t consumed)
{
    if (terminal.reader != s)
        return;
    terminal.reader = NULL;
    if (consumed)
        discipline_consume(&terminal.discipline, consumed);
}

static void answer_input(struct terminal_session *s)
{
    u64 length;
    struct msg m;
    if (!may_answer(&s->reads, take_input(s, &length)))
        return;
    struct map_item item = length ? show_page(s->pages, RIGHT_R, &s->seen_in) : wire_nothing();
    file_next_in_reply(&m, 0, length, SESSION_FLAGS, item);
    if (serve_answer(s->reads.reply, &m))
        end_input(s, 0);
}

/* ---- output ---- */

/* Room for a writer: every byte may become two. */
static err_t take_output(struct terminal_session *s, u64 *length)
{
    size_t room = screen_room() / 2;
    if (room < ROOM_MIN)
        return E_AGAIN;
    err_t error = make_pages(s);
    if (error)
        return error;
    *length = room < PAGE ? room : PAGE;
    if (s->hint && s->hint < *length)
        *length = s->hint;
    s->out_length = *length;
    return E_OK;
}

static void answer_output(struct terminal_session *s)
{
    u64 length;
    struct msg m;
    if (!may_answer(&s->others, take_output(s, &length)))
        return;
    file_next_out_reply(&m, 0, length, SESSION_FLAGS, show_page(s->pages + PAGE, RIGHT_R | RIGHT_W, &s->seen_out));
    serve_answer(s->others.reply, &m);
}

/* The bytes may not fit any more if others have written meanwhile; then as many as do. */
static err_t end_output(struct terminal_session *s, u64 n)
{
    if (n > s->out_length)
        return E_INVAL;
    s->out_length = 0;
    if (n > screen_room() / 2)
        return E_AGAIN; /* nothing counts; the client asks again, and waits */
    discipline_show(&terminal.discipline, (const char *)(s->pages + PAGE), n);
    screen_drain();
    return E_OK;
}

/* ---- events ---- */

static u32 events_now(void)
{
    bool free = !terminal.reader;
    return (free && discipline_ready(&terminal.discipline) ? FILE_EVENT_IN : 0) |
           (screen_room() / 2 >= ROOM_MIN ? FILE_EVENT_OUT : 0);
}

static void answer_poll(struct terminal_session *s)
{
    struct msg m;
    u32 now = events_now() & s->events;
    if (!now)
        return;
    s->others.wait = WAIT_NOTHING;
    file_poll_reply(&m, now);
    serve_answer(s->others.reply, &m);
}

static void answer_drain(struct terminal_session *s)
{
    if (screen_room() < SCREEN_MAX)
        return;
    s->others.wait = WAIT_NOTHING;
    serve_answer_error(s->others.reply, E_OK);
}

static void answer(struct terminal_session *s)
{
    if (s->reads.wait == WAIT_INPUT)
        answer_input(s);
    switch (s->others.wait) {
    case WAIT_OUTPUT:
        answer_output(s);
        break;
    case WAIT_POLL:
        answer_poll(s);
        break;
    case WAIT_DRAIN:
        answer_drain(s);
        break;
    case WAIT_INPUT:
    case WAIT_NOTHING:
        break;
    }
    if (s->irq && (events_now() & s->events)) {
        irq_trigger(s->irq);
        slot_drop(s->irq);
        s->irq = 0;
    }
}

/* Something has changed: whoever waited for it gets an answer. */
static void progress(void)
{
    for (struct list_link *l = terminal.sessions.next; l != &terminal.sessions; l = l->next)
        answer(container_of(l, struct terminal_session, link));
}

/* A request whose caller has given up waiting is none any more. */
static void forget_stale(struct request *r)
{
    if (r->wait != WAIT_NOTHING && !serve_forget_stale(&r->reply))
        r->wait = WAIT_NOTHING;
}

/* Lets the caller wait: a session may have one read and one other request that waits. */
static err_t wait_for(struct request *r, enum wait what)
{
    forget_stale(r);
    if (r->wait != WAIT_NOTHING)
        return E_BUSY;
    r->reply = serve_keep_reply();
    if (!r->reply)
        return E_AGAIN;
    r->wait = what;
    return WIRE_LATER;
}

/* ---- the file protocol ---- */

static void start_timer(struct terminal_session *s)
{
    s->deadline = 0;
    if ((terminal.discipline.flags & TTY_CANON) || terminal.vmin || !terminal.vtime)
        return;
    s->deadline = time_now() + terminal.vtime * TENTH;
    serve_set_timer(terminal.vtime * TENTH, progress);
}

static err_t session_next_in(void *self, u32 nonblock, u64 *at, u64 *length, u32 *flags, struct map_item *piece)
{
    struct terminal_session *s = self;
    forget_stale(&s->reads);
    end_input(s, s->in_length);
    *at = 0;
    *flags = SESSION_FLAGS;
    start_timer(s);
    err_t error = take_input(s, length);
    if (!error && *length)
        *piece = show_page(s->pages, RIGHT_R, &s->seen_in);
    return error == E_AGAIN && !nonblock ? wait_for(&s->reads, WAIT_INPUT) : error;
}

/* A client that has moved nothing may have been called away before it had its answer, and with it the page. */
static err_t session_commit_in(void *self, u64 n)
{
    struct terminal_session *s = self;
    if (!n) {
        forget_stale(&s->reads);
        s->seen_in = false;
    }
    if (terminal.reader != s || n > s->in_length)
        return E_INVAL;
    end_input(s, n);
    progress();
    return E_OK;
}

static err_t session_next_out(void *self, u64 hint, u32 nonblock, u64 *at, u64 *length, u32 *flags,
                              struct map_item *piece)
{
    struct terminal_session *s = self;
    forget_stale(&s->others);
    *at = 0;
    *flags = SESSION_FLAGS;
    s->hint = hint;
    err_t error = take_output(s, length);
    if (!error)
        *piece = show_page(s->pages + PAGE, RIGHT_R | RIGHT_W, &s->seen_out);
    return error == E_AGAIN && !nonblock ? wait_for(&s->others, WAIT_OUTPUT) : error;
}

static err_t session_commit_out(void *self, u64 n, u64 *position)
{
    struct terminal_session *s = self;
    *position = 0;
    if (!n) {
        forget_stale(&s->others);
        s->seen_out = false;
    }
    return end_output(self, n);
}

static err_t session_seek(void *self, i64 offset, u32 whence, u64 *position)
{
    return E_SPIPE;
}

static err_t session_stat(void *self, struct file_stat_result *result)
{
    *result = (struct file_stat_result){
        .ino = 1,
        .mode = 0020620, /* S_IFCHR */
        .nlink = 1,
        .rdev = 4 << 8 | 64,
        .flags = SESSION_FLAGS,
    };
    return E_OK;
}

static err_t session_clone(void *self, struct map_item *session);

static err_t session_poll(void *self, u32 events, u32 wait, u32 *now)
{
    struct terminal_session *s = self;
    *now = events_now() & events;
    if (*now || !wait)
        return E_OK;
    s->events = events;
    return wait_for(&s->others, WAIT_POLL);
}

static err_t session_notify(void *self, cap_t irq, u32 events)
{
    struct terminal_session *s = self;
    err_t error = serve_keep_irq(irq);
    if (error)
        return error;
    slot_drop(s->irq);
    s->irq = irq;
    s->events = events;
    answer(s);
    return E_OK;
}

/* ---- attributes ---- */

static err_t session_get_attr(void *self, u32 *flags, u32 *rows, u32 *columns, u32 *vmin, u32 *vtime)
{
    *flags = terminal.discipline.flags;
    *rows = terminal.rows;
    *columns = terminal.columns;
    *vmin = terminal.vmin;
    *vtime = terminal.vtime;
    return E_OK;
}

static err_t session_set_attr(void *self, u32 flags, u32 vmin, u32 vtime, u32 drain)
{
    struct terminal_session *s = self;
    discipline_set_flags(&terminal.discipline, flags);
    terminal.vmin = vmin;
    terminal.vtime = vtime;
    progress();
    return drain && screen_room() < SCREEN_MAX ? wait_for(&s->others, WAIT_DRAIN) : E_OK;
}

/* If none of the foreground runs any longer, whoever has not taken the terminal back yet is meant. */
static void signal_foreground(u32 signal)
{
    if (terminal.group && proc_signal_group(terminal.proc, terminal.group, signal) == E_SRCH && terminal.previous)
        proc_signal_group(terminal.proc, terminal.previous, signal);
}

static err_t session_set_size(void *self, u32 rows, u32 columns)
{
    if (!rows || rows > TTY_SIZE_MAX || !columns || columns > TTY_SIZE_MAX)
        return E_INVAL;
    bool other = terminal.rows != rows || terminal.columns != columns;
    terminal.rows = rows;
    terminal.columns = columns;
    if (other)
        signal_foreground(SIGNAL_WINDOW);
    return E_OK;
}

static err_t session_get_group(void *self, u32 *group)
{
    *group = terminal.group;
    return E_OK;
}

static err_t session_set_group(void *self, u32 group)
{
    if (group != terminal.group)
        terminal.previous = terminal.group;
    terminal.group = group;
    return E_OK;
}

static bool dispatch_session(struct session *session, struct msg *m)
{
    static const struct tty_handlers handlers = {
        .file =
            {
                .next_in = session_next_in,
                .next_out = session_next_out,
                .commit_in = session_commit_in,
                .commit_out = session_commit_out,
                .seek = session_seek,
                .stat = session_stat,
                .clone = session_clone,
                .poll = session_poll,
                .notify = session_notify,
            },
        .get_attr = session_get_attr,
        .set_attr = session_set_attr,
        .get_group = session_get_group,
        .set_group = session_set_group,
        .set_size = session_set_size,
    };
    return tty_dispatch(&handlers, session, m);
}

static void close_session(struct session *session)
{
    struct terminal_session *s = (struct terminal_session *)session;
    list_remove(&s->link);
    end_input(s, 0);
    if (s->reads.wait != WAIT_NOTHING)
        serve_drop_reply(s->reads.reply);
    if (s->others.wait != WAIT_NOTHING)
        serve_drop_reply(s->others.reply);
    slot_drop(s->irq);
    if (s->pages)
        rm_detach(s->pages, PAGES);
    progress();
}

static const struct session_type session_type = {"terminal", sizeof(struct terminal_session), dispatch_session,
                                                 close_session};

static err_t session_clone(void *self, struct map_item *session)
{
    struct terminal_session *s = (struct terminal_session *)session_create(&session_type);
    if (!s)
        return E_NOMEM;
    list_push_back(&terminal.sessions, &s->link);
    *session = session_item(&s->session);
    return E_OK;
}

/* The service itself has no pages; all that can be done with it is to get a session. */
static bool dispatch_service(struct session *session, struct msg *m)
{
    static const struct file_handlers handlers = {.clone = session_clone};
    return file_dispatch(&handlers, session, m);
}

static const struct session_type service_type = {"console", sizeof(struct session), dispatch_service, NULL};
struct session terminal_service = {.type = &service_type};

/* ---- the serial line ---- */

static void type_all(void)
{
    char data[SERIAL_READ_DATA_MAX];
    for (;;) {
        size_t n = sizeof data;
        if (serial_read(terminal.serial, data, &n) || !n)
            return;
        for (size_t i = 0; i < n; i++) {
            u32 signal = discipline_type(&terminal.discipline, (u8)data[i]);
            if (signal)
                signal_foreground(signal);
        }
    }
}

static bool dispatch_irq(struct session *session, struct msg *m)
{
    type_all();
    screen_drain();
    progress();
    return false;
}

static const struct session_type irq_type = {"irq", sizeof(struct session), dispatch_irq, NULL};
static struct session irq_session = {.type = &irq_type};

err_t terminal_start(cap_t serial, cap_t proc, cap_t irq)
{
    terminal.serial = serial;
    terminal.proc = proc;
    discipline_init(&terminal.discipline, screen_put);
    screen_start(serial);
    err_t error = serve_irq(&irq_session, irq);
    if (!error)
        error = serial_notify(serial, wire_cap_rights(irq, RIGHT_USE));
    if (!error)
        type_all(); /* what came before */
    return error;
}
