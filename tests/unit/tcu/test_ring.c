/*
 * The ring of message slots for every slot count: random arrivals, fetches, acknowledgements and replies against a
 * plain reference model, and the orders in which slots are taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "rig.h"

#define RECV_EP   10
#define SLOT_LOG2 6
#define STEPS     4000

enum slot_state { FREE, UNREAD, READ };

struct reference {
    uint32_t slots, wpos, rpos;
    enum slot_state state[TCU_MAX_SLOTS];
    uint64_t content[TCU_MAX_SLOTS];
};

static struct rig world;

static void set_up_ring(struct reference *ref, uint32_t slots_log2)
{
    rig_init(&world);
    rig_set_recv(&world, 0, RECV_EP, (struct rig_recv){slots_log2, SLOT_LOG2, TCU_NO_EP, 0x1000});
    *ref = (struct reference){.slots = 1u << slots_log2};
}

static int ref_find(const struct reference *ref, uint32_t from, enum slot_state wanted)
{
    for (uint32_t i = 0; i < ref->slots; i++)
        if (ref->state[(from + i) % ref->slots] == wanted)
            return (from + i) % ref->slots;
    return -1;
}

static void arrive(struct reference *ref, uint64_t content)
{
    struct noc_packet message = {.destination = 0, .kind = NOC_MESSAGE, .address = RECV_EP, .size = 40};
    memcpy(message.data + 32, &content, 8);
    enum tcu_error error = (enum tcu_error)rig_request(&world, &message).error;
    int slot = ref_find(ref, ref->wpos, FREE);
    assert_int_equal(error, slot < 0 ? TCU_E_RECV_NO_SPACE : TCU_E_NONE);
    if (slot >= 0) {
        ref->state[slot] = UNREAD;
        ref->content[slot] = content;
        ref->wpos = slot + 1;
    }
}

static void fetch(struct reference *ref)
{
    assert_int_equal(rig_command(&world, 0, TCU_CMD_FETCH_MSG, RECV_EP, 0), TCU_E_NONE);
    uint64_t offset = rig_read(&world, 0, TCU_REG_ARG1);
    int slot = ref_find(ref, ref->rpos, UNREAD);
    assert_true(offset == (slot < 0 ? TCU_NO_MESSAGE : (uint64_t)slot << SLOT_LOG2));
    if (slot >= 0) {
        uint64_t content;
        memcpy(&content, &world.memory[0][0x1000 + offset + 32], 8);
        assert_int_equal(content, ref->content[slot]);
        ref->state[slot] = READ;
        ref->rpos = slot + 1;
    }
}

static void acknowledge(struct reference *ref, uint32_t slot)
{
    assert_int_equal(rig_command(&world, 0, TCU_CMD_ACK_MSG, RECV_EP, slot << SLOT_LOG2), TCU_E_NONE);
    ref->state[slot] = FREE;
}

static void compare(const struct reference *ref)
{
    uint32_t occupied = 0, unread = 0;
    for (uint32_t i = 0; i < ref->slots; i++) {
        occupied |= (uint32_t)(ref->state[i] != FREE) << i;
        unread |= (uint32_t)(ref->state[i] == UNREAD) << i;
    }
    assert_int_equal(rig_occupied(&world, 0, RECV_EP), occupied);
    assert_int_equal(rig_unread(&world, 0, RECV_EP), unread);
    assert_int_equal(rig_messages(&world, 0), __builtin_popcount(unread));
    assert_int_equal(TCU_GET(world.tcu[0].ep[RECV_EP].r[0], TCU_RECV_WPOS), ref->wpos);
    assert_int_equal(TCU_GET(world.tcu[0].ep[RECV_EP].r[0], TCU_RECV_RPOS), ref->rpos);
}

static void test_random_traffic(void **state)
{
    for (uint32_t log2 = 0; log2 <= 5; log2++) {
        struct reference ref;
        set_up_ring(&ref, log2);
        srand(log2 + 1);
        for (uint64_t step = 0; step < STEPS; step++) {
            uint32_t action = rand() % 8;
            if (action < 3 + (step / 256) % 3) /* fuller and emptier by turns */
                arrive(&ref, step);
            else if (action < 6)
                fetch(&ref);
            else
                acknowledge(&ref, rand() % ref.slots);
            compare(&ref);
        }
    }
}

/* In order of arrival as long as slots are freed in order, however often the ring goes round. */
static void test_first_in_first_out(void **state)
{
    for (uint32_t log2 = 0; log2 <= 5; log2++) {
        struct reference ref;
        set_up_ring(&ref, log2);
        for (uint64_t i = 0; i < 100; i++) {
            arrive(&ref, i);
            fetch(&ref);
            assert_int_equal(ref.content[(ref.rpos - 1) % ref.slots], i);
            acknowledge(&ref, ref.rpos - 1);
            compare(&ref);
        }
    }
}

/* Six bits could say more than 32 slots; a ring never has more. */
static void test_oversized_ring(void **state)
{
    struct reference ref;
    set_up_ring(&ref, 5);
    rig_set_field(world.tcu[0].ep[RECV_EP].r[0], TCU_RECV_SLOTS_LOG2, 63);
    for (uint64_t i = 0; i < 40; i++)
        arrive(&ref, i);
    for (uint64_t i = 0; i < 40; i++)
        fetch(&ref);
    compare(&ref);
    assert_int_equal(rig_command(&world, 0, TCU_CMD_ACK_MSG, RECV_EP, 32 << SLOT_LOG2), TCU_E_INV_MSG_OFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_traffic),
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_oversized_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
