/*
 * Core requests and the two interrupts. Each endpoint counts its foreign messages that the multiplexer does not know of
 * yet, and waits in the queue at most once: the queue is bounded, and no message can be forgotten for lack of room.
 */
#include <string.h>

#include "machine/tcu/internal.h"

#define PMP_ENTRY TCU_NO_EP /* stands in the queue for the protection failure */

static void irq_effect(enum tcu_irq irq, uint32_t level, struct tcu_out *out)
{
    struct tcu_effect *effect = tcu_emit(out, TCU_FX_IRQ, 0);
    effect->packet.id = irq;
    effect->packet.size = level;
}

void tcu_irq_raise(struct tcu *t, enum tcu_irq irq, struct tcu_out *out)
{
    if (!(t->irqs >> irq & 1)) {
        t->irqs |= 1u << irq;
        irq_effect(irq, 1, out);
    }
    tcu_command_wake(t, out);
}

void tcu_irq_clear(struct tcu *t, enum tcu_irq irq, struct tcu_out *out)
{
    if (t->irqs >> irq & 1) {
        t->irqs &= ~(1u << irq);
        irq_effect(irq, 0, out);
    }
}

static void enqueue(struct tcu_requests *requests, uint16_t entry)
{
    requests->queue[requests->count++] = entry;
}

static void remove_at(struct tcu_requests *requests, uint32_t i)
{
    requests->count--;
    memmove(&requests->queue[i], &requests->queue[i + 1], (requests->count - i) * sizeof requests->queue[0]);
}

void tcu_request_foreign(struct tcu *t, uint32_t ep, struct tcu_out *out)
{
    if (t->unreported[ep]++ == 0)
        enqueue(&t->requests, ep);
    tcu_request_present(t, out);
}

void tcu_request_pmp(struct tcu *t, uint64_t phys, bool write, enum tcu_error error, struct tcu_out *out)
{
    if (t->requests.pmp_failure) /* the first one is kept: a core that speculates makes many */
        return;
    t->requests.pmp_failure = TCU_PUT(TCU_CU_TYPE, TCU_CU_PMP_FAILURE) | TCU_PUT(TCU_CU_WRITE, write) |
                              TCU_PUT(TCU_CU_ERROR, error) | TCU_PUT(TCU_CU_PHYS, phys);
    enqueue(&t->requests, PMP_ENTRY);
    tcu_request_present(t, out);
}

static void present_foreign(struct tcu *t, uint16_t ep)
{
    t->requests.visible_ep = ep;
    t->requests.visible = TCU_PUT(TCU_CU_TYPE, TCU_CU_FOREIGN) | TCU_PUT(TCU_CU_EP, ep) |
                          TCU_PUT(TCU_CU_ACT, TCU_GET(t->ep[ep].r[0], TCU_EP_ACT));
    if (--t->unreported[ep] > 0)
        enqueue(&t->requests, ep);
}

void tcu_request_present(struct tcu *t, struct tcu_out *out)
{
    struct tcu_requests *requests = &t->requests;
    if (requests->visible || requests->count == 0)
        return;
    uint16_t head = requests->queue[0];
    remove_at(requests, 0);
    if (head == PMP_ENTRY) {
        requests->visible = requests->pmp_failure;
        requests->pmp_failure = 0;
    } else {
        present_foreign(t, head);
    }
    tcu_irq_raise(t, TCU_IRQ_CU, out);
}

void tcu_request_done(struct tcu *t, struct tcu_out *out)
{
    if (!t->requests.visible)
        return;
    t->requests.visible = 0;
    t->requests.visible_ep = TCU_NO_EP;
    tcu_irq_clear(t, TCU_IRQ_CU, out);
    tcu_request_present(t, out);
}

/* A visible request stays: software may have read it already, and will count the message. */
void tcu_request_withdraw(struct tcu *t, uint32_t ep)
{
    t->unreported[ep] = 0;
    if (t->requests.visible_ep == ep)
        t->requests.visible_ep = TCU_NO_EP;
    for (uint32_t i = 0; i < t->requests.count; i++)
        if (t->requests.queue[i] == ep) {
            remove_at(&t->requests, i);
            return;
        }
}
