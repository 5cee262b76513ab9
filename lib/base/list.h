/*
 * Intrusive doubly linked list with a head that is itself a link: insertion and removal know no special cases.
 * An unlinked link points to itself.
 */
#pragma once

#include "abi/types.h"

#define container_of(pointer, type, member) ((type *)((char *)(pointer) - offsetof(type, member)))

struct list_link {
    struct list_link *next, *prev;
};

static inline void list_init(struct list_link *l)
{
    l->next = l->prev = l;
}

static inline bool list_empty(const struct list_link *l)
{
    return l->next == l;
}

static inline void list_insert_before(struct list_link *at, struct list_link *l)
{
    l->next = at;
    l->prev = at->prev;
    at->prev->next = l;
    at->prev = l;
}

static inline void list_push_back(struct list_link *head, struct list_link *l)
{
    list_insert_before(head, l);
}

static inline void list_push_front(struct list_link *head, struct list_link *l)
{
    list_insert_before(head->next, l);
}

/* Takes l out of whatever list it is in; harmless for an unlinked one. */
static inline void list_remove(struct list_link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

#define list_first(head, type, member) container_of((head)->next, type, member)

#define list_for_each(entry, head, member)                                                                            \
    for (entry = container_of((head)->next, __typeof__(*entry), member); &entry->member != (head);                     \
         entry = container_of(entry->member.next, __typeof__(*entry), member))

/* The same, when the body may remove the entry. */
#define list_for_each_safe(entry, after, head, member)                                                                \
    for (entry = container_of((head)->next, __typeof__(*entry), member),                                               \
        after = container_of(entry->member.next, __typeof__(*entry), member);                                          \
         &entry->member != (head); entry = after, after = container_of(entry->member.next, __typeof__(*entry), member))
