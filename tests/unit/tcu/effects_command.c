/* Transitions of the unprivileged commands. */
#include "effects.h"

/* --- SEND --------------------------------------------------------------------------------------------------------- */

void effect_SEND_takes_credit(void **state)
{
    assert_int_equal(do_send(64, 1), TCU_E_NONE);
    assert_int_equal(rig_credits(&w, 0, SEND_EP), 1);
    rig_set_send(&w, 0, SEND_EP, 1, RECV_EP, TCU_UNLIMITED, 9, LABEL);
    assert_int_equal(do_send(64, 1), TCU_E_NONE);
    assert_int_equal(rig_credits(&w, 0, SEND_EP), TCU_UNLIMITED);
}

void effect_SEND_delivers(void **state)
{
    assert_int_equal(do_send(480, 0x77), TCU_E_NONE);
    const uint64_t *header = header_at(1, BUFFER, 0);
    assert_int_equal(TCU_GET(header[0], TCU_HDR_IS_REPLY), 0);
    assert_int_equal(TCU_GET(header[0], TCU_HDR_REPLY_LOG2), 9);
    assert_int_equal(TCU_GET(header[0], TCU_HDR_TILE), 0);
    assert_int_equal(TCU_GET(header[0], TCU_HDR_LENGTH), 480);
    assert_int_equal(TCU_GET(header[0], TCU_HDR_REPLY_EP), ANSWER_EP);
    assert_int_equal(header[TCU_HDR_REPLY_LABEL], 0x77);
    assert_int_equal(header[TCU_HDR_LABEL], LABEL);
    assert_memory_equal(header + 4, &w.memory[0][PHYS], 480);
}

void effect_SEND_names_itself(void **state)
{
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(TCU_GET(header_at(1, BUFFER, 0)[0], TCU_HDR_SENDER_EP), SEND_EP);
    rig_set_send(&w, 0, SEND_EP, 1, RECV_EP, TCU_UNLIMITED, 9, LABEL);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(TCU_GET(header_at(1, BUFFER, 1)[0], TCU_HDR_SENDER_EP), TCU_NO_EP);
}

void effect_SEND_without_reply(void **state)
{
    rig_write(&w, 0, TCU_REG_DATA_ADDR, VIRT);
    rig_write(&w, 0, TCU_REG_DATA_SIZE, 16);
    assert_int_equal(rig_command(&w, 0, TCU_CMD_SEND, SEND_EP, TCU_NO_EP), TCU_E_NONE);
    uint64_t word = header_at(1, BUFFER, 0)[0];
    assert_int_equal(TCU_GET(word, TCU_HDR_REPLY_LOG2), 5);
    assert_int_equal(TCU_GET(word, TCU_HDR_REPLY_EP), TCU_NO_EP);
    assert_int_equal(TCU_GET(w.tcu[1].ep[REPLIES].r[0], TCU_EP_TYPE), TCU_EP_INVALID);
    assert_int_equal(do_reply(0, 16), TCU_E_NO_SEP);
}

void effect_SEND_gives_back(void **state)
{
    rig_set_recv(&w, 1, RECV_EP, (struct rig_recv){0, 6, REPLIES, BUFFER});
    assert_int_equal(do_send(64, 0), TCU_E_RECV_OUT_OF_BOUNDS);
    assert_int_equal(rig_credits(&w, 0, SEND_EP), 2);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(do_send(16, 0), TCU_E_RECV_NO_SPACE);
    assert_int_equal(rig_credits(&w, 0, SEND_EP), 1);
    w.tcu[1].ep[RECV_EP].r[0] = 0;
    assert_int_equal(do_send(16, 0), TCU_E_RECV_GONE);
    assert_int_equal(rig_credits(&w, 0, SEND_EP), 1);
    rig_set_send(&w, 0, SEND_EP, 77, RECV_EP, 2, 9, LABEL);
    assert_int_equal(do_send(16, 0), TCU_E_TIMEOUT_NOC);
    assert_int_equal(rig_credits(&w, 0, SEND_EP), 2);
}

void effect_SEND_empty(void **state)
{
    rig_priv(&w, 0, TCU_PRIV_INV_TLB, 0, NULL);
    assert_int_equal(do_send(0, 5), TCU_E_NONE);
    assert_int_equal(TCU_GET(header_at(1, BUFFER, 0)[0], TCU_HDR_LENGTH), 0);
    assert_int_equal(rig_unread(&w, 1, RECV_EP), 1);
}

