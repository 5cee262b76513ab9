/* Transitions of privileged and external commands, of reception, protection and core requests. */
#include "effects.h"

static enum tcu_error probe(uint64_t virt) /* does tile 0 translate it? */
{
    rig_write(&w, 0, TCU_REG_DATA_ADDR, virt);
    rig_write(&w, 0, TCU_REG_DATA_SIZE, 16);
    rig_write(&w, 0, TCU_REG_ARG1, 0);
    return rig_command(&w, 0, TCU_CMD_WRITE, MEM_EP, 0);
}

/* --- TLB ---------------------------------------------------------------------------------------------------------- */

void effect_INV_PAGE_drops(void **state)
{
    rig_map(&w, 0, 0x30000, PHYS, TCU_TLB_R | TCU_TLB_FIXED);
    rig_write(&w, 0, TCU_REG_PRIV_CMD_ARG, 0x30123);
    assert_int_equal(rig_priv(&w, 0, TCU_PRIV_INV_PAGE, OTHER_ACT, NULL), TCU_E_TLB_MISS);
    assert_int_equal(probe(0x30000), TCU_E_NONE);
    assert_int_equal(rig_priv(&w, 0, TCU_PRIV_INV_PAGE, RIG_ACT, NULL), TCU_E_NONE);
    assert_int_equal(probe(0x30000), TCU_E_TRANSLATION_FAULT);
    assert_int_equal(probe(VIRT), TCU_E_NONE);
}

void effect_INV_TLB_drops(void **state)
{
    rig_map(&w, 0, 0x30000, PHYS, TCU_TLB_R | TCU_TLB_FIXED);
    assert_int_equal(rig_priv(&w, 0, TCU_PRIV_INV_TLB, 0, NULL), TCU_E_NONE);
    assert_int_equal(probe(0x30000), TCU_E_NONE);
    assert_int_equal(probe(VIRT), TCU_E_TRANSLATION_FAULT);
}

void effect_INS_TLB_inserts(void **state)
{
    assert_int_equal(probe(0x40010), TCU_E_TRANSLATION_FAULT);
    rig_map(&w, 0, 0x40000, 0x7000, TCU_TLB_R);
    memcpy(&w.memory[0][0x7010], "tessera & mosaic", 16);
    assert_int_equal(probe(0x40010), TCU_E_NONE);
    assert_memory_equal(&w.memory[RIG_MEMORY][0x1000], "tessera & mosaic", 16);
    rig_priv(&w, 0, TCU_PRIV_XCHG_ACT, OTHER_ACT, NULL);
    rig_set_field(w.tcu[0].ep[MEM_EP].r[0], TCU_EP_ACT, OTHER_ACT);
    assert_int_equal(probe(0x40010), TCU_E_TRANSLATION_FAULT); /* of another activity */
}

void effect_INS_TLB_overwrites(void **state)
{
    rig_map(&w, 0, VIRT, 0x7000, TCU_TLB_R);
    memcpy(&w.memory[0][0x7000], "another physical", 16);
    assert_int_equal(probe(VIRT), TCU_E_NONE);
    assert_memory_equal(&w.memory[RIG_MEMORY][0x1000], "another physical", 16);
    rig_map(&w, 0, VIRT, 0x7000, 0);
    assert_int_equal(probe(VIRT), TCU_E_TRANSLATION_FAULT);
}

void effect_INS_TLB_evicts(void **state)
{
    rig_priv(&w, 0, TCU_PRIV_INV_TLB, 0, NULL);
    rig_map(&w, 0, 0x100000, PHYS, TCU_TLB_R | TCU_TLB_FIXED);
    for (uint64_t i = 1; i < TCU_TLB_ENTRIES; i++)
        rig_map(&w, 0, 0x100000 + i * 4096, PHYS, TCU_TLB_R);
    assert_int_equal(probe(0x101000), TCU_E_NONE); /* so that 0x102000 is the oldest */
    rig_map(&w, 0, 0x200000, PHYS, TCU_TLB_R);
    assert_int_equal(probe(0x102000), TCU_E_TRANSLATION_FAULT);
    assert_int_equal(probe(0x100000), TCU_E_NONE);
    assert_int_equal(probe(0x101000), TCU_E_NONE);
    assert_int_equal(probe(0x200000), TCU_E_NONE);
}

