/*
 * What the stubs that tools/idlc generates are made of: a service's message as words and map items. Word 0 is the
 * operation in requests and the error in replies; then come the scalars, then byte strings, each as its length in
 * bytes and the bytes, eight to a word. Words 0-7 stand in struct msg, later ones in the calling thread's UTCB.
 */
#pragma once

#include "lib/sys/invoke.h"

#define WIRE_INLINE static inline __attribute__((always_inline))

/* What a handler returns when it will answer later, by NAME_METHOD_reply and the reply capability it has kept. */
#define WIRE_LATER ((err_t)-1)

/* Words and items that a received tag announces. */
#define WIRE_WORDS(tag) ((u32)((tag) & TAG_WORDS_MASK))
#define WIRE_ITEMS(tag) ((u32)(((tag) >> TAG_ITEMS_SHIFT) & TAG_ITEMS_MASK))

/* Capability arguments and results: how the receiver gets it. Mapped: a child, it goes when the giver's goes. */
WIRE_INLINE struct map_item wire_cap(cap_t slot)
{
    return (struct map_item){.what = FPAGE_OBJ(slot, 0, RIGHTS_ALL), .base = 0};
}

/* Mapped with these rights (RIGHT_*) only. */
WIRE_INLINE struct map_item wire_cap_rights(cap_t slot, u64 rights)
{
    return (struct map_item){.what = FPAGE_OBJ(slot, 0, rights), .base = 0};
}

/* Granted: moved, the giver's slot is empty afterwards. */
WIRE_INLINE struct map_item wire_grant(cap_t slot)
{
    return (struct map_item){.what = FPAGE_OBJ(slot, 0, RIGHTS_ALL), .base = ITEM_GRANT};
}

/* No item: results of kind `page` may be empty. */
WIRE_INLINE struct map_item wire_nothing(void)
{
    return (struct map_item){0, 0};
}

/* Calls the service behind `gate` and returns its error, or the invocation's. */
WIRE_INLINE err_t wire_call(struct msg *m, cap_t gate)
{
    err_t error = sys_call(m, gate);
    return error ? error : (err_t)m->w[0];
}

/* Slot of the capability that arrived as item i, 0 if none did. */
WIRE_INLINE cap_t wire_item_cap(const struct msg *m, u32 i)
{
    u64 what = i < WIRE_ITEMS(m->tag) ? sys_utcb->item[i].what : 0;
    bool is_cap = ((what >> FPAGE_TYPE_SHIFT) & 3) == FPAGE_OBJECT;
    return is_cap ? (cap_t)(what >> FPAGE_START_SHIFT) : 0;
}

/* Flexpage of the memory that arrived as item i, 0 if none did. */
WIRE_INLINE u64 wire_item_page(const struct msg *m, u32 i)
{
    u64 what = i < WIRE_ITEMS(m->tag) ? sys_utcb->item[i].what : 0;
    bool is_memory = ((what >> FPAGE_TYPE_SHIFT) & 3) == FPAGE_MEMORY;
    return is_memory ? what : 0;
}

/* Message word i, wherever it stands. */
WIRE_INLINE u64 wire_word(const struct msg *m, u32 i)
{
    return i < MSG_REGS ? m->w[i] : sys_utcb->mr[i];
}

WIRE_INLINE void wire_set_word(struct msg *m, u32 i, u64 value)
{
    if (i < MSG_REGS)
        m->w[i] = value;
    else
        sys_utcb->mr[i] = value;
}

static inline u32 wire_words_of(size_t length)
{
    return (u32)((length + 7) / 8);
}

/* Puts a byte string at word `at`; returns the word behind it. The caller has checked that it fits. */
static inline u32 wire_put_bytes(struct msg *m, u32 at, const void *bytes, size_t length)
{
    const char *from = bytes;
    u32 next = at + 1 + wire_words_of(length);
    wire_set_word(m, at, length);
    for (u32 i = at + 1; i < next; i++, from += 8) {
        u64 word = 0;
        size_t left = length - (i - at - 1) * 8;
        __builtin_memcpy(&word, from, left < 8 ? left : 8);
        wire_set_word(m, i, word);
    }
    return next;
}

/*
 * Takes a byte string of at most `room` bytes from word *at of a received message, and moves *at behind it. Errors:
 * INVAL if the message ends before the string does, MSGSIZE if it is longer than `room`.
 */
static inline err_t wire_get_bytes(const struct msg *m, u32 *at, void *bytes, size_t room, size_t *length)
{
    u32 words = WIRE_WORDS(m->tag);
    u32 first = *at + 1;
    if (first > words)
        return E_INVAL;
    u64 size = wire_word(m, *at);
    if (size > room)
        return E_MSGSIZE;
    if (wire_words_of(size) > words - first)
        return E_INVAL;
    char *to = bytes;
    for (u64 left = size, i = first; left; i++) {
        u64 word = wire_word(m, (u32)i);
        u64 piece = left < 8 ? left : 8;
        __builtin_memcpy(to, &word, piece);
        to += piece;
        left -= piece;
    }
    *at = first + wire_words_of(size);
    *length = size;
    return E_OK;
}

/* Answers with an error and nothing else. */
WIRE_INLINE void wire_reply_error(struct msg *m, err_t error)
{
    *m = (struct msg){.tag = TAG(1, 0), .w = {(u64)error}};
}

/*
 * What a dispatcher makes of a handler's error: WIRE_LATER leaves no answer to send (false), an error becomes the
 * answer, and on success the answer is in m already.
 */
WIRE_INLINE bool wire_finish(struct msg *m, err_t error)
{
    if (error == WIRE_LATER)
        return false;
    if (error)
        wire_reply_error(m, error);
    return true;
}
