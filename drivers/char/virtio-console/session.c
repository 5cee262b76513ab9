/* File sessions on the console's ports: see session.h. */
#include "drivers/char/virtio-console/session.h"

#include "lib/tess/tess.h"
#include "proto/file.h"

#define NO_BUFFER 0xffffffffu
#define RX_ORDER  12
#define TX_ORDER  14

_Static_assert(1u << RX_ORDER == PORT_RX_BYTES && 1u << TX_ORDER == PORT_TX_BYTES, "windows are whole buffers");

struct port_session {
    struct session session;
    struct list_link link; /* in `all` */
    u64 serial;            /* tells sessions apart that had a buffer, also those that are gone */
    u32 port;
    u32 in, out;                           /* buffers of the current pieces, or NO_BUFFER */
    u32 out_length;                        /* room that was offered */
    u64 hint;                              /* of the next_out that waits */
    cap_t in_waits, out_waits, poll_waits; /* replies of calls that wait, 0 = none */
    u32 poll_events;                       /* what the poll waits for */
    cap_t irq;                             /* of `notify`, 0 = none */
    u32 notify_events, notified;           /* what to tell of, what has been told and is still so */
};

static struct ports *ports;
static cap_t device_irq_cap;
static struct list_link all = {&all, &all};
static u64 last_serial;
static u64 tx_owner[PORTS_MAX][PORT_TX_BUFFERS]; /* serial of the session that last wrote to the buffer */

void port_sessions_init(struct ports *of, cap_t irq)
{
    ports = of;
    device_irq_cap = irq;
}

static struct port *port_of(const struct port_session *s)
{
    return &ports->port[s->port];
}

static u32 flags_of(const struct port_session *s)
{
    return FILE_FLAG_PIPE | (port_of(s)->users > 1 ? FILE_FLAG_SHARED : 0);
}

/* --- pieces --- */

/* Takes the window onto a buffer away from whoever has it. */
static void revoke(const u8 *memory, u32 order)
{
    task_unmap(SLOT_TASK, FPAGE_MEM(memory, order, RIGHT_R | RIGHT_W), 0);
}

static u32 in_length(const struct port_session *s)
{
    const struct port_buffer *buffer = &port_of(s)->rx_buffer[s->in];
    return s->in == NO_BUFFER ? 0 : buffer->end - buffer->start;
}

static void end_in(struct port_session *s, u32 consumed)
{
    if (s->in == NO_BUFFER)
        return;
    revoke(port_rx_memory(port_of(s), s->in), RX_ORDER);
    bool rest = consumed < in_length(s);
    port_receive_done(ports, s->port, s->in, consumed);
    if (rest)
        irq_trigger(device_irq_cap); /* another session may wait for it */
    s->in = NO_BUFFER;
}

static void end_out(struct port_session *s, u32 written)
{
    if (s->out == NO_BUFFER)
        return;
    revoke(port_tx_memory(port_of(s), s->out), TX_ORDER);
    port_transmit_send(ports, s->port, s->out, written);
    if (written == 0)
        irq_trigger(device_irq_cap);
    s->out = NO_BUFFER;
}

/* Takes the next received buffer as the current piece. E_OK with length 0: the host has closed its end. */
static err_t begin_in(struct port_session *s, u64 *at, u64 *length, struct map_item *piece)
{
    *at = *length = 0;
    err_t error = port_receive(ports, s->port, &s->in);
    if (error) {
        s->in = NO_BUFFER;
        return error == E_PIPE ? E_OK : error;
    }
    *at = port_of(s)->rx_buffer[s->in].start;
    *length = in_length(s);
    *piece = (struct map_item){.what = FPAGE_MEM(port_rx_memory(port_of(s), s->in), RX_ORDER, RIGHT_R)};
    return E_OK;
}

/* Takes a transmit buffer as the current piece; what another session left in it is wiped. */
static err_t begin_out(struct port_session *s, u64 hint, u64 *length, struct map_item *piece)
{
    err_t error = port_transmit(ports, s->port, &s->out);
    if (error) {
        s->out = NO_BUFFER;
        return error;
    }
    u8 *memory = port_tx_memory(port_of(s), s->out);
    if (tx_owner[s->port][s->out] != s->serial)
        __builtin_memset(memory, 0, PORT_TX_BYTES);
    tx_owner[s->port][s->out] = s->serial;
    s->out_length = hint == 0 ? 1 : hint < PORT_TX_BYTES ? (u32)hint : PORT_TX_BYTES;
    *length = s->out_length;
    *piece = (struct map_item){.what = FPAGE_MEM(memory, TX_ORDER, RIGHT_R | RIGHT_W)};
    return E_OK;
}

