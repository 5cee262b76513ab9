/*
 * The serve loop: how a server is written. A server defines one or more session types; each session is a flat block
 * that starts with a struct session and is allocated by session_create together with a gate whose label is the
 * session's address (labels are unforgeable, so receiving one is proof of it). serve_run receives a message, calls the
 * type's dispatch function, and answers. All of it runs on one thread; handlers never run concurrently.
 *
 * How a handler table of generated code (build/.../gen/proto/NAME.h) and this file fit:
 *
 *   static err_t disk_info(void *self, u64 *sectors, ...) { struct disk_session *s = self; ... }
 *   static const struct blk_handlers handlers = {.info = disk_info, ...};
 *   static bool dispatch(struct session *s, struct msg *m) { return blk_dispatch(&handlers, s, m); }
 *   static const struct session_type disk_type = {"disk", sizeof(struct disk_session), dispatch, disk_close};
 *
 * - Capability arguments stand in slots that the loop empties again, unless the handler takes them: serve_keep_cap.
 * - A session as a result: *result = session_item(session_create(&type)).
 * - A handler that answers later takes the reply by serve_keep_reply and returns WIRE_LATER; later it makes the answer
 *   with NAME_METHOD_reply(&m, ...) and sends it with serve_answer(reply, &m).
 */
#pragma once

#include "lib/base/list.h"
#include "lib/sys/object.h"
#include "lib/sys/wire.h"
#include "lib/tess/slot.h"

struct session;

/* A kind of session (or of Irq); constant, one per interface of a server. */
struct session_type {
    const char *name;
    u32 size;                                                 /* bytes of a session's block */
    bool (*dispatch)(struct session *session, struct msg *m); /* true: m is the answer, send it */
    void (*close)(struct session *session);                   /* free what the session holds; may be NULL */
};

/* Head of each session's block. */
struct session {
    const struct session_type *type;
    struct list_link link; /* all sessions that have clients to lose */
    cap_t gate;            /* gate, or Irq */
    bool permanent;        /* not made by session_create: never closed */
};

/*
 * Prepares the first thread for serving: requests may bring up to `windows` capabilities (0..8), and up to `replies`
 * requests may be kept unanswered (0: replies stay implicit, which is a little faster). Errors: NOMEM.
 */
err_t serve_init(u32 windows, u32 replies);

/* A new session of the type, its block zeroed but for the head; NULL if memory or capabilities are exhausted. */
struct session *session_create(const struct session_type *type);

/* The same, its gate charged to `factory`: where clients pay for sessions. If the factory goes, so does the gate. */
struct session *session_create_in(const struct session_type *type, cap_t factory);

/* Map item that gives the client this session: for results of type cap. */
struct map_item session_item(const struct session *session);

/* Ends a session: close function, gate, block; its handlers may do so. The client's next request fails with E_NOENT. */
void session_destroy(struct session *session);

/* Serves the gate in `gate` (RIGHT_CONTROL, made by init) by `session`, a static block with its type set. */
err_t serve_gate(struct session *session, cap_t gate);

/* The gate of service `name`, as listed in the system page, by `session`: serve_gate(env_cap(name)). */
err_t serve_service(struct session *session, const char *name);

/* Signals of the Irq reach `session`'s dispatch function as messages without answer (it returns false). */
err_t serve_irq(struct session *session, cap_t irq);

/* In a handler: makes the argument capability in `slot` the server's to keep (and to slot_drop). */
err_t serve_keep_cap(cap_t slot);

/* The same for what must be a genuine Irq: to trigger anything else of a client's could block for ever. E_INVAL. */
err_t serve_keep_irq(cap_t slot);

/*
 * In a handler: makes the reply of the current request the server's, to be used once by serve_answer or
 * serve_answer_error, or dropped by serve_drop_reply. 0: too many are kept (answer E_AGAIN).
 */
cap_t serve_keep_reply(void);

/* Sends the answer `m` (items and words from 8 on stand in the UTCB) to a kept request. */
err_t serve_answer(cap_t reply, struct msg *m);

/* Answers a kept request with an error, or with E_OK and no results. */
err_t serve_answer_error(cap_t reply, err_t error);

/* The caller of a kept request gets E_CANCELED. */
void serve_drop_reply(cap_t reply);

/*
 * Before a request that may have to wait where an earlier one, *reply, is kept: that is dropped if its caller has given
 * up waiting. E_BUSY: it has not.
 */
err_t serve_forget_stale(cap_t *reply);

/* Calls `expired` between two requests, once, when `after` microseconds have passed; NULL = never mind. */
void serve_set_timer(usec_t after, void (*expired)(void));

/* Serves for ever. */
_Noreturn void serve_run(void);