/* --- REPLY -------------------------------------------------------------------------------------------------------- */

static void receive_one(void)
{
    uint64_t offset;
    assert_int_equal(do_send(32, 0x55), TCU_E_NONE);
    assert_int_equal(do_fetch(1, RECV_EP, &offset), TCU_E_NONE);
    assert_int_equal(offset, 0);
}

/* Starts the reply of tile 1 and runs until its packet is on the way. */
static void reply_leaves(uint64_t offset)
{
    w.latency = 1000;
    rig_write(&w, 1, TCU_REG_DATA_ADDR, VIRT);
    rig_write(&w, 1, TCU_REG_DATA_SIZE, 16);
    rig_start(&w, 1, TCU_CMD_REPLY, RECV_EP, offset);
    rig_run_until(&w, w.now + 100);
    assert_false(rig_is_idle(&w, 1));
}

static enum tcu_error reply_ends(void)
{
    rig_run(&w);
    assert_true(rig_is_idle(&w, 1));
    return rig_error(&w, 1);
}

void effect_REPLY_frees_first(void **state)
{
    receive_one();
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 1);
    reply_leaves(0);
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 0);
    assert_int_equal(w.tcu[1].ep[REPLIES].r[0], 0);
    assert_int_equal(reply_ends(), TCU_E_NONE);
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 0);
    assert_int_equal(do_reply(0, 16), TCU_E_NO_SEP); /* one shot */
}

void effect_REPLY_delivers(void **state)
{
    receive_one();
    assert_int_equal(rig_credits(&w, 0, SEND_EP), 1);
    assert_int_equal(do_reply(0, 48), TCU_E_NONE);
    const uint64_t *header = header_at(0, BUFFER, 0);
    assert_int_equal(TCU_GET(header[0], TCU_HDR_IS_REPLY), 1);
    assert_int_equal(TCU_GET(header[0], TCU_HDR_LENGTH), 48);
    assert_int_equal(TCU_GET(header[0], TCU_HDR_REPLY_EP), SEND_EP);
    assert_int_equal(header[TCU_HDR_LABEL], 0x55);
    assert_memory_equal(header + 4, &w.memory[1][PHYS], 48);
    assert_int_equal(rig_credits(&w, 0, SEND_EP), 2);
    assert_int_equal(rig_messages(&w, 0), 1);
}

void effect_REPLY_reads_unread(void **state)
{
    assert_int_equal(do_send(32, 0x55), TCU_E_NONE);
    assert_int_equal(rig_messages(&w, 1), 1);
    assert_int_equal(do_reply(0, 16), TCU_E_NONE);
    assert_int_equal(rig_messages(&w, 1), 0);
    assert_int_equal(rig_unread(&w, 1, RECV_EP), 0);
}

/* A message to tile 1 from send endpoint `ep` of tile 0, or of nobody. */
static enum tcu_error arrive(uint32_t ep, uint32_t reply_ep)
{
    struct noc_packet message = {.destination = 1, .kind = NOC_MESSAGE, .address = RECV_EP, .size = 64};
    uint64_t word =
        TCU_PUT(TCU_HDR_REPLY_LOG2, 7) | TCU_PUT(TCU_HDR_SENDER_EP, ep) | TCU_PUT(TCU_HDR_REPLY_EP, reply_ep);
    memcpy(message.data, &word, 8);
    return (enum tcu_error)rig_request(&w, &message).error;
}

void effect_REPLY_makes_room(void **state)
{
    receive_one();
    reply_leaves(0);
    w.tcu[1].ep[RECV_EP].r[0] &= ~TCU_PUT(TCU_RECV_WPOS, 0x3F); /* the scan would begin at slot 0 */
    assert_int_equal(arrive(SEND_EP, ANSWER_EP), TCU_E_NONE);
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 2);
    assert_int_equal(arrive(SEND_EP, ANSWER_EP), TCU_E_NONE);
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 3);
    assert_int_equal(arrive(SEND_EP, ANSWER_EP), TCU_E_RECV_NO_SPACE);
    assert_int_equal(reply_ends(), TCU_E_NONE);
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 3);
}