/* --- activity, timer ---------------------------------------------------------------------------------------------- */

void effect_XCHG_ACT_exchanges(void **state)
{
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(rig_priv(&w, 1, TCU_PRIV_XCHG_ACT, OTHER_ACT | TCU_PUT(TCU_ACT_MSGS, 3), NULL), TCU_E_NONE);
    assert_int_equal(rig_read(&w, 1, TCU_REG_PRIV_CMD_ARG), RIG_ACT | TCU_PUT(TCU_ACT_MSGS, 1));
    assert_int_equal(rig_read(&w, 1, TCU_REG_CUR_ACT), OTHER_ACT | TCU_PUT(TCU_ACT_MSGS, 3));
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(rig_read(&w, 1, TCU_REG_CUR_ACT), OTHER_ACT | TCU_PUT(TCU_ACT_MSGS, 3));
}

void effect_SET_TIMER_fires(void **state)
{
    rig_priv(&w, 0, TCU_PRIV_SET_TIMER, 300, NULL);
    rig_run_until(&w, w.now + 299);
    assert_int_equal(w.irq[0][TCU_IRQ_TIMER], 0);
    rig_run(&w);
    assert_int_equal(w.irq[0][TCU_IRQ_TIMER], 1);
    rig_write(&w, 0, TCU_REG_CLEAR_IRQ, TCU_IRQ_TIMER);
    assert_int_equal(w.irq[0][TCU_IRQ_TIMER], 0);
    w.now += 1000;
    rig_run(&w);
    assert_int_equal(w.irq[0][TCU_IRQ_TIMER], 0);
}

void effect_SET_TIMER_turns_off(void **state)
{
    rig_priv(&w, 0, TCU_PRIV_SET_TIMER, 300, NULL);
    rig_priv(&w, 0, TCU_PRIV_SET_TIMER, 0, NULL);
    w.now += 1000;
    rig_run(&w);
    assert_int_equal(w.irq[0][TCU_IRQ_TIMER], 0);
}

/* --- ABORT_CMD ---------------------------------------------------------------------------------------------------- */

static uint64_t abort_after(enum tcu_opcode opcode, uint16_t ep, uint64_t arg0, uint64_t cycles)
{
    uint64_t result;
    rig_write(&w, 0, TCU_REG_DATA_ADDR, VIRT);
    rig_write(&w, 0, TCU_REG_DATA_SIZE, 64);
    rig_write(&w, 0, TCU_REG_ARG1, 0);
    rig_start(&w, 0, opcode, ep, arg0);
    rig_run_until(&w, w.now + cycles);
    assert_int_equal(rig_priv(&w, 0, TCU_PRIV_ABORT_CMD, 0, &result), TCU_E_NONE);
    return result;
}

void effect_ABORT_CMD_none(void **state)
{
    uint64_t result;
    assert_int_equal(rig_priv(&w, 0, TCU_PRIV_ABORT_CMD, 0, &result), TCU_E_NONE);
    assert_int_equal(result, TCU_ABORT_NONE);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    rig_priv(&w, 0, TCU_PRIV_ABORT_CMD, 0, &result);
    assert_int_equal(result, TCU_ABORT_NONE);
}

void effect_ABORT_CMD_local(void **state)
{
    for (uint64_t cycles = 0; cycles < 25; cycles++) { /* waiting for its start, then for the payload */
        world_reset();
        struct tcu_ep before = w.tcu[0].ep[SEND_EP];
        assert_int_equal(abort_after(TCU_CMD_SEND, SEND_EP, ANSWER_EP, cycles), TCU_ABORT_LOCAL);
        assert_true(rig_is_idle(&w, 0));
        assert_int_equal(rig_error(&w, 0), TCU_E_ABORT);
        rig_run(&w);
        assert_memory_equal(&w.tcu[0].ep[SEND_EP], &before, sizeof before);
        assert_int_equal(rig_occupied(&w, 1, RECV_EP), 0);
        assert_int_equal(do_send(16, 0), TCU_E_NONE);
    }
    assert_int_equal(abort_after(TCU_CMD_SLEEP, 0, TCU_NO_EP, 50), TCU_ABORT_LOCAL);
    assert_false(w.suspended[0]);
}

