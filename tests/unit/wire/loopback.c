/* The loopback transport: two UTCBs, one for each side, so that no stub can rely on the other side's memory. */
#include "loopback.h"

#include <assert.h>
#include <string.h>

__thread struct utcb *sys_utcb;

bool (*loopback_server)(struct msg *m);
int loopback_calls;

static struct utcb client_utcb, server_utcb;

#define POISON 0xa5

void loopback_reset(bool (*server)(struct msg *m))
{
    memset(&client_utcb, POISON, sizeof client_utcb);
    memset(client_utcb.window, 0, sizeof client_utcb.window);
    memset(&server_utcb, POISON, sizeof server_utcb);
    sys_utcb = &client_utcb;
    loopback_server = server;
    loopback_calls = 0;
}

/* Words from 8 on, as many as the tag says; what lies behind is not the message's. */
static void copy_words(struct utcb *to, const struct utcb *from, u64 tag)
{
    assert(WIRE_WORDS(tag) <= MSG_WORDS_MAX);
    memset(to->mr, POISON, sizeof to->mr);
    for (u32 i = MSG_REGS; i < WIRE_WORDS(tag); i++)
        to->mr[i] = from->mr[i];
}

/* Items arrive where the window says; the server's windows are slots from LOOPBACK_SLOT on. */
static void copy_items(struct utcb *to, const struct utcb *from, u64 tag, bool to_server)
{
    for (u32 i = 0; i < WIRE_ITEMS(tag); i++) {
        u64 window = to_server ? FPAGE_OBJ(LOOPBACK_SLOT + i, 0, RIGHTS_ALL) : to->window[i];
        bool memory = ((from->item[i].what >> FPAGE_TYPE_SHIFT) & 3) == FPAGE_MEMORY;
        to->item[i] =
            (struct map_item){.what = from->item[i].what && window ? (memory ? from->item[i].what : window) : 0};
    }
}

void sys_arch_invoke(u64 *tag, u64 *label, u64 w[MSG_REGS], u64 selector)
{
    struct msg m = {.tag = *tag};
    assert((selector & SEL_OP_MASK) == SEL_OP_CALL);
    memcpy(m.w, w, sizeof m.w);
    copy_words(&server_utcb, &client_utcb, m.tag);
    copy_items(&server_utcb, &client_utcb, m.tag, true);
    sys_utcb = &server_utcb;
    loopback_calls++;
    bool answered = loopback_server(&m);
    sys_utcb = &client_utcb;
    assert(answered);
    copy_words(&client_utcb, &server_utcb, m.tag);
    copy_items(&client_utcb, &server_utcb, m.tag, false);
    memcpy(w, m.w, sizeof m.w);
    *tag = m.tag;
    *label = 0;
}
