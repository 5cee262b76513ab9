/*
 * Every row of abi/op.def, each way an invocation can fail before it begins: a right that is missing, words or items
 * that are missing, operations that do not exist, capabilities of the wrong kind, empty, dead, or reply capabilities in
 * an item's place. Whatever comes back is an error that the kernel may give, and the invariants hold.
 */
#include "tests/unit/kernel/rig.h"

struct row {
    const char *name;
    u64 object, number, rights, words, items;
};

static const struct row rows[] = {
#define OBJECT(name, number, text)
#define OP(object, name, number, rights, words, items, errors, cost, text)                                             \
    {#object "." #name, OBJ_##object, number, rights, words, items},
#define OP_DEBUG OP /* the kernel of host tests is a debug build */
#include "abi/op.def"
#undef OBJECT
#undef OP
};
#define ROWS (sizeof rows / sizeof *rows)

#define ERRORS_MAX 256
static const bool by_kernel[ERRORS_MAX] = {
#define ERROR(name, number, kernel, text) [number] = kernel,
#include "abi/error.def"
#undef ERROR
};

/* What an operation wants as its items. */
static const struct wanted {
    u64 object, number, type[2], rights[2];
} wanted[] = {
    {OBJ_TASK, OP_TASK_MAP, {OBJ_TASK}, {RIGHT_CONTROL}},
    {OBJ_THREAD, OP_THREAD_DEL_IRQ, {OBJ_IRQ}, {RIGHT_USE}},
    {OBJ_GATE, OP_GATE_BIND, {OBJ_THREAD}, {RIGHT_CONTROL}},
    {OBJ_IRQ, OP_IRQ_BIND, {OBJ_THREAD}, {RIGHT_CONTROL}},
    {OBJ_IRQ, OP_IRQ_CHAIN, {OBJ_IRQ}, {RIGHT_USE}},
    {OBJ_ICU, OP_ICU_BIND, {OBJ_IRQ}, {RIGHT_CONTROL}},
    {OBJ_SCHEDULER, OP_SCHEDULER_RUN_THREAD, {OBJ_THREAD, OBJ_SC}, {RIGHT_CONTROL, RIGHT_CONTROL}},
    {OBJ_SC, OP_SC_HANDLER, {OBJ_IRQ}, {RIGHT_USE}},
};

enum { OBJECT_SLOT = 20, WEAK_SLOT, ITEM_SLOT, WEAK_ITEM, REPLY_SLOT, EMPTY_SLOT };

/* Where an object of the type stands: what boot made, or a new one in `slot`. */
static u64 make_object(u64 type, u64 slot)
{
    switch (type) {
    case OBJ_LOG:
        return LOG;
    case OBJ_ICU:
        return ICU;
    case OBJ_SCHEDULER:
        return SCHEDULER;
    default:
        assert_int_equal(create(FACTORY, slot, type, type == OBJ_FACTORY ? 4 * PAGE_SIZE : 1), 0);
        return slot;
    }
}

/* A child of the capability with these rights only. */
static void weaken(u64 from, u64 to, u64 rights)
{
    item(0, TASK);
    assert_int_equal(call(TASK, TAG(3, 1), OP_TASK_MAP, FPAGE_OBJ(from, 0, rights), to << FPAGE_START_SHIFT, 0), 0);
}

static void remove_slot(u64 slot)
{
    call(TASK, TAG(3, 0), OP_TASK_UNMAP, FPAGE_OBJ(slot, 0, RIGHTS_ALL), UNMAP_SELF, 0);
}

static u64 tag_for(const struct row *row, u64 words, u64 items)
{
    return TAG(words, items) | (row->object == OBJ_GATE ? TAG_OBJECT : 0);
}

/* The operation with words that are harmless, and what is in the UTCB as items. */
static u64 try(const struct row *row, u64 slot, u64 words, u64 items)
{
    u64 w[MSG_REGS] = {row->number, 1};
    host_invoke(tag_for(row, words, items), SEL_OP_CALL | AT(slot), TIMEOUTS(TIMEOUT_ZERO, TIMEOUT_ZERO), 0, w);
    u64 error = result(root());
    assert_true(error < ERRORS_MAX && by_kernel[error]);
    check();
    return error;
}

static const struct wanted *wanted_by(const struct row *row)
{
    for (u32 i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (wanted[i].object == row->object && wanted[i].number == row->number)
            return &wanted[i];
    return NULL;
}

/* Genuine objects of the right types as items. */
static u64 good_items(const struct row *row)
{
    const struct wanted *w = wanted_by(row);
    u64 n = 0;
    for (; w && n < 2 && w->type[n]; n++) {
        remove_slot(ITEM_SLOT + 10 * n);
        make_object(w->type[n], ITEM_SLOT + 10 * n);
    }
    for (u64 i = 0; i < n; i++)
        item(i, ITEM_SLOT + 10 * i);
    return n;
}

static void expect(const struct row *row, const char *what, u64 detail, u64 error, u64 expected)
{
    if (error != expected)
        fail_msg("%s, %s (%lu): error %lu, not %lu", row->name, what, detail, error, expected);
}

static void test_each_right_is_needed(void **unused)
{
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        boot(NULL);
        u64 object = make_object(row->object, OBJECT_SLOT);
        assert_true(row->rights);
        for (u64 right = 1; right <= RIGHTS_ALL; right <<= 1) {
            weaken(object, WEAK_SLOT, RIGHTS_ALL & ~right);
            u64 n = good_items(row), error = try(row, WEAK_SLOT, 8, n ? n : row->items);
            if (row->rights & right)
                expect(row, "without the right", right, error, E_PERM);
            else if (error == E_PERM)
                expect(row, "without a right that it does not need", right, error, E_OK);
            remove_slot(WEAK_SLOT);
        }
        weaken(object, WEAK_SLOT, row->rights);
        u64 n = good_items(row);
        if (try(row, WEAK_SLOT, 8, n ? n : row->items) == E_PERM)
            fail_msg("%s refuses the rights that its row names", row->name);
    }
}

static void test_words_and_items_are_counted(void **unused)
{
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        boot(NULL);
        u64 object = make_object(row->object, OBJECT_SLOT);
        u64 n = good_items(row);
        for (u64 words = 1; words < row->words; words++)
            expect(row, "words missing", words, try(row, object, words, n), E_MSGSIZE);
        for (u64 items = 0; items < row->items; items++)
            expect(row, "items missing", items, try(row, object, row->words, items), E_MSGSIZE);
    }
}