void effect_ABORT_CMD_remote(void **state)
{
    w.latency = 1000;
    assert_int_equal(abort_after(TCU_CMD_READ, MEM_EP, 0, 100), TCU_ABORT_REMOTE);
    assert_int_equal(rig_error(&w, 0), TCU_E_ABORT);
    uint8_t before[64];
    memcpy(before, &w.memory[0][PHYS], 64);
    rig_run(&w);
    assert_memory_equal(before, &w.memory[0][PHYS], 64);
    assert_int_equal(rig_read(&w, 0, TCU_REG_DATA_ADDR), VIRT);
    assert_int_equal(rig_read(&w, 0, TCU_REG_DATA_SIZE), 64);
    memset(&w.memory[RIG_MEMORY][0x1000], 0x5A, 64);
    assert_int_equal(rig_command(&w, 0, TCU_CMD_READ, MEM_EP, 0), TCU_E_NONE);
    assert_memory_equal(&w.memory[0][PHYS], &w.memory[RIG_MEMORY][0x1000], 64);
    assert_int_equal(abort_after(TCU_CMD_WRITE, MEM_EP, 0, 100), TCU_ABORT_REMOTE);
}

void effect_ABORT_CMD_completes(void **state)
{
    w.latency = 1000;
    abort_after(TCU_CMD_SEND, SEND_EP, ANSWER_EP, 100);
    uint64_t word = rig_read(&w, 0, TCU_REG_PRIV_CMD);
    assert_int_equal(TCU_GET(word, TCU_PRIV_OPCODE), TCU_PRIV_ABORT_CMD);
    rig_run(&w);
    word = rig_read(&w, 0, TCU_REG_PRIV_CMD);
    assert_int_equal(TCU_GET(word, TCU_PRIV_OPCODE), TCU_PRIV_IDLE);
    assert_int_equal(TCU_GET(word, TCU_PRIV_ARG), TCU_ABORT_NONE);
    assert_int_equal(rig_error(&w, 0), TCU_E_NONE);
    assert_int_equal(rig_unread(&w, 1, RECV_EP), 1);
    w.tcu[1].ep[RECV_EP].r[0] = 0;
    abort_after(TCU_CMD_SEND, SEND_EP, ANSWER_EP, 100);
    rig_run(&w);
    assert_int_equal(rig_error(&w, 0), TCU_E_RECV_GONE);
    assert_int_equal(rig_credits(&w, 0, SEND_EP), 1);
}

/* --- external commands -------------------------------------------------------------------------------------------- */

void effect_INV_EP_clears(void **state)
{
    const uint16_t eps[] = {SEND_EP, ANSWER_EP, MEM_EP};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(rig_ext(&w, 0, TCU_EXT_INV_EP, eps[i], NULL), TCU_E_NONE);
        assert_int_equal(w.tcu[0].ep[eps[i]].r[0] | w.tcu[0].ep[eps[i]].r[1] | w.tcu[0].ep[eps[i]].r[2], 0);
    }
    world_reset();
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(rig_ext(&w, 0, TCU_EXT_INV_EP, SEND_EP, NULL), TCU_E_NO_CREDITS);
    assert_int_not_equal(w.tcu[0].ep[SEND_EP].r[0], 0);
    assert_int_equal(rig_ext(&w, 0, TCU_EXT_INV_EP, SEND_EP | TCU_PUT(TCU_EXT_FORCE, 1), NULL), TCU_E_NONE);
    assert_int_equal(w.tcu[0].ep[SEND_EP].r[0], 0);
    assert_int_equal(do_reply(0, 16), TCU_E_NONE); /* its credit has no home any more */
    assert_int_equal(w.tcu[0].ep[SEND_EP].r[0], 0);
}