void effect_REPLY_restores(void **state)
{
    for (int fetched = 0; fetched < 2; fetched++) {
        uint64_t offset;
        world_reset();
        assert_int_equal(do_send(32, 0x55), TCU_E_NONE);
        if (fetched)
            assert_int_equal(do_fetch(1, RECV_EP, &offset), TCU_E_NONE);
        struct tcu_ep reply = w.tcu[1].ep[REPLIES], recv = w.tcu[1].ep[RECV_EP];
        struct tcu_ep answer = w.tcu[0].ep[ANSWER_EP];
        w.tcu[0].ep[ANSWER_EP].r[0] = 0;
        assert_int_equal(do_reply(0, 16), TCU_E_RECV_GONE);
        assert_memory_equal(&w.tcu[1].ep[REPLIES], &reply, sizeof reply);
        assert_memory_equal(&w.tcu[1].ep[RECV_EP], &recv, sizeof recv);
        assert_int_equal(rig_messages(&w, 1), !fetched);
        assert_int_equal(rig_credits(&w, 0, SEND_EP), 1);
        w.tcu[0].ep[ANSWER_EP] = answer;
        assert_int_equal(do_reply(0, 16), TCU_E_NONE);
        assert_int_equal(rig_credits(&w, 0, SEND_EP), 2);
    }
}

void effect_REPLY_keeps_slot(void **state)
{
    rig_set_recv(&w, 1, RECV_EP, (struct rig_recv){0, 9, REPLIES, BUFFER});
    receive_one();
    struct tcu_ep reply = w.tcu[1].ep[REPLIES];
    w.tcu[0].ep[ANSWER_EP].r[0] = 0;
    reply_leaves(0);
    assert_int_equal(arrive(SEND_EP + 1, ANSWER_EP), TCU_E_RECV_NO_SPACE);
    assert_int_equal(arrive(TCU_NO_EP, ANSWER_EP), TCU_E_RECV_NO_SPACE);
    assert_int_equal(reply_ends(), TCU_E_RECV_GONE);
    assert_memory_equal(&w.tcu[1].ep[REPLIES], &reply, sizeof reply);

    reply_leaves(0); /* more credits than slots: the newer message stays */
    assert_int_equal(arrive(SEND_EP, 33), TCU_E_NONE);
    struct tcu_ep newer = w.tcu[1].ep[REPLIES];
    assert_int_equal(TCU_GET(newer.r[1], TCU_SEND_TARGET_EP), 33);
    assert_int_equal(reply_ends(), TCU_E_RECV_GONE);
    assert_memory_equal(&w.tcu[1].ep[REPLIES], &newer, sizeof newer);
    assert_int_equal(rig_unread(&w, 1, RECV_EP), 1);
}

/* --- READ and WRITE ----------------------------------------------------------------------------------------------- */

static enum tcu_error transfer(enum tcu_opcode opcode, uint64_t addr, uint64_t size, uint64_t offset)
{
    rig_write(&w, 0, TCU_REG_DATA_ADDR, addr);
    rig_write(&w, 0, TCU_REG_DATA_SIZE, size);
    rig_write(&w, 0, TCU_REG_ARG1, offset);
    return rig_command(&w, 0, opcode, MEM_EP, 0);
}

static void expect_operands(uint64_t addr, uint64_t size, uint64_t offset)
{
    assert_int_equal(rig_read(&w, 0, TCU_REG_DATA_ADDR), addr);
    assert_int_equal(rig_read(&w, 0, TCU_REG_DATA_SIZE), size);
    assert_int_equal(rig_read(&w, 0, TCU_REG_ARG1), offset);
}

void effect_READ_copies(void **state)
{
    for (uint32_t i = 0; i < 0x4000; i++)
        w.memory[RIG_MEMORY][0x1000 + i] = i * 13 >> 3;
    assert_int_equal(transfer(TCU_CMD_READ, VIRT + 4, 100, 9), TCU_E_NONE);
    assert_memory_equal(&w.memory[0][PHYS + 4], &w.memory[RIG_MEMORY][0x1009], 100);
    assert_int_equal(w.memory[0][PHYS + 3], 3 * 7 >> 1);
    assert_int_equal(w.memory[0][PHYS + 104], (104 * 7) & 0xFF);
    assert_int_equal(transfer(TCU_CMD_READ, VIRT, 4096, 0x3000), TCU_E_NONE);
    assert_memory_equal(&w.memory[0][PHYS], &w.memory[RIG_MEMORY][0x4000], 4096);
}

