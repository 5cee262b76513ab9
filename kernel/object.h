/*
 * What all kernel objects have in common, and the slots that capabilities live in.
 *
 * An object lives as long as its first capability, the one its creator received: see map.c for how capabilities are
 * derived and revoked. Its memory is charged to the factory that made it.
 */
#pragma once

#include "abi/error.h"
#include "abi/invoke.h"
#include "abi/object.h"
#include "lib/base/list.h"

struct factory;
struct node;
struct thread;

struct object {
    /*
     * Whom a message sent to this object reaches: the thread behind a gate. All other objects, and gates without a
     * thread, name `thread_nobody`, which never waits: so the fast path tests the type and the state in one.
     */
    struct thread *receiver;
    u64 label;                  /* gates and Irqs: what the receiver learns */
    u8 type;                    /* enum object_number */
    u8 dying;                   /* no longer reachable; its memory goes when object_reap comes to it */
    struct factory *factory;    /* whom it is charged to */
    struct list_link siblings;  /* in factory->objects, or in the list of the dying */
    struct node *first;         /* the creator's capability */
} __attribute__((aligned(16))); /* slots keep rights in the pointer's low bits */

/*
 * Slot of an object space: pointer to the object with the rights in its lowest four bits; 0 = empty, whatever the node
 * is. A reply capability is the calling thread (slot_caller), and its node is &node_reply.
 */
struct slot {
    u64 word;
    struct node *node;
};

#define SLOT_RIGHTS 0xfull

static inline struct object *slot_object(const struct slot *s)
{
    return (struct object *)(s->word & ~SLOT_RIGHTS);
}

static inline u32 slot_rights(const struct slot *s)
{
    return s->word & SLOT_RIGHTS;
}

/* Once, at boot. */
void objects_init(void);

/* Prepares the common part; the object gets its first capability later, by map_cap_first. */
void object_init(struct object *o, enum object_number type, struct factory *factory);

/* Makes the object unreachable (its capabilities must be gone) and queues it for object_reap. */
void object_kill(struct object *o);

/*
 * Before the first capability of an object goes: what can be long and must be over when it has gone. False:
 * interrupted, call again.
 */
bool object_prepare_end(struct object *o);

/*
 * Frees what object_kill queued, step by step, until nothing is left (true) or an interrupt is pending (false: call
 * again later).
 */
bool object_reap(void);
extern struct list_link object_dying;
static inline bool object_reap_needed(void)
{
    return !list_empty(&object_dying);
}

#define INVOCATION_ITEMS 3

/* Invocation of a kernel object: what the operations of abi/op.def work on. Words are read and written in place. */
struct invocation {
    struct thread *caller;
    struct object *object;
    u32 rights;   /* of the capability that was invoked */
    u32 items;    /* how many items the message has (more are not looked at) */
    u64 item[INVOCATION_ITEMS];  /* what they name, read once */
    u32 n_words;  /* words sent */
    u64 *w;       /* message words 0-7: request, then answer (w[0] becomes the error) */
};

/*
 * What an operation returns beyond error codes: the system call is executed again after interrupts were served
 * (nothing but idempotent work was done so far), or the caller was blocked or its result has been set.
 */
#define INVOKE_RESTART (-1)
#define INVOKE_BLOCKED (-2)

/* Item i of the invocation as a genuine kernel object of this type with these rights; NULL and *error otherwise. */
struct object *invocation_object(struct invocation *inv, u32 i, enum object_number type, u32 rights, err_t *error);

/* The slot that item i of the invocation names, which is in range; behind a successful invocation_object. */
struct slot *invocation_slot(struct invocation *inv, u32 i);

#define OBJECT(name, number, text)
#define OP(object, name, number, rights, words, items, errors, cost, text)                                             \
    err_t op_##object##_##name(struct invocation *inv);
#ifdef DEBUG
#define OP_DEBUG OP
#endif
#include "abi/op.def"
#undef OBJECT
#undef OP