static bool exists(u64 object, u64 number)
{
    for (const struct row *row = rows; row < rows + ROWS; row++)
        if (row->object == object && row->number == number)
            return true;
    return false;
}

static void test_other_operations_do_not_exist(void **unused)
{
    static const u64 far[] = {64, 255, 256, 1ull << 31, 1ull << 32, 1ull << 63, ~0ull};
    boot(NULL);
    for (u64 type = OBJ_TASK; type <= OBJ_LOG; type++) {
        struct row row = {.name = "other operation", .object = type};
        u64 object = make_object(type, OBJECT_SLOT);
        for (u64 i = 0; i < 40; i++) {
            row.number = i < 32 ? i : far[i % (sizeof far / sizeof *far)];
            if (!exists(type, row.number))
                expect(&row, "object", type, try(&row, object, 8, 0), E_NOSYS);
        }
        if (object == OBJECT_SLOT)
            remove_slot(object);
    }
}

/* Item i of the operation is not what it wants, the others are. */
static void bad_item(const struct row *row, u64 object, u64 i, u64 what, u64 expected)
{
    u64 n = good_items(row);
    root()->utcb->item[i].what = what;
    expect(row, "with the wrong item", i, try(row, object, 8, n), expected);
}

static void try_bad_items(const struct row *row, const struct wanted *w, u64 object, u64 i)
{
    u64 good = ITEM_SLOT + 10 * i;
    bad_item(row, object, i, FPAGE_OBJ(EMPTY_SLOT, 0, RIGHTS_ALL), E_NOENT);
    bad_item(row, object, i, FPAGE_OBJ(0, 0, RIGHTS_ALL), E_NOENT);
    bad_item(row, object, i, FPAGE_OBJ(SLOTS - 1, 0, RIGHTS_ALL), E_NOENT);
    bad_item(row, object, i, FPAGE_OBJ(REPLY_SLOT, 0, RIGHTS_ALL), E_NOENT);
    bad_item(row, object, i, FPAGE_OBJ(good, 0, RIGHTS_ALL) ^ (FPAGE_OBJECT << FPAGE_TYPE_SHIFT), E_INVAL);
    bad_item(row, object, i, FPAGE_OBJ(good, 40, RIGHTS_ALL), E_INVAL);
    bad_item(row, object, i, FPAGE_OBJ(good, 0, RIGHTS_ALL) | 1ull << 63, E_INVAL);
    bad_item(row, object, i, FPAGE_OBJ(good, 0, RIGHTS_ALL & ~w->rights[i]), E_PERM); /* the item masks rights */
    for (u64 type = OBJ_TASK; type <= OBJ_SC; type++) {
        u64 other = type == w->type[i] ? EMPTY_SLOT : make_object(type, EMPTY_SLOT);
        if (other != EMPTY_SLOT || type != w->type[i])
            bad_item(row, object, i, FPAGE_OBJ(other, 0, RIGHTS_ALL), E_INVAL);
        remove_slot(EMPTY_SLOT);
    }
    good_items(row);
    weaken(good, WEAK_ITEM, RIGHTS_ALL & ~w->rights[i]);
    root()->utcb->item[i].what = FPAGE_OBJ(WEAK_ITEM, 0, RIGHTS_ALL);
    for (u64 k = 0; k < 2; k++)
        if (k != i)
            item(k, ITEM_SLOT + 10 * k);
    expect(row, "with too few rights on item", i, try(row, object, 8, w->type[1] ? 2 : 1), E_PERM);
}