/* Keeps the reply of the current request in *waits. */
static err_t wait_later(cap_t *waits)
{
    if (serve_forget_stale(waits))
        return E_BUSY; /* one call of a kind at a time */
    *waits = serve_keep_reply();
    return *waits ? WIRE_LATER : E_NOMEM;
}

/* --- handlers --- */

static err_t serve_next_in(void *self, u32 nonblock, u64 *at, u64 *length, u32 *flags, struct map_item *piece)
{
    struct port_session *s = self;
    serve_forget_stale(&s->in_waits);
    end_in(s, in_length(s));
    *flags = flags_of(s);
    err_t error = begin_in(s, at, length, piece);
    return error == E_AGAIN && !nonblock ? wait_later(&s->in_waits) : error;
}

static err_t serve_next_out(void *self, u64 hint, u32 nonblock, u64 *at, u64 *length, u32 *flags,
                            struct map_item *piece)
{
    struct port_session *s = self;
    serve_forget_stale(&s->out_waits);
    end_out(s, s->out_length);
    *at = 0;
    *flags = flags_of(s);
    err_t error = begin_out(s, hint, length, piece);
    if (error != E_AGAIN || nonblock)
        return error;
    s->hint = hint;
    return wait_later(&s->out_waits);
}

static err_t serve_commit_in(void *self, u64 n)
{
    struct port_session *s = self;
    if (s->in == NO_BUFFER)
        return E_AGAIN;
    if (n > in_length(s))
        return E_INVAL;
    end_in(s, (u32)n);
    return E_OK;
}

static err_t serve_commit_out(void *self, u64 n, u64 *position)
{
    struct port_session *s = self;
    if (s->out == NO_BUFFER)
        return E_AGAIN;
    if (n > s->out_length)
        return E_INVAL;
    end_out(s, (u32)n);
    *position = 0;
    return E_OK;
}

static err_t serve_seek(void *self, i64 offset, u32 whence, u64 *position)
{
    return E_SPIPE;
}

static err_t serve_in_at(void *self, u64 offset, u64 *at, u64 *length, struct map_item *piece)
{
    return E_SPIPE;
}

static err_t serve_out_at(void *self, u64 offset, u64 hint, u64 *at, u64 *length, struct map_item *piece)
{
    return E_SPIPE;
}

static err_t serve_stat(void *self, struct file_stat_result *result)
{
    struct port_session *s = self;
    *result = (struct file_stat_result){.ino = s->port + 1, .mode = PORT_FILE_MODE, .nlink = 1, .flags = flags_of(s)};
    return E_OK;
}

static err_t serve_sync(void *self)
{
    return E_OK;
}

static err_t serve_set_flags(void *self, u32 flags)
{
    return flags & ~(u32)FILE_FLAG_APPEND ? E_INVAL : E_OK; /* there is no other place than the end */
}

static err_t serve_clone(void *self, struct map_item *session)
{
    return port_session_open(((struct port_session *)self)->port, session);
}

/* --- events --- */

static bool any_in_state(const struct port_buffer *buffer, u32 count, enum port_buffer_state state)
{
    for (u32 i = 0; i < count; i++)
        if (buffer[i].state == state)
            return true;
    return false;
}

static u32 current_events(const struct port_session *s)
{
    const struct port *port = port_of(s);
    bool gone = ports->dead || !port->present || (port->was_open && !port->host_open);
    bool in = any_in_state(port->rx_buffer, PORT_RX_BUFFERS, BUFFER_FULL);
    bool out = port->host_open && any_in_state(port->tx_buffer, PORT_TX_BUFFERS, BUFFER_FREE);
    return (in || gone ? FILE_EVENT_IN : 0) | (out || gone ? FILE_EVENT_OUT : 0) | (gone ? FILE_EVENT_HUP : 0);
}