void effect_INV_EP_returns_unread(void **state)
{
    uint64_t unread;
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(rig_ext(&w, 1, TCU_EXT_INV_EP, RECV_EP, &unread), TCU_E_NONE);
    assert_int_equal(unread, 3);

    world_reset(); /* two foreign messages: one is visible in CU_REQ and will be counted, the other is withdrawn */
    rig_set_field(w.tcu[1].ep[RECV_EP].r[0], TCU_EP_ACT, OTHER_ACT);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(rig_ext(&w, 1, TCU_EXT_INV_EP, RECV_EP, &unread), TCU_E_NONE);
    assert_int_equal(__builtin_popcountll(unread), 1);
    assert_int_equal(TCU_GET(rig_read(&w, 1, TCU_REG_CU_REQ), TCU_CU_EP), RECV_EP);
    rig_write(&w, 1, TCU_REG_CU_REQ, TCU_CU_RESPONSE);
    assert_int_equal(rig_read(&w, 1, TCU_REG_CU_REQ), 0);
}

void effect_INV_EP_waits(void **state)
{
    w.latency = 1000;
    rig_write(&w, 0, TCU_REG_DATA_ADDR, VIRT);
    rig_write(&w, 0, TCU_REG_DATA_SIZE, 4096);
    rig_write(&w, 0, TCU_REG_ARG1, 0);
    rig_start(&w, 0, TCU_CMD_WRITE, MEM_EP, 0);
    rig_run_until(&w, w.now + 100);
    assert_int_equal(rig_ext(&w, 0, TCU_EXT_INV_EP, MEM_EP, NULL), TCU_E_NONE);
    assert_int_equal(TCU_GET(rig_read(&w, 0, TCU_REG_EXT_CMD), TCU_PRIV_OPCODE), TCU_EXT_INV_EP);
    rig_priv(&w, 0, TCU_PRIV_ABORT_CMD, 0, NULL); /* makes no difference: the packet is still under way */
    assert_int_equal(TCU_GET(rig_read(&w, 0, TCU_REG_EXT_CMD), TCU_PRIV_OPCODE), TCU_EXT_INV_EP);
    assert_int_equal(rig_ext(&w, 0, TCU_EXT_INV_EP, SEND_EP, NULL), TCU_E_NONE); /* ignored */
    assert_int_not_equal(w.tcu[0].ep[SEND_EP].r[0], 0);
    rig_run(&w);
    assert_int_equal(TCU_GET(rig_read(&w, 0, TCU_REG_EXT_CMD), TCU_PRIV_OPCODE), TCU_EXT_IDLE);
    assert_int_equal(rig_command(&w, 0, TCU_CMD_WRITE, MEM_EP, 0), TCU_E_NO_MEP);
}

void effect_RESET_stops(void **state)
{
    w.running[1] = true;
    uint64_t features = 0;
    assert_int_equal(rig_noc_write(&w, 1, TCU_NOC_MMIO + TCU_REG_FEATURES, &features, 1), TCU_E_NONE);
    rig_set_field(w.tcu[1].ep[RECV_EP].r[0], TCU_EP_ACT, OTHER_ACT);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    rig_priv(&w, 1, TCU_PRIV_SET_TIMER, 100000, NULL);
    rig_start(&w, 1, TCU_CMD_SEND, 0, 0);
    assert_int_equal(w.irq[1][TCU_IRQ_CU], 1);
    assert_int_equal(rig_ext(&w, 1, TCU_EXT_RESET, TCU_EXT_STOP, NULL), TCU_E_NONE);
    assert_false(w.running[1]);
    assert_int_equal(w.irq[1][TCU_IRQ_CU], 0);
    assert_int_equal(rig_read(&w, 1, TCU_REG_CU_REQ), 0);
    assert_int_equal(rig_read(&w, 1, TCU_REG_COMMAND), 0);
    assert_int_equal(rig_read(&w, 1, TCU_REG_CUR_ACT), TCU_ACT_NONE);
    for (uint32_t i = 0; i < 64; i++)
        assert_int_equal(w.tcu[1].ep[i].r[0], 0);
    assert_int_equal(tcu_deadline(&w.tcu[1]), TCU_NEVER);
    assert_int_equal(rig_read(&w, 1, TCU_REG_FEATURES) & TCU_FEATURE_KERNEL, 0);
}

