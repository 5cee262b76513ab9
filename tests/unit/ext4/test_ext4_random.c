/*
 * Random operations on the library and on a model at once: same errors, same contents, and e2fsck has nothing to say.
 * EXT4_TEST_SEED and EXT4_TEST_STEPS in the environment choose another or a longer walk.
 */

#include "tests/unit/ext4/image.h"
#include "tests/unit/ext4/model.h"

#define OPEN_MAX 4

/* An inode held open, and what the model says of it. */
struct open_file {
    struct fs_inode *inode;
    struct model_node *node;
};

static struct image image;
static struct model_node *root;
static struct open_file open_files[OPEN_MAX];
static u64 random_state;

static u32 random_below(u32 n)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (u32)(random_state >> 33) % n;
}

static u32 steps_wanted(u32 standard)
{
    const char *steps = getenv("EXT4_TEST_STEPS");
    return steps ? (u32)atoi(steps) : standard;
}

/* A random entry; mostly not deep. */
static struct model_place random_place(void)
{
    struct model_place place = {root, random_below(MODEL_NAMES)};
    for (u32 depth = 1; depth < MODEL_DEPTH_MAX; depth++) {
        struct model_node *node = place.dir->entries[place.name];
        if (!node || node->kind != MODEL_DIR || random_below(3) == 0)
            break;
        place = (struct model_place){node, random_below(MODEL_NAMES)};
    }
    return place;
}

/* The inode behind a regular file's name, NULL if the entry is something else. */
static struct fs_inode *file_at(struct model_place place)
{
    struct model_node *node = place.dir->entries[place.name];
    if (!node || node->kind != MODEL_FILE)
        return NULL;
    return file_get(image.fs, model_path(place), EXT4_NOFOLLOW);
}

/* --- Operations ---------------------------------------------------------------------------------------------- */

static void do_create(void)
{
    struct model_place place = random_place();
    struct model_node **entry = &place.dir->entries[place.name];
    struct fs_inode *inode;
    err_t error = ext4_lookup(image.fs, path_of(model_path(place)), EXT4_CREATE | EXT4_EXCL, 0644, &inode);
    assert_int_equal(error, *entry ? E_EXIST : E_OK);
    if (error)
        return;
    *entry = model_new(MODEL_FILE, NULL);
    ext4_inode_put(inode);
}

static void do_mkdir(void)
{
    struct model_place place = random_place();
    struct model_node **entry = &place.dir->entries[place.name];
    err_t error = ext4_mkdir(image.fs, path_of(model_path(place)), 0755);
    assert_int_equal(error, *entry ? E_EXIST : E_OK);
    if (!error)
        *entry = model_new(MODEL_DIR, place.dir);
}

static void do_symlink(void)
{
    struct model_place place = random_place();
    struct model_node **entry = &place.dir->entries[place.name];
    char text[3000];
    u32 size = 1 + random_below(random_below(2) ? 70 : 3000);
    memset(text, 'a' + (int)random_below(26), size);
    err_t error = ext4_symlink(image.fs, path_of(model_path(place)), text, size);
    assert_int_equal(error, *entry ? E_EXIST : E_OK);
    if (error)
        return;
    *entry = model_new(MODEL_LINK, NULL);
    (*entry)->size = size;
    memcpy((*entry)->bytes, text, size);
}

static void do_unlink(void)
{
    struct model_place place = random_place();
    struct model_node **entry = &place.dir->entries[place.name];
    err_t error = ext4_unlink(image.fs, path_of(model_path(place)));
    assert_int_equal(error, !*entry ? E_NOENT : (*entry)->kind == MODEL_DIR ? E_ISDIR : E_OK);
    if (error)
        return;
    model_unlink(*entry);
    *entry = NULL;
}

