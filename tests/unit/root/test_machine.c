/* What root is told about the machine: boot archive (built here) and device tree (built by libfdt), whole and damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "servers/root/archive.h"
#include "servers/root/devicetree.h"
#include "servers/root/piece.h"

/* ---- archive ---- */

static char archive[65536];

static size_t add_member(size_t at, const char *name, size_t padding, const char *data)
{
    size_t name_size = strlen(name) + 1 + padding, size = strlen(data);
    sprintf(archive + at, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1, 0100644, 0, 0, 1, 0,
            (unsigned)size, 0, 0, 0, 0, (unsigned)name_size, 0);
    memset(archive + at + 110, 0, name_size);
    strcpy(archive + at + 110, name);
    at = (at + 110 + name_size + 3) & ~3ull;
    memcpy(archive + at, data, size);
    return (at + size + 3) & ~3ull;
}

static size_t build_archive(void)
{
    memset(archive, 0, sizeof archive);
    size_t end = add_member(0, "one", 0, "first");
    end = add_member(end, "two", 100, "second file");
    end = add_member(end, "empty", 0, "");
    return add_member(end, "TRAILER!!!", 0, "");
}

static void test_archive_members(void **state)
{
    struct archive_file file;
    archive_init((paddr_t)archive, (paddr_t)archive + build_archive());
    assert_true(archive_find("two", &file));
    assert_int_equal(file.size, 11);
    assert_memory_equal((char *)file.start, "second file", 11);
    assert_true(archive_find("empty", &file));
    assert_int_equal(file.size, 0);
    assert_false(archive_find("tw", &file));
    assert_true(archive_get(0, &file));
    assert_string_equal(file.name, "one");
    assert_false(archive_get(3, &file));
}

static void test_damaged_archives(void **state)
{
    size_t size = build_archive();
    srand(2);
    for (int round = 0; round < 20000; round++) {
        size_t length = rand() % 4 ? size : (size_t)rand() % size;
        char *copy = malloc(length + 1);
        memcpy(copy, archive, length);
        for (int i = rand() % 4; i >= 0 && length; i--)
            copy[(size_t)rand() % length] = "0123456789ABCDEFf\xff\0"[rand() % 19];
        archive_init((paddr_t)copy, (paddr_t)copy + length);
        struct archive_file file;
        for (u64 i = 0; archive_get(i, &file); i++)
            assert_true(file.start >= (paddr_t)copy && file.start + file.size <= (paddr_t)copy + length);
        free(copy);
    }
}

/* ---- device tree ---- */

static char blob[8192];

static void add_device(const char *name, const char *compatible, size_t length, u64 address, u64 size, u32 irq)
{
    fdt_begin_node(blob, name);
    fdt_property(blob, "compatible", compatible, (int)length);
    fdt64_t reg[2] = {cpu_to_fdt64(address), cpu_to_fdt64(size)};
    fdt_property(blob, "reg", reg, sizeof reg);
    if (irq)
        fdt_property_u32(blob, "interrupts", irq);
    fdt_end_node(blob);
}

static void build_tree(void)
{
    assert_int_equal(fdt_create(blob, sizeof blob), 0);
    fdt_finish_reservemap(blob);
    fdt_begin_node(blob, "");
    fdt_property_u32(blob, "#address-cells", 2);
    fdt_property_u32(blob, "#size-cells", 2);
    fdt_begin_node(blob, "memory@80000000"); /* registers, but nothing to be compatible with */
    fdt64_t reg[2] = {cpu_to_fdt64(0x80000000), cpu_to_fdt64(0x8000000)};
    fdt_property(blob, "reg", reg, sizeof reg);
    fdt_end_node(blob);
    fdt_begin_node(blob, "soc");
    fdt_property_string(blob, "compatible", "simple-bus");
    fdt_property_u32(blob, "#address-cells", 2);
    fdt_property_u32(blob, "#size-cells", 2);
    add_device("serial@10000000", "ns16550a", 9, 0x10000000, 0x100, 10);
    add_device("test@100000", "sifive,test1\0sifive,test0\0syscon", 33, 0x100000, 0x1000, 0);
    fdt_end_node(blob);
    fdt_end_node(blob);
    assert_int_equal(fdt_finish(blob), 0);
}

static void test_devices(void **state)
{
    struct device d[8];
    build_tree();
    assert_int_equal(devicetree_read(blob, d, 8), 2);
    assert_string_equal(d[0].path, "/soc/serial@10000000");
    assert_int_equal(d[0].address, 0x10000000);
    assert_int_equal(d[0].size, 0x100);
    assert_int_equal(d[0].irq_line, 10);
    assert_true(device_matches(&d[0], "/soc/serial@10000000"));
    assert_true(device_matches(&d[1], "sifive,test0"));
    assert_true(device_matches(&d[1], "syscon"));
    assert_false(device_matches(&d[1], "sifive"));
    assert_int_equal(devicetree_read(blob, d, 1), 1);
}

static void test_damaged_trees(void **state)
{
    build_tree();
    size_t size = fdt_totalsize(blob);
    srand(3);
    for (int round = 0; round < 50000; round++) {
        char *copy = malloc(size);
        memcpy(copy, blob, size);
        for (int i = rand() % 4; i >= 0; i--)
            copy[40 + (size_t)rand() % (size - 40)] = (char)rand();
        struct device d[8];
        assert_in_range(devicetree_read(copy, d, 8), 0, 8);
        free(copy);
    }
    struct device d[1];
    memset(blob, 0, sizeof blob);
    assert_int_equal(devicetree_read(blob, d, 1), 0);
}

/* ---- pieces ---- */

static void expect_piece(struct map_item piece, paddr_t phys, u32 order, vaddr_t at)
{
    assert_int_equal(piece.what, FPAGE_MEM(phys, order, RIGHT_R));
    assert_int_equal(piece.base, at);
}

static void test_pieces(void **state)
{
    /* a run of 1 MiB at 0x80100000, mapped one to one modulo 1 MiB: limited by the window, then by the run */
    expect_piece(piece_around(0x80100000, 0x100000, 0x5000, 0x205000, 16, RIGHT_R), 0x80100000, 16, 0x200000);
    expect_piece(piece_around(0x80100000, 0x100000, 0x5000, 0x205000, 30, RIGHT_R), 0x80100000, 20, 0x200000);
    /* addresses that differ in bit 12 agree on single pages only */
    expect_piece(piece_around(0x80100000, 0x100000, 0x5000, 0x204000, 20, RIGHT_R), 0x80105000, 12, 0x204000);
    /* the run's last pages */
    expect_piece(piece_around(0x80100000, 0x3000, 0x2000, 0x202000, 20, RIGHT_R), 0x80102000, 12, 0x202000);
    expect_piece(piece_around(0x80100000, 0x3000, 0x1000, 0x201000, 20, RIGHT_R), 0x80100000, 13, 0x200000);
    assert_int_equal(piece_order(0x10000, 0x30000, 0x100000, 30), 16);
    assert_int_equal(piece_order(0x10000, 0x30000, 0x4000, 30), 14);
    assert_int_equal(piece_order(0x10000, 0x30000, 0x100000, 13), 13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_archive_members), cmocka_unit_test(test_damaged_archives), cmocka_unit_test(test_devices),
        cmocka_unit_test(test_damaged_trees),   cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests_name("root/machine", tests, NULL, NULL);
}