void effect_RESET_starts(void **state)
{
    assert_int_equal(rig_ext(&w, 1, TCU_EXT_RESET, TCU_EXT_START, NULL), TCU_E_NONE);
    assert_true(w.running[1]);
}

/* --- RECEIVE ------------------------------------------------------------------------------------------------------ */

static enum tcu_error deliver(uint32_t size, uint64_t word)
{
    struct noc_packet message = {.destination = 1, .kind = NOC_MESSAGE, .address = RECV_EP, .size = size};
    memset(message.data, 0x33, size);
    memcpy(message.data, &word, 8);
    return (enum tcu_error)rig_request(&w, &message).error;
}

void effect_RECEIVE_stores(void **state)
{
    rig_set_recv(&w, 1, RECV_EP, (struct rig_recv){2, 9, REPLIES, BUFFER});
    rig_set_field(w.tcu[1].ep[RECV_EP].r[2], TCU_RECV_OCCUPIED, 0xC);
    rig_set_field(w.tcu[1].ep[RECV_EP].r[0], TCU_RECV_WPOS, 2);
    assert_int_equal(deliver(512, 0), TCU_E_NONE);
    assert_int_equal(w.memory[1][BUFFER + 511], 0x33);
    assert_int_equal(w.memory[1][BUFFER + 512], 0);
    assert_int_equal(TCU_GET(w.tcu[1].ep[RECV_EP].r[0], TCU_RECV_WPOS), 1);
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 0xD);
}

void effect_RECEIVE_marks_unread(void **state)
{
    assert_int_equal(deliver(32, 0), TCU_E_NONE);
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 1);
    assert_int_equal(rig_unread(&w, 1, RECV_EP), 1);
}

void effect_RECEIVE_makes_reply_ep(void **state)
{
    assert_int_equal(do_send(16, 0x1234), TCU_E_NONE);
    const struct tcu_ep *reply = &w.tcu[1].ep[REPLIES];
    assert_int_equal(TCU_GET(reply->r[0], TCU_EP_TYPE), TCU_EP_SEND);
    assert_int_equal(TCU_GET(reply->r[0], TCU_EP_ACT), RIG_ACT);
    assert_int_equal(TCU_GET(reply->r[0], TCU_SEND_IS_REPLY), 1);
    assert_int_equal(TCU_GET(reply->r[0], TCU_SEND_CREDITS), 1);
    assert_int_equal(TCU_GET(reply->r[0], TCU_SEND_MAX_CREDITS), 1);
    assert_int_equal(TCU_GET(reply->r[0], TCU_SEND_MSG_LOG2), 9);
    assert_int_equal(TCU_GET(reply->r[0], TCU_SEND_CREDIT_EP), SEND_EP);
    assert_int_equal(TCU_GET(reply->r[1], TCU_SEND_TARGET_EP), ANSWER_EP);
    assert_int_equal(TCU_GET(reply->r[1], TCU_SEND_TARGET_TILE), 0);
    assert_int_equal(reply->r[2], 0x1234);
    assert_int_equal(rig_command(&w, 1, TCU_CMD_SEND, REPLIES, TCU_NO_EP), TCU_E_SEND_REPLY_EP);
    assert_int_equal(deliver(32, TCU_PUT(TCU_HDR_REPLY_EP, TCU_NO_EP)), TCU_E_NONE);
    assert_int_equal(w.tcu[1].ep[REPLIES + 1].r[0], 0);
}