/* A thread that calls the first one, which keeps the reply capability. */
static void keep_a_reply(void)
{
    struct thread *caller = make_thread(40, 41);
    make_gate(42, THREAD);
    start(40, EX_REGS_PC);
    invoke_as(caller, TAG(1, 0), SEL_OP_CALL | AT(42), 0);
    host_invoke(0, SEL_OP_WAIT, 0, REPLY_SLOT, (u64[MSG_REGS]){0});
    assert_true(thread_calling(caller));
}

static void test_items_are_genuine(void **unused)
{
    u32 seen = 0;
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        const struct wanted *w = wanted_by(row);
        assert_true(!row->items || w); /* the table above knows all that want some */
        if (!w)
            continue;
        seen++;
        boot(NULL);
        keep_a_reply();
        u64 object = make_object(row->object, OBJECT_SLOT);
        for (u64 i = 0; i < 2 && w->type[i]; i++)
            try_bad_items(row, w, object, i);
    }
    assert_int_equal(seen, sizeof wanted / sizeof *wanted);
}

/* An object that died leaves nothing behind that could be invoked or named. */
static void test_dead_objects_are_gone(void **unused)
{
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        boot(NULL);
        u64 object = make_object(row->object, OBJECT_SLOT);
        weaken(object, WEAK_SLOT, RIGHTS_ALL);
        u64 n = good_items(row);
        remove_slot(object);
        if (object == TASK || object == FACTORY)
            continue;
        for (u64 i = 0; i < n; i++)
            item(i, ITEM_SLOT + 10 * i);
        expect(row, "dead", 0, try(row, WEAK_SLOT, 8, n), E_NOENT);
        expect(row, "dead, creator's", 0, try(row, object, 8, n), E_NOENT);
        const struct wanted *w = wanted_by(row);
        if (!w || object != OBJECT_SLOT)
            continue;
        make_object(row->object, OBJECT_SLOT);
        good_items(row);
        remove_slot(ITEM_SLOT);
        for (u64 i = 0; i < n; i++)
            item(i, ITEM_SLOT + 10 * i);
        expect(row, "with a dead item", 0, try(row, object, 8, n), E_NOENT);
    }
}

/* A reply capability and an empty slot are no objects, whatever is asked of them. */
static void test_no_operation_on_no_object(void **unused)
{
    boot(NULL);
    keep_a_reply();
    for (const struct row *row = rows; row < rows + ROWS; row++) {
        expect(row, "on a reply capability", 0, try(row, REPLY_SLOT, 8, 0), E_NOENT);
        expect(row, "on an empty slot", 0, try(row, EMPTY_SLOT, 8, 0), E_NOENT);
        expect(row, "on a slot that does not exist", 0, try(row, SLOTS - 1, 8, 0), E_NOENT);
    }
}

int main(void)
{
    host_quiet = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_right_is_needed),          cmocka_unit_test(test_words_and_items_are_counted),
        cmocka_unit_test(test_other_operations_do_not_exist), cmocka_unit_test(test_items_are_genuine),
        cmocka_unit_test(test_dead_objects_are_gone),         cmocka_unit_test(test_no_operation_on_no_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
