/*
 * Extent trees, changing: inserting, converting and cutting. Everything happens within a transaction, whose undo takes
 * back half-done splits, so that each step may simply fail. A full leaf is split at the nearest node above that has
 * room; if none has, the root's contents move to a new block, which makes the tree one level deeper.
 */

#include "lib/base/string.h"
#include "servers/fs/ext4/alloc.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/group.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/txn.h"

#define LENGTH_WRITTEN   EXT4_EXTENT_LEN_MAX
#define LENGTH_UNWRITTEN (EXT4_EXTENT_LEN_MAX - 1)
#define CUT_ROOM         (24u << 10) /* more than one extent's cutting changes, in bytes */
#define CUT_STEP         32u         /* extents in one transaction: each may pin another bitmap */

static u8 *entry_at(const struct extent_level *level, u32 i)
{
    return (u8 *)(level->head + 1) + i * EXTENT_ENTRY_SIZE;
}

/* Declares that the header and the entries from `first` on change, up to one more than there are. */
static err_t level_change(struct fs_inode *inode, const struct extent_level *level, u32 first)
{
    u32 n = level->head->entries + 1u < level->head->max ? level->head->entries + 1u : level->head->max;
    err_t error = txn_change(inode->fs, &level->run, level->head, sizeof *level->head);
    if (!error && first < n)
        error = txn_change(inode->fs, &level->run, entry_at(level, first), (n - first) * EXTENT_ENTRY_SIZE);
    return error;
}

/* Opens a gap at entry i, or closes it; the caller has called level_change. */
static void level_open(const struct extent_level *level, u32 i)
{
    memmove(entry_at(level, i + 1), entry_at(level, i), (level->head->entries - i) * EXTENT_ENTRY_SIZE);
    level->head->entries++;
}

static void level_close(const struct extent_level *level, u32 i)
{
    level->head->entries--;
    memmove(entry_at(level, i), entry_at(level, i + 1), (level->head->entries - i) * EXTENT_ENTRY_SIZE);
}

static void hint_set(struct fs_inode *inode, struct extent_map map)
{
    inode->hint = map;
    inode->hint_epoch = inode->fs->epoch;
}

static void hint_clear(struct fs_inode *inode)
{
    inode->hint.count = 0;
}

static err_t inode_count(struct fs_inode *inode, i64 blocks)
{
    err_t error = inode_change(inode);
    if (!error)
        inode_add_blocks(inode, blocks);
    return error;
}

/* --- Growing ------------------------------------------------------------------------------------------------- */

/* A new node near the file's data; counted as the inode's. */
static err_t node_alloc(struct fs_inode *inode, u32 goal, struct extent_level *node)
{
    u32 block, count;
    err_t error = alloc_blocks(inode->fs, goal, 1, ALLOC_RESERVED, &block, &count);
    if (!error)
        error = inode_count(inode, 1);
    if (!error)
        error = txn_fresh(inode->fs, block, &node->run);
    if (!error)
        node->head = (struct ext4_extent_header *)node->run.data;
    return error;
}

static void node_fill(struct extent_level *node, u32 depth, const u8 *entries, u32 count)
{
    *node->head = (struct ext4_extent_header){
        .magic = EXT4_EXTENT_MAGIC, .entries = (u16)count, .max = EXTENT_IN_BLOCK, .depth = (u16)depth};
    memcpy(node->head + 1, entries, count * EXTENT_ENTRY_SIZE);
}

/* Moves the root's entries to a new node, the only child of the root from now on. */
static err_t tree_deepen(struct fs_inode *inode, struct extent_level *root, u32 goal)
{
    struct extent_level node;
    if (root->head->depth >= EXT4_EXTENT_DEPTH)
        return E_FBIG;
    err_t error = node_alloc(inode, goal, &node);
    if (error)
        return error;
    error = inode_change(inode);
    if (!error) {
        node_fill(&node, root->head->depth, entry_at(root, 0), root->head->entries);
        root->head->depth++;
        root->head->entries = 1;
        *extent_indexes(root) =
            (struct ext4_extent_index){.block = extent_indexes(&node)->block, .child = node.run.block};
    }
    cache_put(&inode->fs->cache, &node.run);
    return error;
}

