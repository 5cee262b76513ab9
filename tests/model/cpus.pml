/*
 * The lock, rest and interrupts, common to the models. What stands for what:
 *
 *   enter, leave   kernel_enter, kernel_wait, kernel_leave (kernel/cpu.h, kernel/remote.c)
 *   hold           remote_hold
 *   kick           remote_kick; the interrupt is taken in user mode or while idle, never on the fast path
 *   rests          cpu_rests: the CPU waits for the lock or is idle
 *
 * Tickets are left out: any waiting CPU may be next, which allows more than the kernel does.
 */
#define CPUS 3

bool locked;
bool rests[CPUS];
bool interrupt[CPUS];

inline enter(me)
{
    if
    :: atomic { !locked -> locked = true }
    :: locked ->
        rests[me] = true;
        atomic { !locked -> locked = true };
        rests[me] = false
    fi
}

inline leave()
{
    locked = false
}

inline kick(other)
{
    interrupt[other] = true
}

inline hold(other)
{
    if
    :: rests[other]
    :: else -> kick(other); rests[other]
    fi
}

/* Idle: leaves the lock, sleeps until `condition` (an interrupt of some kind), takes it again. */
inline idle(me, condition)
{
    rests[me] = true;
    leave();
    (condition);
    atomic { !locked -> locked = true };
    rests[me] = false
}