static err_t serve_poll(void *self, u32 events, u32 wait, u32 *events_out)
{
    struct port_session *s = self;
    *events_out = current_events(s) & (events | FILE_EVENT_HUP);
    if (*events_out || !wait)
        return E_OK;
    s->poll_events = events;
    return wait_later(&s->poll_waits);
}

static void tell_changes(struct port_session *s)
{
    u32 events = current_events(s) & s->notify_events;
    if (s->irq && (events & ~s->notified))
        irq_trigger(s->irq);
    s->notified = events;
}

static err_t serve_notify(void *self, cap_t irq, u32 events)
{
    struct port_session *s = self;
    err_t error = serve_keep_irq(irq);
    if (error)
        return error;
    slot_drop(s->irq);
    s->irq = irq;
    s->notify_events = events;
    s->notified = 0;
    tell_changes(s); /* what is so already */
    return E_OK;
}

/* --- answers to those who waited --- */

/* Sends the prepared answer, or the error, unless it is still too early. True: it is done. */
static bool answer(cap_t waits, struct msg *m, err_t error)
{
    if (error == E_AGAIN)
        return false;
    if (error)
        serve_answer_error(waits, error);
    else
        serve_answer(waits, m);
    return true;
}

static void answer_in(struct port_session *s)
{
    struct msg m = {0};
    struct map_item piece = {0};
    u64 at, length;
    err_t error = begin_in(s, &at, &length, &piece);
    if (!error)
        file_next_in_reply(&m, at, length, flags_of(s), piece);
    if (answer(s->in_waits, &m, error))
        s->in_waits = 0;
}

static void answer_out(struct port_session *s)
{
    struct msg m = {0};
    struct map_item piece = {0};
    u64 length = 0;
    err_t error = begin_out(s, s->hint, &length, &piece);
    if (!error)
        file_next_out_reply(&m, 0, length, flags_of(s), piece);
    if (answer(s->out_waits, &m, error))
        s->out_waits = 0;
}

static void answer_poll(struct port_session *s)
{
    struct msg m = {0};
    u32 events = current_events(s) & (s->poll_events | FILE_EVENT_HUP);
    file_poll_reply(&m, events);
    if (answer(s->poll_waits, &m, events ? E_OK : E_AGAIN))
        s->poll_waits = 0;
}

void port_sessions_progress(void)
{
    for (struct list_link *l = all.next; l != &all; l = l->next) {
        struct port_session *s = container_of(l, struct port_session, link);
        if (s->in_waits)
            answer_in(s);
        if (s->out_waits)
            answer_out(s);
        if (s->poll_waits)
            answer_poll(s);
        tell_changes(s);
    }
}

/* --- life --- */

static bool dispatch(struct session *session, struct msg *m)
{
    static const struct file_handlers handlers = {.next_in = serve_next_in,
                                                  .next_out = serve_next_out,
                                                  .commit_in = serve_commit_in,
                                                  .commit_out = serve_commit_out,
                                                  .in_at = serve_in_at,
                                                  .out_at = serve_out_at,
                                                  .seek = serve_seek,
                                                  .stat = serve_stat,
                                                  .sync = serve_sync,
                                                  .clone = serve_clone,
                                                  .set_flags = serve_set_flags,
                                                  .poll = serve_poll,
                                                  .notify = serve_notify};
    return file_dispatch(&handlers, session, m);
}

static void drop_reply(cap_t reply)
{
    if (reply)
        serve_drop_reply(reply);
}

/* What was not committed does not count: received bytes stay, bytes to be sent do not go. */
static void close_session(struct session *session)
{
    struct port_session *s = (struct port_session *)session;
    end_in(s, 0);
    end_out(s, 0);
    drop_reply(s->in_waits);
    drop_reply(s->out_waits);
    drop_reply(s->poll_waits);
    slot_drop(s->irq);
    list_remove(&s->link);
    port_close(ports, s->port);
}

static const struct session_type type = {"port", sizeof(struct port_session), dispatch, close_session};

err_t port_session_open(u32 port, struct map_item *item)
{
    struct port_session *s = (struct port_session *)session_create(&type);
    if (!s)
        return E_NOMEM;
    s->serial = ++last_serial;
    s->port = port;
    s->in = s->out = NO_BUFFER;
    list_push_back(&all, &s->link);
    port_open(ports, port);
    *item = session_item(&s->session);
    return E_OK;
}