/* How many of a full node's n entries stay in it: files that grow at either end shall fill their nodes. */
static u32 split_point(u32 at, u32 n)
{
    if (at + 1 == n)
        return n - 1;
    return at == 0 ? 1 : n / 2;
}

/* Moves the upper part of the path's node i to a new node beside it; its parent has room. */
static err_t node_split(struct fs_inode *inode, struct extent_path *path, u32 i, u32 goal)
{
    struct extent_level *old = &path->level[i], *parent = &path->level[i - 1], node;
    u32 n = old->head->entries, keep = split_point(old->at, n);
    err_t error = node_alloc(inode, goal, &node);
    if (error)
        return error;
    error = level_change(inode, parent, parent->at + 1);
    if (!error)
        error = txn_change(inode->fs, &old->run, old->head, sizeof *old->head);
    if (!error) {
        node_fill(&node, old->head->depth, entry_at(old, keep), n - keep);
        old->head->entries = (u16)keep;
        level_open(parent, parent->at + 1);
        extent_indexes(parent)[parent->at + 1] =
            (struct ext4_extent_index){.block = extent_indexes(&node)->block, .child = node.run.block};
    }
    cache_put(&inode->fs->cache, &node.run);
    return error;
}

static bool level_is_full(const struct extent_level *level)
{
    return level->head->entries >= level->head->max;
}

/* One step towards room in the leaf: splits the lowest node that has a parent with room, or deepens the tree. */
static err_t tree_make_room(struct fs_inode *inode, struct extent_path *path, u32 goal)
{
    for (u32 i = path->depth; i > 0; i--)
        if (!level_is_full(&path->level[i - 1]))
            return path->level[i].head->entries < 2
                       ? ext4_corrupt(inode->fs, "tiny extent node of inode", inode->number)
                       : node_split(inode, path, i, goal);
    return tree_deepen(inode, &path->level[0], goal);
}

/* --- Inserting ----------------------------------------------------------------------------------------------- */

/* After the first entry of the leaf has changed: the indexes above begin where it begins. */
static err_t path_fix_keys(struct fs_inode *inode, struct extent_path *path)
{
    u32 block = extent_leaves(&path->level[path->depth])->block;
    for (u32 i = path->depth; i > 0 && path->level[i].at == 0; i--) {
        struct extent_level *parent = &path->level[i - 1];
        struct ext4_extent_index *index = &extent_indexes(parent)[parent->at];
        if (index->block <= block)
            break;
        err_t error = txn_change(inode->fs, &parent->run, index, sizeof *index);
        if (error)
            return error;
        index->block = block;
    }
    return E_OK;
}

/* Whether b continues a, in the file and on disk, and both make one legal extent. */
static bool maps_join(struct extent_map a, struct extent_map b)
{
    return a.unwritten == b.unwritten && a.block + a.count == b.block && a.disk + a.count == b.disk &&
           a.count + b.count <= (a.unwritten ? LENGTH_UNWRITTEN : LENGTH_WRITTEN);
}

/* Tries to join the map to the extents beside it in the leaf. */
static err_t path_merge(struct fs_inode *inode, struct extent_path *path, struct extent_map map, bool *merged)
{
    struct extent_level *leaf = &path->level[path->depth];
    struct ext4_extent *e = extent_leaves(leaf);
    u32 n = leaf->head->entries, at = leaf->at;
    *merged = false;
    if (!n)
        return E_OK;
    bool behind = e[at].block <= map.block; /* the map belongs behind entry at, else before it */
    u32 left = at, right = behind ? at + 1 : at;
    bool join_left = behind && maps_join(extent_read(&e[left]), map);
    struct extent_map all = join_left ? extent_read(&e[left]) : map;
    all.count += join_left ? map.count : 0;
    bool join_right = right < n && maps_join(all, extent_read(&e[right]));
    if (!join_left && !join_right)
        return E_OK;
    err_t error = join_left && join_right ? level_change(inode, leaf, left)
                                          : txn_change(inode->fs, &leaf->run, &e[join_left ? left : right], sizeof *e);
    if (error)
        return error;
    if (join_right)
        all.count += extent_read(&e[right]).count;
    if (join_left && join_right)
        level_close(leaf, right);
    extent_write(&e[join_left ? left : right], all);
    hint_set(inode, all);
    *merged = true;
    return path_fix_keys(inode, path);
}