static err_t rmdir_error(const struct model_node *node)
{
    if (!node)
        return E_NOENT;
    if (node->kind != MODEL_DIR)
        return E_NOTDIR;
    for (u32 i = 0; i < MODEL_NAMES; i++)
        if (node->entries[i])
            return E_NOTEMPTY;
    return E_OK;
}

static void do_rmdir(void)
{
    struct model_place place = random_place();
    struct model_node **entry = &place.dir->entries[place.name];
    err_t error = ext4_rmdir(image.fs, path_of(model_path(place)));
    assert_int_equal(error, rmdir_error(*entry));
    if (error)
        return;
    model_unlink(*entry);
    *entry = NULL;
}

static void do_rename(void)
{
    struct model_place from = random_place(), to = random_place();
    const char *old = model_path(from), *new = model_path(to);
    err_t error = ext4_rename(image.fs, path_of(old), path_of(new));
    assert_int_equal(error, model_rename(from, to));
}

static void do_link(void)
{
    struct model_place from = random_place(), to = random_place();
    struct model_node *node = from.dir->entries[from.name], **entry = &to.dir->entries[to.name];
    const char *old = model_path(from), *new = model_path(to);
    err_t error = ext4_link(image.fs, path_of(old), path_of(new));
    assert_int_equal(error, !node ? E_NOENT : node->kind == MODEL_DIR ? E_PERM : *entry ? E_EXIST : E_OK);
    if (error)
        return;
    node->links++;
    *entry = node;
}

static void write_both(struct fs_inode *inode, struct model_node *node)
{
    u32 position = random_below(2) ? random_below(MODEL_FILE_MAX - 1) : node->size, seed = random_below(1000);
    u32 size = 1 + random_below(random_below(2) ? 100 : 20000);
    bool append = position == node->size && random_below(2);
    if (position >= MODEL_FILE_MAX)
        return;
    if (size > MODEL_FILE_MAX - position)
        size = MODEL_FILE_MAX - position;
    for (u32 i = 0; i < size; i++)
        node->bytes[position + i] = pattern_byte(seed, i);
    u8 *data = node->bytes + position;
    assert_int_equal(append ? file_append(inode, data, size)
                            : file_write(inode, position, data, size, 1 + random_below(30000)),
                     E_OK);
    if (position + size > node->size)
        node->size = position + size;
}

static void check_both(struct fs_inode *inode, const struct model_node *node)
{
    static u8 bytes[MODEL_FILE_MAX];
    size_t got;
    assert_int_equal(ext4_inode_size(inode), node->size);
    assert_int_equal(file_read(inode, 0, bytes, sizeof bytes, &got), E_OK);
    assert_int_equal(got, node->size);
    assert_memory_equal(bytes, node->bytes, got);
}

static void truncate_both(struct fs_inode *inode, struct model_node *node)
{
    u32 size = random_below(MODEL_FILE_MAX);
    assert_int_equal(ext4_inode_truncate(inode, size), E_OK);
    if (size < node->size)
        memset(node->bytes + size, 0, node->size - size);
    node->size = size;
}

/* Something with the contents of a file: one that is open, or one found by its name. */
static void do_contents(void)
{
    struct open_file *o = &open_files[random_below(OPEN_MAX)], named = {NULL, NULL};
    if (!o->inode || random_below(2)) {
        struct model_place place = random_place();
        named = (struct open_file){file_at(place), place.dir->entries[place.name]};
        o = &named;
    }
    if (!o->inode)
        return;
    switch (random_below(4)) {
    case 0:
        truncate_both(o->inode, o->node);
        break;
    case 1:
        check_both(o->inode, o->node);
        break;
    default:
        write_both(o->inode, o->node);
    }
    if (o == &named)
        ext4_inode_put(named.inode);
}

static void do_open(void)
{
    struct model_place place = random_place();
    struct open_file *o = &open_files[random_below(OPEN_MAX)];
    if (o->inode) {
        check_both(o->inode, o->node);
        ext4_inode_put(o->inode);
        model_close(o->node);
    }
    o->node = place.dir->entries[place.name];
    o->inode = file_at(place);
    if (o->inode)
        o->node->opened++;
}

