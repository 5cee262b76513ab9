/*
 * What extensions of the core may hook into, each shown by a small one (ext_*.c beside this): translation before the
 * page tables, interrupts and traps that user code handles, calls into other address spaces, banks of registers, and
 * state that checkpoints keep. Programs run with and without the timing model.
 */
#include "machine/board/test/fixture.h"

#include <unistd.h>

#include "machine/board/checkpoint.h"
#include "machine/core/isa.h"
#include "machine/core/mmu.h"

#define CODE   MACHINE_RAM_BASE
#define TABLE  (MACHINE_RAM_BASE + 0x200000)
#define WINDOW UINT64_C(0x40000000) /* first level page tables map it to the beginning of RAM */

enum { T0 = 5, T1 = 6, T2 = 7, S0 = 8, A0 = 10, A1 = 11, A2 = 12, A7 = 17 };

#define FOREVER         0x0000006fu
#define WFI             0x10500073u
#define ADDI(rd, rs, n) ((uint32_t)(n) << 20 | (rs) << 15 | (rd) << 7 | 0x13u)
#define LD(rd, rs)      ((rs) << 15 | 3u << 12 | (rd) << 7 | 0x03u)
#define SD(rs2, rs1)    ((rs2) << 20 | (rs1) << 15 | 3u << 12 | 0x23u)
#define JALR(rs)        ((rs) << 15 | 0x67u)
#define CSRW(csr, rs)   ((uint32_t)(csr) << 20 | (rs) << 15 | 1u << 12 | 0x73u)
#define CSRWI(csr, n)   ((uint32_t)(csr) << 20 | (n) << 15 | 5u << 12 | 0x73u)
#define UISEND(rs)      ((rs) << 15 | 0x0bu)
#define UIRET           0x0200000bu
#define GCALL           0x0400000bu
#define GRET            0x0600000bu
#define BSWITCH(rs)     (4u << 25 | (rs) << 15 | 0x0bu)

static void put(struct machine *m, uint64_t pa, uint64_t value)
{
    bus_load(&m->bus, pa, &value, sizeof value);
}

static uint64_t get(const struct machine *m, uint64_t pa)
{
    uint64_t value;

    memcpy(&value, m->ram->host + (pa - m->ram->base), sizeof value);
    return value;
}

/* A hart that will run `count` instructions of `code`, put at `at`, in `mode`. */
static struct hart *prepare(struct machine *m, unsigned id, enum rv_mode mode, uint64_t at, const uint32_t *code,
                            unsigned count)
{
    struct hart *h = m->harts[id];

    bus_load(&m->bus, at, code, count * sizeof *code);
    h->pmp.addr[0] = ~UINT64_C(0) >> 10;
    h->pmp.cfg[0] = 0x1f;
    h->mtvec = CODE + 0x800;
    put(m, h->mtvec, FOREVER);
    h->pc = at;
    mmu_flush(h);
    hart_set_mode(h, mode);
    return h;
}

#define PREPARE(m, id, mode, at, ...)                                                                                  \
    prepare(m, id, mode, at, (const uint32_t[]){__VA_ARGS__},                                                          \
            (unsigned)(sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)))

static void run(struct machine *m)
{
    assert_int_equal(machine_run(m, m->now + 20000), MACHINE_LIMIT);
}

/* An address space with RAM where it is; `window` says whether the beginning of RAM is at WINDOW, too. */
static uint64_t make_space(struct machine *m, unsigned number, bool window)
{
    uint64_t root = TABLE + number * RV_PAGE_SIZE, leaf = (MACHINE_RAM_BASE >> 12) << 10 | 0xdf;

    put(m, root + (MACHINE_RAM_BASE >> 30) * 8, leaf);
    put(m, root + (WINDOW >> 30) * 8, window ? leaf : 0);
    return UINT64_C(8) << 60 | root >> 12;
}

static void set_csr(struct hart *h, unsigned number, uint64_t value)
{
    h->isa->csrs[number]->write(h, number, value);
}

/* ---- Translation ---- */

/* The segment covers what page tables map, as long as it is on; the pages beyond it are theirs. */
static void check_segment(bool timed)
{
    struct machine *m = make_machine(1, timed);
    uint64_t page = 0x3000;

    put(m, MACHINE_RAM_BASE + page, 111);
    put(m, MACHINE_RAM_BASE + 0x100000, 222);
    put(m, MACHINE_RAM_BASE + page + 0x1000, 333);
    struct hart *h = PREPARE(m, 0, RV_U, CODE, CSRW(0x800, A0), CSRW(0x801, A1), CSRW(0x802, A2), LD(T0, A0),
                             CSRWI(0x803, 1), LD(T1, A0), SD(T0, A0), LD(S0, 13), CSRWI(0x803, 0), LD(T2, A0), FOREVER);
    h->satp = make_space(m, 0, true);
    mmu_select(h);
    h->x[A0] = WINDOW + page;
    h->x[A1] = MACHINE_RAM_BASE + 0x100000;
    h->x[A2] = 0x1000;
    h->x[13] = WINDOW + page + 0x1000;
    run(m);
    assert_int_equal(h->x[T0], 111);
    assert_int_equal(h->x[T1], 222);
    assert_int_equal(h->x[T2], 111);
    assert_int_equal(h->x[S0], 333);
    assert_int_equal(get(m, MACHINE_RAM_BASE + 0x100000), 111); /* what the store has written */
    assert_int_equal(h->pc, CODE + 10 * 4);
    machine_destroy(m);
}

static void test_segment(void **state)
{
    check_segment(false);
    check_segment(true);
}

