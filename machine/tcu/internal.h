/*
 * What the files of the TCU model share: access to endpoint fields, the output list, and one header line for each unit.
 * Not for use outside machine/tcu.
 */
#ifndef MACHINE_TCU_INTERNAL_H
#define MACHINE_TCU_INTERNAL_H

#include "machine/tcu/tcu.h"

enum tcu_table {
#define TCU_TABLE(name, purpose) TCU_T_##name,
#include "machine/tcu/commands.def"
};
enum tcu_phase { TCU_PHASE_START, TCU_PHASE_DEPART, TCU_PHASE_ARRIVE };

/* ids: the upper bits name the unit that waits */
#define TCU_ID_UNIT   0xFF000000u
#define TCU_ID_OP     0x01000000u
#define TCU_ID_RX     0x02000000u
#define TCU_ID_CACHE  0x03000000u
#define TCU_ID_MEMORY 0x04000000u /* packets of READ and WRITE */

/* Replaces one field (see TCU_PUT) of a word. */
#define tcu_set(word, field, value) tcu_set_(&(word), field, value)
static inline void tcu_set_(uint64_t *word, uint32_t first, uint32_t width, uint64_t value)
{
    *word = (*word & ~TCU_PUT_(first, width, ~UINT64_C(0))) | TCU_PUT_(first, width, value);
}

/* checks.c: the first failing row of a table in a phase gives the error. */
enum tcu_error tcu_check(struct tcu *t, enum tcu_table table, enum tcu_phase phase, struct tcu_op *op);

/* endpoint.c */
enum tcu_ep_type tcu_ep_type(const struct tcu *t, uint32_t ep);
bool tcu_ep_is_own(const struct tcu *t, uint32_t ep);
uint32_t tcu_ep_slots(const struct tcu_ep *ep);     /* receive: 1..32 */
uint64_t tcu_ep_slot_size(const struct tcu_ep *ep); /* receive: bytes */
bool tcu_ep_has_replies(const struct tcu_ep *ep);
int tcu_ep_find_slot(const struct tcu_ep *ep, uint32_t candidates, uint32_t from, uint32_t *scanned); /* or -1 */
void tcu_ep_free_slot(struct tcu *t, uint32_t ep, uint32_t slot); /* and its reply endpoint */
void tcu_ep_give_credit(struct tcu_ep *ep);
void tcu_ep_rewritten(struct tcu *t, uint32_t ep); /* software changed it: forget what we knew */

/* tlb.c: a lookup returns the physical address; all rights in `flags` are needed; *index is the entry found. */
bool tcu_tlb_lookup(struct tcu *t, uint64_t virt, uint8_t flags, uint64_t *phys, uint32_t *index);
struct tcu_tlb_entry *tcu_tlb_find(struct tcu *t, uint16_t asid, uint64_t virt);
struct tcu_tlb_entry *tcu_tlb_victim(struct tcu *t, uint16_t asid, uint64_t virt); /* NULL: all fixed */
void tcu_tlb_insert(struct tcu *t, uint64_t arg, uint64_t virt);
void tcu_tlb_flush(struct tcu *t);

/* command.c: unprivileged commands */
void tcu_command_start(struct tcu *t, uint64_t value, struct tcu_out *out);
void tcu_command_tick(struct tcu *t, struct tcu_out *out);
void tcu_command_local(struct tcu *t, const struct tcu_event *event, struct tcu_out *out);
void tcu_command_response(struct tcu *t, const struct noc_packet *packet, struct tcu_out *out);
void tcu_command_end(struct tcu *t, enum tcu_error error, struct tcu_out *out);
void tcu_command_wake(struct tcu *t, struct tcu_out *out);      /* ends SLEEP if its condition holds */
void tcu_command_interrupt(struct tcu *t, struct tcu_out *out); /* ends SLEEP in any case */
bool tcu_command_has_left(const struct tcu *t);                 /* SEND or REPLY: can no longer be undone */
enum tcu_table tcu_command_table(const struct tcu_op *op);

/* message.c: SEND, REPLY and the message ring */
void tcu_message_depart(struct tcu *t, struct tcu_out *out);
void tcu_message_answered(struct tcu *t, enum tcu_error error, struct tcu_out *out);
void tcu_message_account(struct tcu *t, uint32_t ep, struct tcu_out *out); /* a message has become unread */
uint32_t tcu_message_fetch(struct tcu *t, struct tcu_op *op);              /* returns the slots scanned */
void tcu_message_free(struct tcu *t, uint32_t ep, uint32_t slot);          /* as read, and free */
bool tcu_message_is_reported(const struct tcu *t, uint32_t ep);            /* an unread one that may be fetched */

/* control.c: privileged and external commands */
void tcu_priv_start(struct tcu *t, uint64_t value, struct tcu_out *out);
void tcu_priv_abort_done(struct tcu *t);
void tcu_ext_start(struct tcu *t, uint64_t value, struct tcu_out *out);
void tcu_packet_answered(struct tcu *t); /* a memory or cache packet came back */

/* receive.c: requests of other tiles */
void tcu_rx_add(struct tcu *t, const struct noc_packet *packet, struct tcu_out *out);
void tcu_rx_tick(struct tcu *t, struct tcu_out *out);
void tcu_rx_local(struct tcu *t, const struct tcu_event *event, struct tcu_out *out);

uint32_t tcu_rx_vacant(struct tcu *t, uint32_t ep); /* slots that the arriving message may take */

/* request.c: core requests and interrupts */
void tcu_request_foreign(struct tcu *t, uint32_t ep, struct tcu_out *out);
void tcu_request_pmp(struct tcu *t, uint64_t phys, bool write, enum tcu_error error, struct tcu_out *out);
void tcu_request_present(struct tcu *t, struct tcu_out *out);
void tcu_request_done(struct tcu *t, struct tcu_out *out);
void tcu_request_withdraw(struct tcu *t, uint32_t ep);
void tcu_irq_raise(struct tcu *t, enum tcu_irq irq, struct tcu_out *out);
void tcu_irq_clear(struct tcu *t, enum tcu_irq irq, struct tcu_out *out);

/* regs.c */
bool tcu_noc_register_open(const struct tcu *t, uint64_t offset, uint32_t size, bool write);
uint64_t tcu_noc_read(const struct tcu *t, uint64_t offset, uint64_t now);
void tcu_noc_write(struct tcu *t, uint64_t offset, uint64_t value, struct tcu_out *out);
void tcu_core_write(struct tcu *t, uint64_t offset, uint64_t value, struct tcu_out *out);
uint64_t tcu_ns_to_cycles(const struct tcu *t, uint64_t ns); /* saturates */

/* tcu.c */
struct tcu_effect *tcu_emit(struct tcu_out *out, enum tcu_effect_kind kind, uint32_t delay);
uint32_t tcu_new_id(struct tcu *t, uint32_t unit);
bool tcu_is_virtual(const struct tcu *t);

#endif
