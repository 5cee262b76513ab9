/*
 * The system call, as an always-inlined stub: the compiler keeps what is live across it in the few registers that
 * survive and spills the rest, so an invocation costs no more than it must. Everything else in lib/sys and the
 * generated stubs of proto/ is built on sys_invoke.
 */
#pragma once

#include "abi/error.h"
#include "abi/invoke.h"
#include "abi/object.h"

#include "sys_arch.h" /* in lib/sys/arch/, chosen by the include path */

/*
 * The part of a message that travels in registers. Words that are not sent should be 0: all eight reach the
 * partner. Behind sys_invoke it holds what came back.
 */
struct msg {
    u64 tag;
    u64 label; /* out: label of the gate or Irq that the message came from */
    u64 w[MSG_REGS];
};

/* The calling thread's UTCB: words from 8 on, map items, receive windows. */
extern __thread struct utcb *sys_utcb;

/*
 * Invoke: `selector` = phases and slot (SEL_*), `timeouts` as by TIMEOUTS(), `reply_slot` = where the reply capability
 * of a received call goes (0 = implicit). Sends m, returns what was received in m.
 */
static inline __attribute__((always_inline)) void sys_invoke(struct msg *m, u64 selector, u64 timeouts,
                                                             cap_t reply_slot)
{
    u64 more = timeouts | reply_slot;
    if (__builtin_constant_p(more) && !more)
        sys_arch_invoke(&m->tag, &m->label, m->w, selector);
    else
        sys_arch_invoke_timed(&m->tag, &m->label, m->w, selector | (more ? SEL_TIMED : 0), timeouts, reply_slot);
}

/* Error of an invocation by its returned tag: E_OK if the message went and, for a call, the answer came. */
static inline __attribute__((always_inline)) err_t sys_tag_error(u64 tag)
{
    return (tag & TAG_ERROR) ? (err_t)((tag >> TAG_CODE_SHIFT) & TAG_CODE_MASK) : E_OK;
}

/* Call the object in `slot` and wait for the answer, without time limit. */
static inline __attribute__((always_inline)) err_t sys_call(struct msg *m, cap_t slot)
{
    sys_invoke(m, SEL(slot, SEL_OP_CALL), 0, 0);
    return sys_tag_error(m->tag);
}

/* Send through `slot`; blocks until the partner takes it, or `timeout`. */
static inline __attribute__((always_inline)) err_t sys_send(struct msg *m, cap_t slot, u32 timeout)
{
    sys_invoke(m, SEL(slot, SEL_OP_SEND), TIMEOUTS(timeout, 0), 0);
    return sys_tag_error(m->tag);
}

/* Wait for a message from anybody. A call's reply right goes to `reply_slot` (0 = implicit). */
static inline __attribute__((always_inline)) err_t sys_wait(struct msg *m, u32 timeout, cap_t reply_slot)
{
    sys_invoke(m, SEL(0, SEL_OP_WAIT), TIMEOUTS(0, timeout), reply_slot);
    return sys_tag_error(m->tag);
}

/* Answer the implicit caller and wait for the next message: what a server does for ever. */
static inline __attribute__((always_inline)) err_t sys_reply_wait(struct msg *m, cap_t reply_slot)
{
    sys_invoke(m, SEL(0, SEL_OP_REPLY_WAIT), 0, reply_slot);
    return sys_tag_error(m->tag);
}

/* Answer the holder of the reply capability in `slot` (0 = implicit) without waiting. */
static inline __attribute__((always_inline)) err_t sys_reply(struct msg *m, cap_t slot)
{
    sys_invoke(m, SEL(slot, SEL_OP_REPLY), 0, 0);
    return sys_tag_error(m->tag);
}

/* Sleep for `timeout` (TIMEOUT_* or microseconds). */
static inline void sys_sleep(u32 timeout)
{
    struct msg m = {0};
    sys_invoke(&m, SEL(0, SEL_OP_RECV), TIMEOUTS(0, timeout), 0);
}
