/*
 * Endpoints: what their words say, the ring of slots of a receive endpoint, and credits.
 */
#include "machine/tcu/internal.h"

enum tcu_ep_type tcu_ep_type(const struct tcu *t, uint32_t ep)
{
    return ep < t->config.endpoints ? (enum tcu_ep_type)TCU_GET(t->ep[ep].r[0], TCU_EP_TYPE) : TCU_EP_INVALID;
}

bool tcu_ep_is_own(const struct tcu *t, uint32_t ep)
{
    return TCU_GET(t->ep[ep].r[0], TCU_EP_ACT) == TCU_GET(t->cur_act, TCU_ACT_ID);
}

uint32_t tcu_ep_slots(const struct tcu_ep *ep)
{
    uint32_t log2 = TCU_GET(ep->r[0], TCU_RECV_SLOTS_LOG2);
    return log2 <= 5 ? 1u << log2 : TCU_MAX_SLOTS;
}

uint64_t tcu_ep_slot_size(const struct tcu_ep *ep)
{
    return UINT64_C(1) << TCU_GET(ep->r[0], TCU_RECV_SLOT_LOG2);
}

bool tcu_ep_has_replies(const struct tcu_ep *ep)
{
    return TCU_GET(ep->r[0], TCU_RECV_REPLY_EPS) != TCU_NO_EP;
}

int tcu_ep_find_slot(const struct tcu_ep *ep, uint32_t candidates, uint32_t from, uint32_t *scanned)
{
    uint32_t slots = tcu_ep_slots(ep);
    for (*scanned = 1; *scanned <= slots; (*scanned)++) {
        uint32_t slot = (from + *scanned - 1) % slots;
        if (candidates >> slot & 1)
            return slot;
    }
    *scanned = slots;
    return -1;
}

void tcu_ep_free_slot(struct tcu *t, uint32_t id, uint32_t slot)
{
    struct tcu_ep *ep = &t->ep[id];
    uint64_t bit = UINT64_C(1) << slot;
    tcu_set(ep->r[2], TCU_RECV_OCCUPIED, TCU_GET(ep->r[2], TCU_RECV_OCCUPIED) & ~bit);
    tcu_set(ep->r[2], TCU_RECV_UNREAD, TCU_GET(ep->r[2], TCU_RECV_UNREAD) & ~bit);
    uint32_t reply = TCU_GET(ep->r[0], TCU_RECV_REPLY_EPS) + slot;
    if (tcu_ep_has_replies(ep) && tcu_ep_type(t, reply) == TCU_EP_SEND)
        t->ep[reply] = (struct tcu_ep){{0}};
}

void tcu_ep_give_credit(struct tcu_ep *ep)
{
    uint64_t credits = TCU_GET(ep->r[0], TCU_SEND_CREDITS);
    if (credits != TCU_UNLIMITED && credits < TCU_GET(ep->r[0], TCU_SEND_MAX_CREDITS))
        tcu_set(ep->r[0], TCU_SEND_CREDITS, credits + 1);
}

void tcu_ep_rewritten(struct tcu *t, uint32_t ep)
{
    t->epoch[ep]++;
    tcu_request_withdraw(t, ep);
}