void effect_RECEIVE_returns_credit(void **state)
{
    uint64_t word = TCU_PUT(TCU_HDR_IS_REPLY, 1) | TCU_PUT(TCU_HDR_REPLY_EP, 20);
    rig_set_recv(&w, 1, RECV_EP, (struct rig_recv){3, 9, 32, BUFFER});
    rig_set_send(&w, 1, 20, 0, ANSWER_EP, 2, 9, 0);
    rig_set_field(w.tcu[1].ep[20].r[0], TCU_SEND_CREDITS, 0);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_int_equal(deliver(32, word), TCU_E_NONE);
        assert_int_equal(rig_credits(&w, 1, 20), i < 2 ? i : 2);
    }
    rig_set_send(&w, 1, 20, 0, ANSWER_EP, TCU_UNLIMITED, 9, 0);
    assert_int_equal(deliver(32, word), TCU_E_NONE);
    assert_int_equal(rig_credits(&w, 1, 20), TCU_UNLIMITED);
    rig_set_memory(&w, 1, 20, 0, 0, 0, 0);
    struct tcu_ep before = w.tcu[1].ep[20];
    assert_int_equal(deliver(32, word), TCU_E_NONE);
    assert_memory_equal(&before, &w.tcu[1].ep[20], sizeof before);
}

void effect_RECEIVE_counts(void **state)
{
    assert_int_equal(deliver(32, 0), TCU_E_NONE);
    assert_int_equal(rig_messages(&w, 1), 1);
    assert_int_equal(rig_read(&w, 1, TCU_REG_CU_REQ), 0);
}

void effect_RECEIVE_asks_core(void **state)
{
    rig_set_field(w.tcu[1].ep[RECV_EP].r[0], TCU_EP_ACT, OTHER_ACT);
    assert_int_equal(deliver(32, 0), TCU_E_NONE);
    assert_int_equal(rig_messages(&w, 1), 0);
    assert_int_equal(rig_unread(&w, 1, RECV_EP), 1);
    uint64_t request = rig_read(&w, 1, TCU_REG_CU_REQ);
    assert_int_equal(TCU_GET(request, TCU_CU_TYPE), TCU_CU_FOREIGN);
    assert_int_equal(TCU_GET(request, TCU_CU_EP), RECV_EP);
    assert_int_equal(TCU_GET(request, TCU_CU_ACT), OTHER_ACT);
    assert_int_equal(w.irq[1][TCU_IRQ_CU], 1);
}

/* --- SERVE -------------------------------------------------------------------------------------------------------- */

void effect_SERVE_memory(void **state)
{
    uint64_t words[2] = {0x1111, 0x2222};
    assert_int_equal(rig_noc_write(&w, 0, 0x123, words, 2), TCU_E_NONE);
    assert_memory_equal(&w.memory[0][0x123], words, 16);
    struct noc_packet read = {.destination = 0, .kind = NOC_READ, .address = 0x123, .size = 16};
    struct noc_packet answer = rig_request(&w, &read);
    assert_int_equal(answer.size, 16);
    assert_memory_equal(answer.data, words, 16);
}

void effect_SERVE_registers(void **state)
{
    const uint64_t words[3] = {TCU_PUT(TCU_EP_TYPE, TCU_EP_MEMORY), 0x4711, 0x815}, zero = 0;
    uint64_t base = TCU_NOC_MMIO;
    assert_int_equal(rig_noc_write(&w, 0, base + TCU_REG_EP(30), words, 3), TCU_E_NONE);
    assert_memory_equal(&w.tcu[0].ep[30], words, 24);
    struct noc_packet read = {.destination = 0, .kind = NOC_READ, .address = base + TCU_REG_EP(30), .size = 24};
    assert_memory_equal(rig_request(&w, &read).data, words, 24);
    /* only bit 0 of FEATURES changes, and with it the core's right to write endpoints */
    assert_int_equal(rig_noc_write(&w, 0, base + TCU_REG_FEATURES, &zero, 1), TCU_E_NONE);
    assert_int_equal(rig_read(&w, 0, TCU_REG_FEATURES) & 7, TCU_FEATURE_VM | TCU_FEATURE_CTXSW);
    rig_write(&w, 0, TCU_REG_EP(30), 0);
    assert_int_equal(w.tcu[0].ep[30].r[0], words[0]);
    /* a packet that touches one closed register changes none: COMMAND lies behind EXT_CMD */
    assert_int_equal(rig_noc_write(&w, 0, base + TCU_REG_EXT_CMD, words, 2), TCU_E_NO_PERM);
    assert_int_equal(rig_noc_write(&w, 0, base + TCU_REG_CUR_TIME, words, 3), TCU_E_NO_PERM);
    assert_int_equal(rig_noc_write(&w, 0, base + TCU_REG_CUR_ACT, words, 1), TCU_E_NO_PERM);
    assert_int_equal(rig_noc_write(&w, 0, base + TCU_REG_EP(30) + 4, words, 1), TCU_E_NO_PERM);
    read.address = base + TCU_REG_CUR_ACT;
    assert_int_equal(rig_request(&w, &read).error, TCU_E_NO_PERM);
    assert_int_equal(w.tcu[0].ep[30].r[0], words[0]);
}

