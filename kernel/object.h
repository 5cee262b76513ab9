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

/*
 * What an operation returns beyond error codes: the system call is executed again after interrupts were served
 * (nothing but idempotent work was done so far), or the caller was blocked or its result has been set.
 */
#define INVOKE_RESTART (-1)
#define INVOKE_BLOCKED (-2)

/*
 * Item i of the invocation of a kernel object: the slot that it names, with a genuine object of this type and these
 * rights. NULL and *error otherwise. Reads the UTCB, which sibling threads can write: once for each item.
 */
struct slot *invocation_item(struct thread *caller, u32 i, enum object_number type, u32 rights, err_t *error);

/* The same, giving the object. */
static inline struct object *invocation_object(struct thread *caller, u32 i, enum object_number type, u32 rights,
                                               err_t *error)
{
    struct slot *s = invocation_item(caller, i, type, rights, error);
    return s ? slot_object(s) : NULL;
}

/* How many words and items were sent. */
u32 invocation_words(const struct thread *caller);
u32 invocation_items(const struct thread *caller);

/*
 * The operations of abi/op.def, on `object`; they are entered with what their rows ask for, items excepted. `w`: words
 * 0-7 of the caller's message, then 1-4 of the answer; nothing else of the caller's registers may be written, unless
 * the operation says INVOKE_BLOCKED.
 */
#define OBJECT(name, number, text)
#define OP(type, name, number, rights, words, items, errors, cost, text)                                               \
    err_t op_##type##_##name(struct thread *caller, struct object *object, u64 *w);
#ifdef DEBUG
#define OP_DEBUG OP
#endif
#include "abi/op.def"
#undef OBJECT
#undef OP
