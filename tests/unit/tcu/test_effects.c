/* The world of the transition tests, and the list of them, which is that of commands.def. */
#include "effects.h"

struct rig w;

void world_reset(void)
{
    rig_init(&w);
    rig_set_send(&w, 0, SEND_EP, 1, RECV_EP, 2, 9, LABEL);
    rig_set_recv(&w, 0, ANSWER_EP, (struct rig_recv){1, 9, TCU_NO_EP, BUFFER});
    rig_set_recv(&w, 1, RECV_EP, (struct rig_recv){1, 9, REPLIES, BUFFER});
    rig_set_memory(&w, 0, MEM_EP, RIG_MEMORY, 0x1000, 0x4000, TCU_MEM_R | TCU_MEM_W);
    for (uint16_t i = 0; i < 2; i++) {
        rig_map(&w, i, VIRT, PHYS, TCU_TLB_R | TCU_TLB_W);
        rig_map(&w, i, VIRT + 0x1000, PHYS + 0x1000, TCU_TLB_R | TCU_TLB_W);
        for (uint32_t b = 0; b < 0x2000; b++)
            w.memory[i][PHYS + b] = (b * 7 + i) >> (b & 1);
    }
}

static enum tcu_error with_data(uint16_t tile, uint32_t size, enum tcu_opcode opcode, uint16_t ep, uint64_t arg0)
{
    rig_write(&w, tile, TCU_REG_DATA_ADDR, VIRT);
    rig_write(&w, tile, TCU_REG_DATA_SIZE, size);
    return rig_command(&w, tile, opcode, ep, arg0);
}

enum tcu_error do_send(uint32_t size, uint64_t reply_label)
{
    rig_write(&w, 0, TCU_REG_ARG1, reply_label);
    return with_data(0, size, TCU_CMD_SEND, SEND_EP, ANSWER_EP);
}

enum tcu_error do_reply(uint64_t offset, uint32_t size)
{
    return with_data(1, size, TCU_CMD_REPLY, RECV_EP, offset);
}

enum tcu_error do_fetch(uint16_t tile, uint16_t ep, uint64_t *offset)
{
    enum tcu_error error = rig_command(&w, tile, TCU_CMD_FETCH_MSG, ep, 0);
    *offset = rig_read(&w, tile, TCU_REG_ARG1);
    return error;
}

const uint64_t *header_at(uint16_t tile, uint32_t buffer, uint32_t slot)
{
    return (const uint64_t *)&w.memory[tile][buffer + slot * SLOT];
}

static int reset(void **state)
{
    world_reset();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TCU_EFFECT(table, name, text) cmocka_unit_test_setup(effect_##table##_##name, reset),
#include "machine/tcu/commands.def"
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
