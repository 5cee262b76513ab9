/*
 * Calls from one CPU to another, with answers, timeouts and the deletion of either party (docs/smp.md, time lines).
 *
 *   CPU 0: client S calls server R with or without time limit: ipc_send, send_to, send_elsewhere, wait_expired
 *   CPU 1: R, and client X of the same CPU, which uses the fast path: fast_call, fast_reply_wait, ipc_reply, ipc_wait,
 *          ipc_look (by remote_serve)
 *   CPU 2: deletes R or S at some time: thread_destroy, thread_cancel, remote_hold_thread
 *
 * Proved for CALLS calls of S: whoever changes what the fast path of CPU 1 owns does so while that CPU rests or is
 * itself; S is answered exactly as often as it was answered to; nobody waits for ever (no invalid end state).
 *
 * Seeded bugs, each of which must be found: BUG_NO_HOLD (S's message is delivered to an active CPU), BUG_NO_LOOK (the
 * queue is filled without a word), BUG_FAST_ALL (the fast path does not see that its partner lives elsewhere).
 */
#include "cpus.pml"

#define CALLS 2

mtype = { READY, WAIT_OPEN, CALLING, SENDING, STOPPED, NOBODY, CLIENT_S, CLIENT_X };

mtype s = READY, r = READY, x = READY;
mtype reply = NOBODY;   /* R's implicit reply capability */
bool queued;            /* S stands in R's queue of senders */
bool look;              /* REQUEST_LOOK for R */
bool deleted_r, deleted_s, s_done, c_done;
bool timed;             /* S's present call has a time limit */
bool fast;              /* CPU 1 is on the fast path */
byte answers, successes;
bool answered;          /* the result that S finds */

/* state_home: only who lives on CPU 1 is a partner of its fast path. */
#ifdef BUG_FAST_ALL
#define PARTNER (reply == CLIENT_S && s == CALLING || reply == CLIENT_X && x == CALLING)
#else
#define PARTNER (reply == CLIENT_X && x == CALLING)
#endif

/* Every change of R's first lines by another CPU. */
#define owned(me) assert(me == 1 || rests[1])

inline take_sender(me)
{
    owned(me);
    queued = false;
    s = CALLING;
    reply = CLIENT_S;
    r = READY
}

inline serve_requests()
{
    if
    :: look ->
        look = false;
        if
        :: r == WAIT_OPEN && queued -> take_sender(1)
        :: else
        fi
    :: else
    fi
}

/* S's call ends with an error: thread_cancel. */
inline cancel_s()
{
    queued = false;
    if
    :: reply == CLIENT_S -> reply = NOBODY
    :: else
    fi;
    answered = false;
    s = READY
}

proctype cpu0()
{
    byte calls = 0;
    do
    :: s == STOPPED || calls == CALLS -> break
    :: else ->
        enter(0);
        if
        :: s == STOPPED -> skip
        :: else ->
            if
            :: timed = true
            :: timed = false
            fi;
            calls++;
            if
            :: deleted_r -> answered = false; s = READY     /* E_NOENT, or it is cancelled in the gate's queue */
#ifdef BUG_NO_HOLD
            :: !deleted_r && r == WAIT_OPEN -> take_sender(0); kick(1)
#else
            :: !deleted_r && r == WAIT_OPEN && rests[1] -> take_sender(0); kick(1)
#endif
            :: !deleted_r && !(r == WAIT_OPEN && rests[1]) ->
                queued = true;
                s = SENDING;
#ifndef BUG_NO_LOOK
                look = true;
                kick(1)
#endif
            fi;
            do                                              /* idle until S can go on */
            :: s == READY || s == STOPPED -> break
            :: else ->
                idle(0, interrupt[0] || timed);
                interrupt[0] = false;
                if
                :: timed && (s == SENDING || s == CALLING) -> cancel_s()
                :: else
                fi
            od;
            if
            :: s == READY && answered -> successes++; answered = false
            :: else
            fi
        fi;
        leave()
    od;
    enter(0);
    s_done = true;
    kick(1);
    rests[0] = true;
    leave()
}

/* R answers whom it owes an answer, by the rules in full, and waits: ipc_reply, ipc_wait. */
inline reply_and_wait()
{
    if
    :: reply == CLIENT_S -> reply = NOBODY; answers++; answered = true; s = READY; kick(0)
    :: reply == CLIENT_X -> reply = NOBODY; x = READY
    :: else
    fi;
    if
    :: queued -> take_sender(1)
    :: else -> r = WAIT_OPEN
    fi
}

proctype cpu1()
{
    byte x_calls = 0;
    bool nobody_waits;
    do
    :: s_done && c_done && r != READY && x_calls == CALLS && x == READY -> break
    :: deleted_r && s_done && c_done -> break
    :: interrupt[1] ->                                      /* user mode: trap_other */
        enter(1);
        interrupt[1] = false;
        serve_requests();
        leave()
    :: r == READY && !interrupt[1] ->                       /* R runs: reply and wait */
        fast = true;
        nobody_waits = !queued;
        if
        :: reply != NOBODY && PARTNER && nobody_waits ->           /* fast_reply_wait */
            if
            :: reply == CLIENT_S -> answers++; answered = true; s = READY
            :: else -> x = READY
            fi;
            reply = NOBODY;
            r = WAIT_OPEN;
            fast = false
        :: else ->
            fast = false;
            enter(1);
            serve_requests();
            if
            :: r == READY -> reply_and_wait()               /* else it was deleted meanwhile */
            :: else
            fi;
            leave()
        fi
    :: x == READY && r == WAIT_OPEN && x_calls < CALLS && !interrupt[1] ->  /* X runs: fast_call */
        fast = true;
        if
        :: r == WAIT_OPEN ->
            x_calls++;
            reply = CLIENT_X;
            x = CALLING;
            r = READY
        :: else
        fi;
        fast = false
    :: r != READY && (x_calls == CALLS || x != READY || r == STOPPED) && !interrupt[1] ->   /* nobody runs */
        enter(1);
        serve_requests();
        if
        :: r != READY && !(s_done && c_done) ->
            idle(1, interrupt[1]);
            interrupt[1] = false;
            serve_requests()
        :: else
        fi;
        leave()
    od;
    enter(1);
    rests[1] = true;
    leave()
}

proctype cpu2()
{
    if
    :: skip                                                 /* nothing is deleted */
    :: enter(2);                                            /* thread_destroy(R) */
        hold(1);
        assert(!fast);
        r = STOPPED;
        deleted_r = true;
        if                                                  /* ipc_drop_reply */
        :: reply == CLIENT_X -> x = READY; reply = NOBODY
        :: else
        fi;
        if                                                  /* and ipc_cancel_senders */
        :: queued || reply == CLIENT_S -> cancel_s(); kick(0)
        :: else
        fi;
        leave()
    :: enter(2);                                            /* thread_destroy(S) */
        hold(0);
        cancel_s();
        s = STOPPED;
        deleted_s = true;
        kick(0);
        leave()
    fi;
    c_done = true;
    kick(1)
}

init
{
    atomic { run cpu0(); run cpu1(); run cpu2() };
    (_nr_pr == 1);
    assert(successes <= answers);
    assert(deleted_s || successes == answers || timed);
    assert(!queued && reply != CLIENT_S)
}
