/* Memory mappings: page sizes, derivation, partial revocation, grants, holes, quotas. */
#include "lib/test/test.h"

#define AREA(offset) (TEST_AREA + (offset))
#define ALL          RIGHTS_RWX

static u64 pages(cap_t task)
{
    struct task_info info = {0};
    task_get_info(task, &info);
    return info.pages;
}

static err_t map(vaddr_t from, u32 order, vaddr_t to)
{
    return task_map(TASK, TASK, FPAGE_MEM(from, order, ALL), to);
}

static volatile u64 *word(vaddr_t at)
{
    return (volatile u64 *)at;
}

static void every_size_shows_the_same_memory(void)
{
    u8 *ram = test_ram();
    CHECK(ram != NULL);
    for (u32 order = 12; order <= TEST_RAM_ORDER; order++) {
        u64 before = pages(TASK), size = 1ull << order;
        CHECK_OK(map((vaddr_t)ram, order, AREA(0)));
        CHECK_EQ(pages(TASK), before + size / 4096);
        *word((vaddr_t)ram) = order;
        *word((vaddr_t)ram + size - 8) = order + 1;
        CHECK_EQ(*word(AREA(0)), order);
        CHECK_EQ(*word(AREA(size - 8)), order + 1);
        *word(AREA(0)) = 0;
        CHECK_EQ(*word((vaddr_t)ram), 0);
        CHECK_OK(task_unmap(TASK, FPAGE_MEM(AREA(0), order, ALL), UNMAP_SELF));
        CHECK_EQ(pages(TASK), before);
    }
}

static void occupied_places_are_left_alone(void)
{
    vaddr_t ram = (vaddr_t)test_ram();
    CHECK_OK(map(ram, 12, AREA(0x3000)));
    CHECK_EQ(map(ram, 12, AREA(0x3000)), E_EXIST);
    CHECK_EQ(map(ram, 21, AREA(0)), E_EXIST);
    CHECK_OK(map(ram, 21, AREA(1 << 21)));
    CHECK_EQ(map(ram, 12, AREA((1 << 21) + 0x5000)), E_EXIST);
    CHECK_EQ(*word(AREA(0x3000)), *word(ram));
}

static void holes_give_nothing(void)
{
    CHECK_EQ(map(AREA(0), 12, AREA(0x100000)), E_FAULT);
    CHECK_EQ(map(AREA(0), 30, AREA(1ull << 30)), E_FAULT);
    CHECK_OK(map((vaddr_t)test_ram(), 12, AREA(0x5000))); /* one page amid holes */
    CHECK_OK(map(AREA(0), 20, AREA(1ull << 30)));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(AREA((1ull << 30) + 0x5000), 12, ALL), UNMAP_SELF));
}

static void revocation_reaches_all_descendants(void)
{
    vaddr_t ram = (vaddr_t)test_ram();
    u64 before = pages(TASK);
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(map(ram, 16, AREA(0)));
    CHECK_OK(task_map(A, TASK, FPAGE_MEM(AREA(0), 16, ALL), 0x100000));
    CHECK_OK(task_map(A, A, FPAGE_MEM(0x101000, 12, ALL), 0x200000));
    CHECK_EQ(pages(A), 17);
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(AREA(0), 16, ALL), 0));
    CHECK_EQ(pages(A), 0);
    CHECK_EQ(pages(TASK), before + 16);
    CHECK_OK(task_map(A, TASK, FPAGE_MEM(AREA(0), 16, ALL), 0x100000));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(ram, TEST_RAM_ORDER, ALL), 0));
    CHECK_EQ(pages(A), 0);
    CHECK_EQ(pages(TASK), before);
}

/* Revoking one page of a large mapping takes the child's whole piece, and only pieces that overlap. */
static void revoking_a_part_takes_whole_pieces(void)
{
    vaddr_t ram = (vaddr_t)test_ram();
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(task_map(A, TASK, FPAGE_MEM(ram, 21, ALL), 1 << 21));
    CHECK_OK(task_map(A, TASK, FPAGE_MEM(ram + (1 << 21), 14, ALL), 1 << 22));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(ram + 0x7000, 12, ALL), 0));
    CHECK_EQ(pages(A), 4);
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(ram + (1 << 21) + 0x4000, 12, ALL), 0)); /* behind the piece */
    CHECK_EQ(pages(A), 4);
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(ram + (1 << 21) + 0x3000, 12, ALL), 0));
    CHECK_EQ(pages(A), 0);
}

