/*
 * A guest can make the machine report errors, but never crash, hang or reach host memory: random register accesses to
 * every device, random virtqueues, random instruction streams in every privilege mode; all with sanitizers. Also the
 * decoder's tables, and checkpoints of machines in such states.
 */
#include "machine/board/test/fixture.h"

#include <unistd.h>

#include "hw/virtio_mmio.h"
#include "machine/board/checkpoint.h"
#include "machine/core/isa.h"
#include "machine/core/mmu.h"
#include "machine/dev/virtio_blk.h"
#include "machine/dev/virtio_console.h"
#include "machine/dev/virtio_net.h"
#include "machine/dev/virtio_rng.h"

#define ACCESSES 60000
#define STREAMS  400

static uint8_t image[64 * 512];

struct attached {
    struct virtio_blk disk;
    struct virtio_rng rng;
    struct virtio_console console;
    struct virtio_net net;
};

static void attach_all(struct machine *m, struct attached *a)
{
    *a = (struct attached){.disk = {.data = image, .size = sizeof image}};
    a->console.names[1] = "port";
    a->console.port_count = 2;
    machine_attach(m, 0, &virtio_blk_class, &a->disk);
    a->console.virtio = machine_attach(m, 1, &virtio_console_class, &a->console);
    machine_attach(m, 2, &virtio_rng_class, &a->rng);
    a->net.virtio = machine_attach(m, 3, &virtio_net_class, &a->net);
}

/* Values that are likely to mean something: small numbers, addresses in memory, flags, anything. */
static uint64_t random_value(void)
{
    switch (rnd() % 5) {
    case 0:
        return rnd() % 16;
    case 1:
        return MACHINE_RAM_BASE + rnd() % 0x10000 * 16;
    case 2:
        return 1ull << rnd() % 64;
    case 3:
        return rnd() % 300;
    default:
        return rnd();
    }
}

static void fill_randomly(struct machine *m, uint64_t offset, uint64_t len)
{
    for (uint64_t i = 0; i < len; i += 8) {
        uint64_t v = random_value();
        bus_load(&m->bus, MACHINE_RAM_BASE + offset + i, &v, 8);
    }
}

static void access_device(struct machine *m)
{
    const struct bus_device *d = &m->bus.devices[rnd() % m->bus.device_count];
    uint64_t offset = rnd() % 4 ? rnd() % 0x200 : rnd() % d->size;
    unsigned size = 1u << rnd() % 4;
    uint64_t value;

    offset &= ~(uint64_t)(size - 1);
    if (rnd() % 2)
        bus_device_read(&m->bus, d->base + offset, size, &value);
    else
        bus_device_write(&m->bus, d->base + offset, size, random_value());
}

static void test_random_register_accesses(void **state)
{
    struct machine *m = make_machine(2, false);
    struct attached a;

    attach_all(m, &a);
    fill_randomly(m, 0, 1 << 20);
    for (unsigned i = 0; i < ACCESSES; i++) {
        access_device(m);
        if (i % 8 == 0)
            pass_time(m, rnd() % 20000);
    }
    machine_destroy(m);
}