/* Puts the map into the path's leaf, which has room. */
static err_t path_insert(struct fs_inode *inode, struct extent_path *path, struct extent_map map)
{
    struct extent_level *leaf = &path->level[path->depth];
    u32 n = leaf->head->entries, i = n && extent_leaves(leaf)[leaf->at].block < map.block ? leaf->at + 1 : leaf->at;
    err_t error = level_change(inode, leaf, i);
    if (error)
        return error;
    level_open(leaf, i);
    extent_write(&extent_leaves(leaf)[i], map);
    leaf->at = i;
    hint_set(inode, map);
    return path_fix_keys(inode, path);
}

u32 extent_insert_cost(const struct fs_inode *inode)
{
    return ((const struct ext4_extent_header *)inode->raw->block)->depth % 8u + 2;
}

/* One attempt; *again: room was made, so try once more. */
static err_t extent_insert_step(struct fs_inode *inode, struct extent_map map, bool *again)
{
    struct extent_path path;
    bool merged = false;
    *again = false;
    err_t error = extent_path_find(inode, map.block, &path);
    if (!error)
        error = path_merge(inode, &path, map, &merged);
    if (!error && !merged) {
        *again = level_is_full(&path.level[path.depth]);
        error = *again ? tree_make_room(inode, &path, map.disk) : path_insert(inode, &path, map);
    }
    extent_path_put(inode, &path);
    return error;
}

static err_t extent_enter(struct fs_inode *inode, struct extent_map map)
{
    bool again = true;
    err_t error = E_OK;
    for (u32 i = 0; again && !error; i++)
        error = i < 2 * EXT4_EXTENT_DEPTH + 2 ? extent_insert_step(inode, map, &again)
                                              : ext4_corrupt(inode->fs, "bad extent tree of inode", inode->number);
    return error;
}

err_t extent_insert(struct fs_inode *inode, struct extent_map map)
{
    err_t error = inode_count(inode, map.count);
    return error ? error : extent_enter(inode, map);
}

/* --- Converting ---------------------------------------------------------------------------------------------- */

/* Replaces the extent at the path's end by its part of `count` blocks from `skip` on. */
static err_t path_shorten(struct fs_inode *inode, struct extent_path *path, struct extent_map map)
{
    struct extent_level *leaf = &path->level[path->depth];
    struct ext4_extent *e = &extent_leaves(leaf)[leaf->at];
    err_t error = txn_change(inode->fs, &leaf->run, e, sizeof *e);
    if (!error)
        extent_write(e, map);
    return error;
}

/* Makes the path's extent the first of the parts that it is to be split into; tells the middle and the right part. */
static err_t path_carve(struct fs_inode *inode, struct extent_path *path, struct extent_map *middle,
                        struct extent_map *right)
{
    const struct extent_level *leaf = &path->level[path->depth];
    struct extent_map left = leaf->head->entries ? extent_read(&extent_leaves(leaf)[leaf->at]) : (struct extent_map){0};
    u32 skip = middle->block - left.block;
    if (middle->block < left.block || skip >= left.count || middle->count > left.count - skip)
        return ext4_corrupt(inode->fs, "bad extent tree of inode", inode->number);
    *right = left;
    right->block = middle->block + middle->count;
    right->count = left.count - skip - middle->count;
    right->disk = left.disk + skip + middle->count;
    middle->disk = left.disk + skip;
    left.count = skip;
    err_t error = path_shorten(inode, path, skip ? left : *middle);
    if (!skip)
        middle->count = 0; /* stands already */
    return error;
}

