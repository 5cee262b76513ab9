/* Start blocks: what is written is well-formed, and nothing that is not passes the check. Executables' headers too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "abi/error.h"
#include "abi/invoke.h"
#include "lib/tess/elf.h"
#include "lib/tess/env.h"
#include "lib/tess/start.h"

static union {
    struct start_block block;
    char bytes[1024];
} buffer;

static u32 write_block(u32 capacity, err_t *error)
{
    struct start_writer w;
    char *const args[] = {"prog", "", "two words"}, *const env[] = {"A=1"};
    start_begin(&w, &buffer, capacity);
    start_tables(&w, 2, 1);
    start_put_cap(&w, 0, "fs", 40);
    start_put_cap(&w, 1, "log", 4);
    start_put_descriptor(&w, 0, (struct start_descriptor){2, 50, 1, 3});
    start_put_args(&w, 3, args);
    start_put_env(&w, 1, env);
    start_put_folder(&w, "/home");
    *error = start_end(&w);
    return *error ? 0 : w.block->size;
}

static void test_round_trip(void **state)
{
    err_t error;
    u32 size = write_block(sizeof buffer, &error);
    assert_int_equal(error, E_OK);
    assert_int_equal(start_check(&buffer.block, size), E_OK);
    env_start = &buffer.block;
    assert_int_equal(env_cap("fs"), 40);
    assert_int_equal(env_cap("log"), 4);
    assert_int_equal(env_cap("f"), 0);
    assert_string_equal(env_arg(0), "prog");
    assert_string_equal(env_arg(1), "");
    assert_string_equal(env_arg(2), "two words");
    assert_null(env_arg(3));
    assert_int_equal(buffer.block.first_slot, 51);
    assert_string_equal(buffer.bytes + buffer.block.folder, "/home");
}

static void test_too_small_buffers(void **state)
{
    err_t error;
    u32 needed = write_block(sizeof buffer, &error);
    for (u32 capacity = 0; capacity < needed; capacity++) {
        memset(&buffer, 0x55, sizeof buffer);
        write_block(capacity, &error);
        assert_int_equal(error, E_2BIG);
        for (u32 i = capacity < sizeof(struct start_block) ? (u32)sizeof(struct start_block) : capacity;
             i < sizeof buffer; i++)
            assert_int_equal(buffer.bytes[i], 0x55);
    }
    write_block(needed, &error);
    assert_int_equal(error, E_OK);
}

static void test_cut_off_blocks(void **state)
{
    err_t error;
    u32 size = write_block(sizeof buffer, &error);
    for (u32 length = 0; length < size; length++)
        assert_int_equal(start_check(&buffer.block, length), E_INVAL);
}

/* Whatever is changed: the check never reads outside (address sanitizer), and what passes can be used. */
static void test_damaged_blocks(void **state)
{
    err_t error;
    srand(1);
    for (int round = 0; round < 200000; round++) {
        u32 size = write_block(sizeof buffer, &error);
        char *copy = malloc(size);
        memcpy(copy, &buffer, size);
        for (int i = rand() % 3; i >= 0; i--) {
            u32 at = (u32)rand() % (size / 4) * 4;
            u32 value = rand() % 2 ? (u32)rand() % (2 * size) : (u32)rand() * 2654435761u;
            memcpy(copy + at, &value, at + 4 <= size ? 4 : 0);
        }
        struct start_block *block = (struct start_block *)copy;
        if (start_check(block, size) == E_OK) {
            env_start = block;
            env_cap("nothing");
            for (u32 i = 0; i <= block->argc; i++)
                assert_true(!env_arg(i) || env_arg(i) + strlen(env_arg(i)) < copy + size);
        }
        free(copy);
    }
}

static const struct elf_header good = {.magic = {0x7f, 'E', 'L', 'F'},
                                       .class = ELF_CLASS_64,
                                       .data = ELF_DATA_LITTLE,
                                       .type = ELF_TYPE_EXEC,
                                       .machine = ELF_RISCV,
                                       .phoff = 64,
                                       .phnum = 2,
                                       .phentsize = sizeof(struct elf_segment)};

#define REFUSES(field, value)                                                                                          \
    do {                                                                                                               \
        struct elf_header h = good;                                                                                    \
        h.field = (value);                                                                                             \
        assert_int_equal(elf_check_header(&h, 4096), E_NOEXEC);                                                        \
    } while (0)

static void test_elf_headers(void **state)
{
    assert_int_equal(elf_check_header(&good, 4096), E_OK);
    assert_int_equal(elf_check_header(&good, 64 + 2 * sizeof(struct elf_segment)), E_OK);
    assert_int_equal(elf_check_header(&good, 64 + 2 * sizeof(struct elf_segment) - 1), E_NOEXEC);
    assert_int_equal(elf_check_header(&good, 10), E_NOEXEC);
    REFUSES(magic[1], 'X');
    REFUSES(class, 1);
    REFUSES(data, 2);
    REFUSES(type, 3);
    REFUSES(machine, 62);
    REFUSES(phnum, 0);
    REFUSES(phnum, ELF_SEGMENTS_MAX + 1);
    REFUSES(phentsize, 32);
    REFUSES(phoff, 65);
    REFUSES(phoff, 4096 - 8);
    REFUSES(phoff, UINT64_MAX - 7);
}

static err_t check_segment(u64 offset, u64 vaddr, u64 file_size, u64 memory_size)
{
    struct elf_segment s = {ELF_LOAD, ELF_FLAG_R | ELF_FLAG_W, offset, vaddr, 0, file_size, memory_size, 4096};
    return elf_check_segment(&s, 0x10000, 0x100000);
}

static void test_elf_segments(void **state)
{
    assert_int_equal(check_segment(0x1000, 0x11000, 0x100, 0x2000), E_OK);
    assert_int_equal(check_segment(0x1234, 0x11234, 0, 0xeedcc), E_OK);
    assert_int_equal(check_segment(0x1000, 0xf000, 0x100, 0x100), E_NOEXEC);   /* below */
    assert_int_equal(check_segment(0x1000, 0xff000, 0x100, 0x1001), E_NOEXEC); /* beyond */
    assert_int_equal(check_segment(0x1000, 0x100000, 0, 0), E_NOEXEC);         /* at the end */
    assert_int_equal(check_segment(0x1000, 0x11000, 0x101, 0x100), E_NOEXEC);  /* file larger than memory */
    assert_int_equal(check_segment(0x1001, 0x11000, 0x100, 0x100), E_NOEXEC);  /* cannot be mapped */
    assert_int_equal(check_segment(UINT64_MAX - 0xfff, 0x11000, 0x100, 0x100), E_NOEXEC);
    assert_int_equal(check_segment(0x1000, 0x11000, 0x100, UINT64_MAX), E_NOEXEC);
    struct elf_segment text = {.flags = ELF_FLAG_R | ELF_FLAG_X};
    assert_int_equal(elf_segment_rights(&text), RIGHT_R | RIGHT_X);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_too_small_buffers),
        cmocka_unit_test(test_cut_off_blocks), cmocka_unit_test(test_damaged_blocks),
        cmocka_unit_test(test_elf_headers),    cmocka_unit_test(test_elf_segments),
    };
    return cmocka_run_group_tests_name("tess/start", tests, NULL, NULL);
}