/* --- PROTECT ------------------------------------------------------------------------------------------------------ */

static void miss(uint64_t phys, bool write, const void *data)
{
    struct tcu_event event = {.kind = TCU_EV_CACHE, .address = phys, .size = 64, .write = write, .id = 5, .data = data};
    w.cache_answers = 0;
    rig_event(&w, 0, event);
    rig_run(&w);
    assert_int_equal(w.cache_answers, 1);
    assert_int_equal(w.cache_answer.id, 5);
}

void effect_PROTECT_forwards(void **state)
{
    rig_set_memory(&w, 0, 2, RIG_MEMORY, 0x3000, 0x1000, TCU_MEM_R | TCU_MEM_W);
    uint8_t line[64];
    memset(line, 0x77, sizeof line);
    uint64_t phys = 0x80000000u + 2 * UINT64_C(0x20000000) + 0x80;
    miss(phys, true, line);
    assert_int_equal(w.cache_answer.error, TCU_E_NONE);
    assert_memory_equal(&w.memory[RIG_MEMORY][0x3080], line, 64);
    miss(phys, false, NULL);
    assert_memory_equal(w.cache_answer.data, line, 64);
}

void effect_PROTECT_fails_softly(void **state)
{
    rig_set_memory(&w, 0, 0, RIG_MEMORY, 0x3000, 0x1000, TCU_MEM_R);
    uint8_t line[64], zeros[64] = {0};
    memset(line, 0x77, sizeof line);
    miss(0x80000000u, true, line);
    assert_int_equal(w.cache_answer.error, TCU_E_NO_PERM);
    assert_memory_equal(&w.memory[RIG_MEMORY][0x3000], zeros, 64);
    memset(&w.memory[RIG_MEMORY][0x4000], 0x99, 64);
    miss(0x80001000u, false, NULL);
    assert_int_equal(w.cache_answer.error, TCU_E_OUT_OF_BOUNDS);
    assert_memory_equal(w.cache_answer.data, zeros, 64);
    assert_int_equal(rig_read(&w, 0, TCU_REG_CU_REQ), 0);
}

void effect_PROTECT_reports(void **state)
{
    rig_write(&w, 0, TCU_REG_PRIV_CTRL, TCU_PRIV_CTRL_PMP);
    miss(0x80000040u, true, (uint8_t[64]){0});
    uint64_t request = rig_read(&w, 0, TCU_REG_CU_REQ);
    assert_int_equal(TCU_GET(request, TCU_CU_TYPE), TCU_CU_PMP_FAILURE);
    assert_int_equal(TCU_GET(request, TCU_CU_WRITE), 1);
    assert_int_equal(TCU_GET(request, TCU_CU_ERROR), TCU_E_NO_MEP);
    assert_int_equal(TCU_GET(request, TCU_CU_PHYS), 0x80000040u);
    assert_int_equal(w.irq[0][TCU_IRQ_CU], 1);
}

/* --- CORE_REQUEST ------------------------------------------------------------------------------------------------- */