/* A transfer that begins in the first page: its second packet crosses, and the registers stand before it. */
static void expect_progress(enum tcu_opcode opcode)
{
    assert_int_equal(transfer(opcode, VIRT + 0x400, 0x1000, 0x10), TCU_E_PAGE_BOUNDARY);
    expect_operands(VIRT + 0xC00, 0x800, 0x810);
    assert_int_equal(transfer(opcode, VIRT, 0x2000, 0x10), TCU_E_NONE);
    expect_operands(VIRT + 0x2000, 0, 0x2010);
}

void effect_READ_advances(void **state)
{
    expect_progress(TCU_CMD_READ);
}

void effect_READ_empty(void **state)
{
    rig_priv(&w, 0, TCU_PRIV_INV_TLB, 0, NULL);
    assert_int_equal(transfer(TCU_CMD_READ, VIRT + 0xFFF, 0, ~UINT64_C(0)), TCU_E_NONE);
    assert_int_equal(w.count, 0);
}

static void expect_remote_errors(enum tcu_opcode opcode)
{
    rig_set_memory(&w, 0, MEM_EP, RIG_MEMORY, RIG_BYTES - 2048, 0x10000, TCU_MEM_R | TCU_MEM_W);
    assert_int_equal(transfer(opcode, VIRT, 4096, 0), TCU_E_TIMEOUT_MEM);
    expect_operands(VIRT + 2048, 2048, 2048);
    rig_set_memory(&w, 0, MEM_EP, 99, 0, 0x10000, TCU_MEM_R | TCU_MEM_W);
    assert_int_equal(transfer(opcode, VIRT, 16, 8), TCU_E_TIMEOUT_NOC);
    expect_operands(VIRT, 16, 8);
}

void effect_READ_reports(void **state)
{
    expect_remote_errors(TCU_CMD_READ);
}

void effect_WRITE_copies(void **state)
{
    assert_int_equal(transfer(TCU_CMD_WRITE, VIRT + 8, 4000, 0x21), TCU_E_NONE);
    assert_memory_equal(&w.memory[RIG_MEMORY][0x1021], &w.memory[0][PHYS + 8], 4000);
    assert_int_equal(w.memory[RIG_MEMORY][0x1020], 0);
    assert_int_equal(w.memory[RIG_MEMORY][0x1021 + 4000], 0);
}

void effect_WRITE_advances(void **state)
{
    expect_progress(TCU_CMD_WRITE);
}

void effect_WRITE_empty(void **state)
{
    rig_priv(&w, 0, TCU_PRIV_INV_TLB, 0, NULL);
    assert_int_equal(transfer(TCU_CMD_WRITE, VIRT + 0xFFF, 0, ~UINT64_C(0)), TCU_E_NONE);
    assert_int_equal(w.count, 0);
}

void effect_WRITE_reports(void **state)
{
    expect_remote_errors(TCU_CMD_WRITE);
}

/* --- FETCH_MSG, ACK_MSG ------------------------------------------------------------------------------------------- */

void effect_FETCH_MSG_none(void **state)
{
    uint64_t offset;
    assert_int_equal(do_fetch(1, RECV_EP, &offset), TCU_E_NONE);
    assert_int_equal(offset, TCU_NO_MESSAGE);
    rig_set_field(w.tcu[1].ep[RECV_EP].r[0], TCU_EP_ACT, OTHER_ACT);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    rig_priv(&w, 1, TCU_PRIV_XCHG_ACT, OTHER_ACT | TCU_PUT(TCU_ACT_MSGS, 1), NULL);
    assert_int_equal(do_fetch(1, RECV_EP, &offset), TCU_E_NONE); /* visible in CU_REQ, but not counted by software */
    assert_int_equal(offset, TCU_NO_MESSAGE);
    rig_write(&w, 1, TCU_REG_CU_REQ, TCU_CU_RESPONSE);
    assert_int_equal(do_fetch(1, RECV_EP, &offset), TCU_E_NONE);
    assert_int_equal(offset, 0);
}

void effect_FETCH_MSG_takes(void **state)
{
    uint64_t offset;
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(do_fetch(1, RECV_EP, &offset), TCU_E_NONE);
        assert_int_equal(offset, i * SLOT);
        assert_int_equal(rig_messages(&w, 1), 1 - i);
        assert_int_equal(rig_unread(&w, 1, RECV_EP), i ? 0 : 2);
        assert_int_equal(TCU_GET(w.tcu[1].ep[RECV_EP].r[0], TCU_RECV_RPOS), i + 1);
    }
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 3);
}