/* Permissions are the extension's: this one lets nobody execute. And memory that is not there is an access fault. */
static void test_segment_faults(void **state)
{
    struct machine *m = make_machine(1, true);
    struct hart *h = PREPARE(m, 0, RV_U, CODE, JALR(A0));

    set_csr(h, 0x800, WINDOW);
    set_csr(h, 0x801, MACHINE_RAM_BASE);
    set_csr(h, 0x802, 0x1000);
    set_csr(h, 0x803, 1);
    h->x[A0] = WINDOW;
    run(m);
    assert_int_equal(h->mcause, RV_FETCH_PAGE);
    assert_int_equal(h->mepc, WINDOW);
    PREPARE(m, 0, RV_U, CODE, LD(T0, A0));
    set_csr(h, 0x801, UINT64_C(0x70000000));
    run(m);
    assert_int_equal(h->mcause, RV_LOAD_ACCESS);
    assert_int_equal(h->mtval, WINDOW);
    machine_destroy(m);
}

/* ---- Interrupts ---- */

static void check_user_interrupt(bool timed)
{
    struct machine *m = make_machine(3, timed);
    uint64_t handler = CODE + 0x400;

    PREPARE(m, 1, RV_U, handler, ADDI(T0, T0, 1), CSRWI(0x80a, 0), UIRET);
    struct hart *waiter = PREPARE(m, 1, RV_U, CODE + 0x200, FOREVER);
    struct hart *sleeper = PREPARE(m, 2, RV_M, CODE + 0x300, WFI, ADDI(T0, T0, 5), FOREVER);
    set_csr(waiter, 0x808, handler);
    struct hart *sender = PREPARE(m, 0, RV_U, CODE, FOREVER);
    run(m);
    assert_int_equal(waiter->x[T0], 0);
    assert_true(sleeper->waiting);
    sender = PREPARE(m, 0, RV_U, CODE + 0x100, UISEND(A0), UISEND(A1), UISEND(A2), FOREVER);
    sender->x[A0] = 1;
    sender->x[A1] = 2;
    sender->x[A2] = 99; /* there is no such hart */
    run(m);
    assert_int_equal(waiter->x[T0], 1);
    assert_int_equal(waiter->pc, CODE + 0x200);
    assert_int_equal(waiter->mode, RV_U);
    assert_int_equal(sleeper->x[T0], 5);
    machine_destroy(m);
}

static void test_user_interrupt(void **state)
{
    check_user_interrupt(false);
    check_user_interrupt(true);
}

/* ---- Calls into other address spaces ---- */

static void check_gate(bool timed)
{
    struct machine *m = make_machine(1, timed);
    uint64_t callee = CODE + 0x400;

    put(m, MACHINE_RAM_BASE + 0x3000, 77);
    PREPARE(m, 0, RV_U, callee, ADDI(T1, T1, 1), LD(T2, A0), GRET);
    struct hart *h = PREPARE(m, 0, RV_U, CODE, GCALL, ADDI(S0, A7, 0), LD(T0, A0), ADDI(A0, A1, 0), GCALL, FOREVER);
    h->satp = make_space(m, 0, true);
    set_csr(h, 0x5c0, callee);
    set_csr(h, 0x5c1, make_space(m, 1, false));
    mmu_select(h);
    h->x[A0] = WINDOW + 0x3000; /* the callee cannot see that: the first call ends with its page fault */
    h->x[A1] = MACHINE_RAM_BASE + 0x3000;
    run(m);
    assert_int_equal(h->x[T1], 2);
    assert_int_equal(h->x[S0], RV_LOAD_PAGE);
    assert_int_equal(h->x[T0], 77);
    assert_int_equal(h->x[T2], 77);
    assert_int_equal(h->x[A7], ~UINT64_C(0));
    assert_int_equal(h->satp, make_space(m, 0, true));
    assert_int_equal(h->mcause, 0);
    PREPARE(m, 0, RV_U, CODE, GRET); /* without a call: an ordinary trap */
    run(m);
    assert_int_equal(h->mcause, RV_ILLEGAL);
    machine_destroy(m);
}

static void test_gate(void **state)
{
    check_gate(false);
    check_gate(true);
}

/* ---- State ---- */

static void test_banks_and_checkpoint(void **state)
{
    char path[] = "/tmp/mosaic-test-XXXXXX";
    int fd = mkstemp(path);
    struct machine *m = make_machine(1, true), *other = make_machine(1, true);

    assert_true(fd >= 0);
    close(fd);
    struct hart *h =
        PREPARE(m, 0, RV_M, CODE, ADDI(T0, 0, 7), ADDI(T1, 0, 1), BSWITCH(T1), ADDI(T0, T0, 1), BSWITCH(0), FOREVER);
    run(m);
    assert_int_equal(h->x[T0], 8); /* bank 0 again, after bank 1 */
    assert_int_equal(h->x[T1], 1);
    assert_null(checkpoint_save(m, path));
    assert_null(checkpoint_restore(other, path));
    struct hart *copy = other->harts[0];
    PREPARE(other, 0, RV_M, CODE + 0x100, BSWITCH(T1));
    run(other);
    assert_int_equal(copy->x[T0], 1); /* what bank 1 had */
    assert_int_equal(copy->pc, CODE + 5 * 4);
    machine_reset(other);
    PREPARE(other, 0, RV_M, CODE + 0x100, ADDI(T1, 0, 1), BSWITCH(T1), FOREVER);
    run(other);
    assert_int_equal(copy->x[T0], 0); /* and a reset forgets */
    unlink(path);
    machine_destroy(m);
    machine_destroy(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segment),
        cmocka_unit_test(test_segment_faults),
        cmocka_unit_test(test_user_interrupt),
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_banks_and_checkpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