/* Devices that work, on queues full of nonsense. */
static void test_random_queues(void **state)
{
    struct machine *m = make_machine(1, false);
    struct attached a;

    attach_all(m, &a);
    for (unsigned i = 0; i < 3000; i++) {
        uint64_t v = MACHINE_VIRTIO_BASE + 0x1000 * (rnd() % 4);
        fill_randomly(m, 0, 0x3000);
        device_write(m, v + VIRTIO_MMIO_STATUS, 0);
        device_write(m, v + VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
        device_write(m, v + VIRTIO_MMIO_DRIVER_FEATURES, 1);
        device_write(m, v + VIRTIO_MMIO_STATUS, 11);
        for (unsigned q = 0; q < 6; q++) {
            device_write(m, v + VIRTIO_MMIO_QUEUE_SEL, q);
            device_write(m, v + VIRTIO_MMIO_QUEUE_NUM, 1u << rnd() % 9);
            device_write(m, v + VIRTIO_MMIO_QUEUE_DESC_LOW, MACHINE_RAM_BASE);
            device_write(m, v + VIRTIO_MMIO_QUEUE_DRIVER_LOW, MACHINE_RAM_BASE + 0x1000 + 16 * (rnd() % 16));
            device_write(m, v + VIRTIO_MMIO_QUEUE_DEVICE_LOW, MACHINE_RAM_BASE + 0x2000);
            device_write(m, v + VIRTIO_MMIO_QUEUE_READY, 1);
        }
        device_write(m, v + VIRTIO_MMIO_STATUS, 15);
        for (unsigned q = 0; q < 6; q++)
            device_write(m, v + VIRTIO_MMIO_QUEUE_NOTIFY, q);
        pass_time(m, m->config.virtio_latency);
        virtio_console_poll(&a.console);
        virtio_net_receive(&a.net, image, rnd() % 2000);
    }
    machine_destroy(m);
}

/* ---- Instructions ---- */

/* Page tables that map some of memory here and there, with random flags. */
static void random_translation(struct machine *m, struct hart *h)
{
    uint64_t root = MACHINE_RAM_BASE + 0x200000;

    for (uint64_t i = 0; i < 3 * 512; i++) {
        uint64_t target = rnd() % 4 ? root + rnd() % 3 * 4096 : MACHINE_RAM_BASE + rnd() % 1024 * 4096;
        uint64_t pte = (target >> 12) << 10 | (rnd() % 256) | (rnd() % 2 ? 0xcf : 1) | (rnd() % 64 ? 0 : rnd() << 54);
        bus_load(&m->bus, root + i * 8, &pte, 8);
    }
    h->satp = (rnd() % 2 ? 8ull : 9ull) << 60 | root >> 12;
}

static void random_state(struct machine *m, struct hart *h, unsigned mode)
{
    for (unsigned i = 1; i < 32; i++) {
        h->x[i] = random_value();
        h->f[i] = rnd();
    }
    h->mstatus = rnd() & RV_STATUS_M_MASK & ~RV_STATUS_MPP;
    h->mie = rnd() & 0xaaa;
    h->mtvec = MACHINE_RAM_BASE + rnd() % 0x1000 * 4;
    h->stvec = rnd() % 2 ? MACHINE_RAM_BASE + rnd() % 0x1000 * 4 : rnd() & ~3ull;
    h->medeleg = rnd() & 0xb3ff;
    h->mideleg = rnd() & 0x222;
    h->pmp.addr[0] = ~0ull >> 10;
    h->pmp.cfg[0] = 0x1f;
    random_translation(m, h);
    h->pc = mode == RV_M || rnd() % 2 ? MACHINE_RAM_BASE + rnd() % 0x10000 * 2 : rnd() & ~1ull;
    h->waiting = false;
    mmu_flush(h);
    hart_set_mode(h, (enum rv_mode)mode);
}

/* Random words; half of them with opcodes that exist. */
static void random_code(struct machine *m)
{
    static const uint8_t opcodes[] = {0x03, 0x07, 0x0f, 0x13, 0x17, 0x1b, 0x23, 0x27, 0x2f,
                                      0x33, 0x3b, 0x43, 0x53, 0x63, 0x67, 0x6f, 0x73, 0x73};

    for (uint64_t i = 0; i < 0x20000; i += 4) {
        uint32_t v = (uint32_t)rnd();
        if (rnd() % 2)
            v = (v & ~0x7fu) | opcodes[rnd() % sizeof opcodes];
        bus_load(&m->bus, MACHINE_RAM_BASE + i, &v, 4);
    }
}

static void run_streams(bool timed)
{
    struct machine *m = make_machine(2, timed);
    struct attached a;

    attach_all(m, &a);
    for (unsigned i = 0; i < STREAMS; i++) {
        random_code(m);
        random_state(m, m->harts[0], (unsigned)(rnd() % 3 == 0 ? RV_M : rnd() % 2));
        random_state(m, m->harts[1], RV_U);
        machine_run(m, m->now + 20000);
    }
    assert_true(machine_instructions(m) > STREAMS * 300); /* they do more than trap */
    machine_destroy(m);
}

static void test_random_instructions(void **state)
{
    run_streams(false);
}

static void test_random_instructions_with_time(void **state)
{
    run_streams(true);
}

/* ---- The decoder ---- */

/* Whatever its other bits are, an instruction is found by its row, or by one that is listed before it. */
static void test_rows_are_found(void **state)
{
    const struct isa *isa = isa_get();
    unsigned rows = 0;

    for (unsigned e = 0; isa->extensions[e]; e++) {
        for (unsigned i = 0; i < isa->extensions[e]->insn_count; i++) {
            const struct isa_insn *insn = &isa->extensions[e]->insns[i];
            assert_int_equal(insn->match & ~insn->mask, 0);
            for (unsigned n = 0; n < 200; n++) {
                uint32_t raw = insn->match | ((uint32_t)rnd() & ~insn->mask);
                const struct isa_insn *found = isa_find(isa, raw);
                assert_true(found == insn || (found && found->mask != insn->mask));
            }
            rows++;
        }
    }
    assert_true(rows > 150);
}

/* Compressed instructions expand to wide ones that exist, or are illegal. */
static void test_compressed_expand_to_rows(void **state)
{
    const struct isa *isa = isa_get();
    unsigned legal = 0;

    for (uint32_t c = 0; c < 0x10000; c++) {
        uint32_t wide = rvc_expand((uint16_t)c);
        if ((c & 3) == 3) {
            assert_int_equal(wide, 0);
            continue;
        }
        legal += wide != 0;
        assert_true(wide == 0 || isa_find(isa, wide));
    }
    assert_int_equal(rvc_expand(0), 0);
    assert_int_equal(rvc_expand(0x9002), 0x00100073); /* c.ebreak */
    assert_int_equal(rvc_expand(0x4501), 0x00000513); /* c.li a0, 0 */
    assert_int_equal(rvc_expand(0x8082), 0x00008067); /* ret */
    assert_int_equal(rvc_expand(0x7139), 0xfc010113); /* c.addi16sp sp, -64 */
    assert_true(legal > 40000 && legal < 49152);
}

/* ---- Checkpoints ---- */

static void test_checkpoint_of_any_state(void **state)
{
    char path[] = "/tmp/mosaic-test-XXXXXX";
    int fd = mkstemp(path);
    struct attached a, b;

    assert_true(fd >= 0);
    close(fd);
    struct machine *m = make_machine(2, true), *other = make_machine(2, true);
    attach_all(m, &a);
    attach_all(other, &b);
    for (unsigned i = 0; i < 20; i++) {
        random_code(m);
        random_state(m, m->harts[0], RV_S);
        machine_run(m, m->now + 5000);
        access_device(m);
        assert_null(checkpoint_save(m, path));
        assert_null(checkpoint_restore(other, path));
        machine_run(m, m->now + 5000);
        machine_run(other, other->now + 5000);
        assert_int_equal(m->now, other->now);
        assert_int_equal(m->harts[0]->instret, other->harts[0]->instret);
        assert_memory_equal(m->harts[0]->x, other->harts[0]->x, 32 * 8);
        assert_memory_equal(m->ram->host, other->ram->host, m->ram->size);
    }
    remove(path);
    machine_destroy(m);
    machine_destroy(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_register_accesses), cmocka_unit_test(test_random_queues),
        cmocka_unit_test(test_random_instructions),      cmocka_unit_test(test_random_instructions_with_time),
        cmocka_unit_test(test_rows_are_found),           cmocka_unit_test(test_compressed_expand_to_rows),
        cmocka_unit_test(test_checkpoint_of_any_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