void effect_ACK_MSG_frees(void **state)
{
    uint64_t offset;
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(do_fetch(1, RECV_EP, &offset), TCU_E_NONE);
    assert_int_equal(rig_command(&w, 1, TCU_CMD_ACK_MSG, RECV_EP, offset), TCU_E_NONE);
    assert_int_equal(rig_occupied(&w, 1, RECV_EP), 0);
    assert_int_equal(w.tcu[1].ep[REPLIES].r[0], 0);
    assert_int_equal(rig_messages(&w, 1), 0);
}

void effect_ACK_MSG_reads_unread(void **state)
{
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(rig_messages(&w, 1), 1);
    assert_int_equal(rig_command(&w, 1, TCU_CMD_ACK_MSG, RECV_EP, 0), TCU_E_NONE);
    assert_int_equal(rig_messages(&w, 1), 0);
    assert_int_equal(rig_unread(&w, 1, RECV_EP), 0);
}

/* --- SLEEP -------------------------------------------------------------------------------------------------------- */

static void fall_asleep(uint64_t ep, uint64_t limit)
{
    rig_write(&w, 1, TCU_REG_ARG1, limit);
    rig_start(&w, 1, TCU_CMD_SLEEP, 0, ep);
    rig_run_until(&w, w.now + 50);
    assert_true(w.suspended[1]);
    assert_false(rig_is_idle(&w, 1));
}

void effect_SLEEP_returns_at_once(void **state)
{
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_int_equal(rig_command(&w, 1, TCU_CMD_SLEEP, 0, TCU_NO_EP), TCU_E_NONE);
    assert_int_equal(rig_command(&w, 1, TCU_CMD_SLEEP, 0, RECV_EP), TCU_E_NONE);
    assert_false(w.suspended[1]);
    rig_priv(&w, 0, TCU_PRIV_SET_TIMER, 1, NULL);
    rig_run(&w);
    assert_int_equal(rig_command(&w, 0, TCU_CMD_SLEEP, 0, TCU_NO_EP), TCU_E_NONE);
    assert_false(w.suspended[0]);
}

void effect_SLEEP_wakes_message(void **state)
{
    rig_set_recv(&w, 1, ANSWER_EP, (struct rig_recv){1, 9, TCU_NO_EP, BUFFER + 0x1000});
    fall_asleep(ANSWER_EP, 0);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_true(w.suspended[1]);
    rig_set_send(&w, 0, SEND_EP, 1, ANSWER_EP, 2, 9, LABEL);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_false(w.suspended[1]);
    assert_true(rig_is_idle(&w, 1));
    world_reset();
    fall_asleep(TCU_NO_EP, 0);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_false(w.suspended[1]);
}

void effect_SLEEP_wakes_irq(void **state)
{
    fall_asleep(TCU_NO_EP, ~UINT64_C(0));
    rig_set_field(w.tcu[1].ep[RECV_EP].r[0], TCU_EP_ACT, OTHER_ACT);
    assert_int_equal(do_send(16, 0), TCU_E_NONE);
    assert_false(w.suspended[1]);
    assert_int_equal(w.irq[1][TCU_IRQ_CU], 1);
}

void effect_SLEEP_wakes_other(void **state)
{
    rig_event(&w, 1, (struct tcu_event){.kind = TCU_EV_INTERRUPT}); /* nobody sleeps: nothing happens */
    fall_asleep(TCU_NO_EP, 0);
    rig_event(&w, 1, (struct tcu_event){.kind = TCU_EV_INTERRUPT});
    rig_run(&w);
    assert_false(w.suspended[1]);
    assert_true(rig_is_idle(&w, 1));
    assert_int_equal(rig_error(&w, 1), TCU_E_NONE);
}

void effect_SLEEP_wakes_limit(void **state)
{
    fall_asleep(TCU_NO_EP, 500);
    uint64_t begin = w.now;
    rig_run(&w);
    assert_false(w.suspended[1]);
    assert_true(rig_is_idle(&w, 1));
    assert_in_range(w.now - begin, 400, 520);
    fall_asleep(TCU_NO_EP, ~UINT64_C(0) - 1); /* longer than time itself */
    rig_run(&w);
    assert_true(w.suspended[1]);
}