err_t extent_mark_written(struct fs_inode *inode, u32 block, u32 count)
{
    struct extent_path path;
    struct extent_map middle = {.block = block, .count = count}, right = {0};
    err_t error = inode_change(inode);
    if (error)
        return error;
    error = extent_path_find(inode, block, &path);
    if (!error)
        error = path_carve(inode, &path, &middle, &right);
    extent_path_put(inode, &path);
    if (!error && middle.count)
        error = extent_enter(inode, middle);
    if (!error && right.count)
        error = extent_enter(inode, right);
    hint_clear(inode);
    return error;
}

/* --- Cutting ------------------------------------------------------------------------------------------------- */

static err_t node_free(struct fs_inode *inode, u32 block)
{
    err_t error = alloc_free_blocks(inode->fs, block, 1);
    return error ? error : inode_count(inode, -1);
}

/* Removes the path's leaf entry, and the nodes above that become empty by it. */
static err_t path_remove(struct fs_inode *inode, struct extent_path *path)
{
    for (u32 i = path->depth;; i--) {
        struct extent_level *level = &path->level[i];
        err_t error = level_change(inode, level, level->at);
        if (error)
            return error;
        level_close(level, level->at);
        if (level->head->entries)
            return E_OK;
        if (!i) {
            level->head->depth = 0;
            return E_OK;
        }
        error = node_free(inode, level->run.block);
        if (error)
            return error;
    }
}

/* Takes an only child's entries into the root while they fit there. */
static err_t tree_flatten(struct fs_inode *inode)
{
    for (;;) {
        struct extent_path path;
        err_t error = extent_path_find(inode, 0, &path);
        struct extent_level *root = &path.level[0], *child = &path.level[1];
        bool fits = !error && path.depth && root->head->entries == 1 && child->head->entries <= EXTENT_IN_ROOT;
        if (fits)
            error = inode_change(inode);
        if (fits && !error) {
            root->head->entries = child->head->entries;
            root->head->depth--;
            memcpy(entry_at(root, 0), entry_at(child, 0), child->head->entries * EXTENT_ENTRY_SIZE);
            error = node_free(inode, child->run.block);
        }
        extent_path_put(inode, &path);
        if (!fits || error)
            return error;
    }
}

/* Removes the last extent as far as it lies at or behind `from`; *done: there was none. */
static err_t cut_last(struct fs_inode *inode, u32 from, bool *done)
{
    struct extent_path path;
    struct extent_map map = {0};
    u32 keep = 0;
    err_t error = extent_path_find(inode, EXTENT_BLOCK_LIMIT, &path);
    if (!error) {
        const struct extent_level *leaf = &path.level[path.depth];
        if (leaf->head->entries)
            map = extent_read(&extent_leaves(leaf)[leaf->at]);
        keep = from > map.block ? from - map.block : 0;
        *done = keep >= map.count;
    }
    if (!error && !*done) {
        error = alloc_free_blocks(inode->fs, map.disk + keep, map.count - keep);
        if (!error)
            error = inode_count(inode, -(i64)(map.count - keep));
        map.count = keep;
        if (!error)
            error = keep ? path_shorten(inode, &path, map) : path_remove(inode, &path);
        u64 end = ((u64)map.block + keep) * EXT4_BLOCK_SIZE;
        if (!error && inode_size(inode) > end)
            inode_set_size(inode, end);
    }
    extent_path_put(inode, &path);
    return error;
}

err_t extent_cut(struct fs_inode *inode, u32 from)
{
    bool done = !(inode->raw->flags & EXT4_INODE_EXTENTS);
    err_t error = E_OK;
    hint_clear(inode);
    while (!done && !error) {
        error = txn_begin(inode->fs);
        if (error)
            return error;
        u32 n = 0;
        do
            error = cut_last(inode, from, &done);
        while (!done && !error && ++n < CUT_STEP && txn_room(inode->fs) > CUT_ROOM);
        if (!error)
            error = tree_flatten(inode);
        error = txn_end(inode->fs, error);
    }
    return error;
}