static void places_that_are_not_aligned_make_small_pieces(void)
{
    vaddr_t ram = (vaddr_t)test_ram();
    u64 before = pages(TASK);
    CHECK_OK(map(ram, 20, AREA(0x3000)));
    CHECK_EQ(pages(TASK), before + 256);
    for (u64 offset = 0; offset < 1 << 20; offset += 4096) {
        *word(ram + offset) = offset + 1;
        CHECK_EQ(*word(AREA(0x3000 + offset)), offset + 1);
    }
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(AREA(0), 21, ALL), UNMAP_SELF));
    CHECK_EQ(pages(TASK), before);
}

static void grant_moves_a_piece(void)
{
    vaddr_t ram = (vaddr_t)test_ram();
    u64 before = pages(TASK);
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(map(ram, 14, AREA(0)));
    CHECK_OK(task_map(A, TASK, FPAGE_MEM(AREA(0), 14, ALL), 0x10000 | ITEM_GRANT));
    CHECK_EQ(pages(TASK), before);
    CHECK_EQ(pages(A), 4);
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(ram, 12, ALL), 0)); /* it hangs below our RAM now */
    CHECK_EQ(pages(A), 0);
    CHECK_EQ(task_map(A, TASK, FPAGE_MEM(ram, 12, ALL), 0x10000 | ITEM_GRANT), E_PERM); /* part of a larger node */
}

static void own_memory_stays(void)
{
    vaddr_t ram = (vaddr_t)test_ram();
    u64 before = pages(TASK);
    *word(ram) = 42;
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(ram, TEST_RAM_ORDER, RIGHT_X), 0));
    CHECK_OK(task_unmap(TASK, FPAGE_MEM(ram, TEST_RAM_ORDER, ALL), 0));
    CHECK_EQ(pages(TASK), before);
    CHECK_EQ(*word(ram), 42);
}

/* A task whose factory is poor: mapping fails with E_NOMEM, and all comes back. */
static void who_receives_pays_for_tables(void)
{
    vaddr_t ram = (vaddr_t)test_ram();
    for (u64 quota = 16 << 10; quota <= 64 << 10; quota += 4 << 10) {
        CHECK_OK(factory_create_factory(FACTORY, A, quota));
        CHECK_OK(factory_create_task(A, B));
        err_t error = E_OK;
        for (u64 i = 0; i < 100 && !error; i++)
            error = task_map(B, TASK, FPAGE_MEM(ram, 12, ALL), i << 30 | i << 21);
        CHECK_EQ(error, E_NOMEM);
        CHECK_OK(test_delete(A));
    }
}

/* Random maps and unmaps between three spaces; the leak check behind the test is the judge. */
static void random_mappings_lose_nothing(void)
{
    vaddr_t ram = (vaddr_t)test_ram();
    CHECK_OK(factory_create_task(FACTORY, A));
    CHECK_OK(factory_create_task(FACTORY, B));
    const cap_t task[] = {TASK, A, B};
    for (u32 i = 0; i < 2000; i++) {
        u32 order = 12 + (u32)(test_random() % 11), from = (u32)(test_random() % 3), to = (u32)(test_random() % 3);
        u64 size = 1ull << order, offset = test_random() % (1 << TEST_RAM_ORDER) & ~(size - 1);
        vaddr_t source = from == 0 && i % 2 ? ram + offset : AREA(offset);
        vaddr_t target = AREA(test_random() % (1 << TEST_RAM_ORDER) & ~0xfffull);
        if (test_random() % 3 == 0)
            CHECK_OK(task_unmap(task[from], FPAGE_MEM(source, order, ALL), source < AREA(0) ? 0 : test_random() % 2));
        else
            task_map(task[to], task[from], FPAGE_MEM(source, order, ALL), target | (test_random() % 8 == 0));
    }
}

TESTS(TEST(every_size_shows_the_same_memory), TEST(occupied_places_are_left_alone), TEST(holes_give_nothing),
      TEST(revocation_reaches_all_descendants), TEST(revoking_a_part_takes_whole_pieces),
      TEST(places_that_are_not_aligned_make_small_pieces), TEST(grant_moves_a_piece), TEST(own_memory_stays),
      TEST(who_receives_pays_for_tables), TEST(random_mappings_lose_nothing));