/* Foreign receive endpoints RECV_EP and RECV_EP + 1 at tile 1; `counts` messages each. */
static void foreign_messages(uint32_t first, uint32_t second)
{
    rig_set_recv(&w, 1, RECV_EP, (struct rig_recv){2, 9, TCU_NO_EP, BUFFER});
    rig_set_recv(&w, 1, RECV_EP + 1, (struct rig_recv){2, 9, TCU_NO_EP, BUFFER + 0x1000});
    rig_set_field(w.tcu[1].ep[RECV_EP].r[0], TCU_EP_ACT, OTHER_ACT);
    rig_set_field(w.tcu[1].ep[RECV_EP + 1].r[0], TCU_EP_ACT, OTHER_ACT + 1);
    struct noc_packet message = {.destination = 1, .kind = NOC_MESSAGE, .address = RECV_EP, .size = 64};
    for (; first > 0; first--)
        assert_int_equal(rig_request(&w, &message).error, TCU_E_NONE);
    message.address = RECV_EP + 1;
    for (; second > 0; second--)
        assert_int_equal(rig_request(&w, &message).error, TCU_E_NONE);
}

void effect_CORE_REQUEST_presents(void **state)
{
    foreign_messages(2, 1);
    assert_int_equal(TCU_GET(rig_read(&w, 1, TCU_REG_CU_REQ), TCU_CU_EP), RECV_EP);
    assert_int_equal(TCU_GET(rig_read(&w, 1, TCU_REG_CU_REQ), TCU_CU_ACT), OTHER_ACT);
    rig_write(&w, 1, TCU_REG_CU_REQ, 0); /* no response */
    assert_int_equal(TCU_GET(rig_read(&w, 1, TCU_REG_CU_REQ), TCU_CU_EP), RECV_EP);
}

void effect_CORE_REQUEST_next(void **state)
{
    uint32_t seen[2] = {0};
    foreign_messages(3, 2);
    for (int i = 0; i < 5; i++) {
        uint64_t request = rig_read(&w, 1, TCU_REG_CU_REQ);
        assert_int_equal(TCU_GET(request, TCU_CU_TYPE), TCU_CU_FOREIGN);
        assert_int_equal(w.irq[1][TCU_IRQ_CU], 1);
        seen[TCU_GET(request, TCU_CU_EP) - RECV_EP]++;
        rig_write(&w, 1, TCU_REG_CU_REQ, TCU_CU_RESPONSE);
    }
    assert_int_equal(seen[0], 3);
    assert_int_equal(seen[1], 2);
    assert_int_equal(rig_read(&w, 1, TCU_REG_CU_REQ), 0);
    assert_int_equal(w.irq[1][TCU_IRQ_CU], 0);
    rig_write(&w, 1, TCU_REG_CU_REQ, TCU_CU_RESPONSE); /* nothing there: nothing happens */
    assert_int_equal(rig_read(&w, 1, TCU_REG_CU_REQ), 0);
}

void effect_CORE_REQUEST_withdraws(void **state)
{
    const uint64_t zero[3] = {0};
    foreign_messages(2, 2);
    assert_int_equal(rig_noc_write(&w, 1, TCU_NOC_MMIO + TCU_REG_EP(RECV_EP + 1), zero, 3), TCU_E_NONE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(TCU_GET(rig_read(&w, 1, TCU_REG_CU_REQ), TCU_CU_EP), RECV_EP);
        rig_write(&w, 1, TCU_REG_CU_REQ, TCU_CU_RESPONSE);
    }
    assert_int_equal(rig_read(&w, 1, TCU_REG_CU_REQ), 0);
}

void effect_CORE_REQUEST_clears(void **state)
{
    foreign_messages(1, 0);
    rig_write(&w, 1, TCU_REG_CLEAR_IRQ, TCU_IRQ_CU);
    assert_int_equal(w.irq[1][TCU_IRQ_CU], 0);
    assert_int_not_equal(rig_read(&w, 1, TCU_REG_CU_REQ), 0);
    foreign_messages(0, 1);
    rig_write(&w, 1, TCU_REG_CU_REQ, TCU_CU_RESPONSE);
    assert_int_equal(w.irq[1][TCU_IRQ_CU], 1);
}