static void close_all(void)
{
    for (u32 i = 0; i < OPEN_MAX; i++) {
        if (!open_files[i].inode)
            continue;
        ext4_inode_put(open_files[i].inode);
        model_close(open_files[i].node);
        open_files[i].inode = NULL;
    }
}

/* --- Comparing ----------------------------------------------------------------------------------------------- */

static void compare_link(struct fs_inode *inode, const struct model_node *node)
{
    char text[4096];
    u32 length;
    assert_int_equal(ext4_readlink(inode, text, sizeof text, &length), E_OK);
    assert_int_equal(length, node->size);
    assert_memory_equal(text, node->bytes, length);
}

static u32 count_entries(struct fs_inode *dir)
{
    struct fs_entry entry;
    u32 n = 0;
    for (u64 cookie = 0; ext4_readdir(dir, cookie, &entry) == E_OK; cookie = entry.next)
        n++;
    return n;
}

static void compare_dir(struct model_node *dir, struct fs_inode *real);

static void compare_node(struct model_node *node, struct fs_inode *inode)
{
    struct fs_stat stat;
    ext4_inode_stat(inode, &stat);
    if (node->kind == MODEL_DIR) {
        compare_dir(node, inode);
        return;
    }
    assert_int_equal(stat.links, node->links);
    if (node->kind == MODEL_FILE)
        check_both(inode, node);
    else
        compare_link(inode, node);
}

static void compare_dir(struct model_node *dir, struct fs_inode *real)
{
    u32 entries = 2;
    for (u32 i = 0; i < MODEL_NAMES; i++) {
        struct fs_inode *inode;
        const char *path = model_path((struct model_place){dir, i});
        err_t error = ext4_lookup(image.fs, path_of(path), EXT4_NOFOLLOW, 0, &inode);
        assert_int_equal(error, dir->entries[i] ? E_OK : E_NOENT);
        if (error)
            continue;
        entries++;
        compare_node(dir->entries[i], inode);
        ext4_inode_put(inode);
    }
    assert_int_equal(count_entries(real), entries);
}

static void compare_all(void)
{
    struct fs_inode *real = file_get(image.fs, "/", 0);
    compare_dir(root, real);
    ext4_inode_put(real);
}

static void do_remount(void)
{
    close_all();
    image_unmount(&image);
    image_check(&image);
    image_mount(&image);
    compare_all();
}

/* --- The walk ------------------------------------------------------------------------------------------------ */

static void walk(u32 frames, u32 steps)
{
    static void (*const operations[])(void) = {do_create,   do_create,   do_mkdir,    do_symlink,  do_unlink,
                                               do_rmdir,    do_rename,   do_rename,   do_link,     do_contents,
                                               do_contents, do_contents, do_contents, do_contents, do_open};
    const char *seed = getenv("EXT4_TEST_SEED");
    random_state = seed ? strtoull(seed, NULL, 0) : 1;
    image_make(&image, 65536, "-N 8192 -g 4096", frames); /* 16 groups */
    image_mount(&image);
    assert_int_equal(ext4_rmdir(image.fs, PATH("/lost+found")), E_OK); /* the model has none */
    root = model_new(MODEL_DIR, NULL);
    for (u32 i = 0; i < steps; i++) {
        operations[random_below(sizeof operations / sizeof operations[0])]();
        if (random_below(400) == 0)
            do_remount();
    }
    do_remount();
    image_unmount(&image);
    model_free_tree(root);
    image_free(&image);
}

static void test_walk_over_image_in_memory(void **state)
{
    walk(0, steps_wanted(4000));
}

static void test_walk_over_small_cache(void **state)
{
    walk(24, steps_wanted(4000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk_over_image_in_memory),
        cmocka_unit_test(test_walk_over_small_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
