/* Path resolution: see path.h. */

#include "lib/base/string.h"
#include "servers/fs/ext4/extent.h"
#include "servers/fs/ext4/inode.h"
#include "servers/fs/ext4/path.h"

/* What is left to resolve, and where. */
struct walker {
    struct fs *fs;
    struct fs_inode *dir; /* held */
    const char *rest;
    u32 left;
    u32 side; /* the path buffer that the next splice may use */
    u32 links;
};

bool text_has_nul(const char *text, u32 length)
{
    for (u32 i = 0; i < length; i++)
        if (!text[i])
            return true;
    return false;
}

static void walker_move(struct walker *w, struct fs_inode *to)
{
    ext4_inode_put(w->dir);
    w->dir = to;
}

static void walker_skip_slashes(struct walker *w)
{
    while (w->left && *w->rest == '/')
        w->rest++, w->left--;
}

/* An absolute path starts over at the root. */
static err_t walker_start(struct walker *w)
{
    struct fs_inode *root;
    if (!w->left || *w->rest != '/')
        return E_OK;
    err_t error = inode_get(w->fs, EXT4_ROOT_INO, false, &root);
    if (error)
        return error;
    if (!inode_is_dir(root)) {
        ext4_inode_put(root);
        return ext4_corrupt(w->fs, "the root is not a directory", EXT4_ROOT_INO);
    }
    walker_move(w, root);
    walker_skip_slashes(w);
    return E_OK;
}

/* Takes the next component off the path and copies it to the walk. */
static err_t walker_take(struct walker *w, struct walk *walk)
{
    const char *start = w->rest;
    while (w->left && *w->rest != '/')
        w->rest++, w->left--;
    u32 length = (u32)(w->rest - start);
    if (length > EXT4_NAME_MAX)
        return E_NAMETOOLONG;
    memcpy(walk->text, start, length);
    walk->name = (struct fs_name){walk->text, length};
    walk->slash = w->left != 0;
    walker_skip_slashes(w);
    return E_OK;
}

/* Copies up to `size` bytes of a link's text. */
static err_t link_read(struct fs_inode *link, char *text, u32 size, u32 *length)
{
    struct extent_map map;
    struct fs_run run;
    *length = link->raw->size_lo < size ? link->raw->size_lo : size;
    if (!(link->raw->flags & EXT4_INODE_EXTENTS)) {
        memcpy(text, link->raw->block, *length);
        return E_OK;
    }
    err_t error = extent_lookup(link, 0, &map);
    if (!error && (!map.disk || map.unwritten))
        error = ext4_corrupt(link->fs, "symbolic link without text, inode", link->number);
    if (!error)
        error = cache_get(&link->fs->cache, map.disk, CACHE_READ, &run);
    if (error)
        return error;
    memcpy(text, run.data, *length);
    cache_put(&link->fs->cache, &run);
    return E_OK;
}

err_t ext4_readlink(struct fs_inode *link, char *text, u32 size, u32 *length)
{
    return inode_type(link) == EXT4_MODE_LINK ? link_read(link, text, size, length) : E_INVAL;
}

/* Puts the text of a link in front of what is left. */
static err_t walker_splice(struct walker *w, struct fs_inode *link, bool slash)
{
    char *to = w->fs->path[w->side];
    u32 length;
    if (++w->links > PATH_LINKS_MAX)
        return E_LOOP;
    err_t error = link_read(link, to, PATH_LIMIT, &length);
    if (error)
        return error;
    if (text_has_nul(to, length))
        return ext4_corrupt(w->fs, "NUL in symbolic link, inode", link->number);
    if (length + w->left + 1 > PATH_LIMIT)
        return E_NAMETOOLONG;
    if (slash)
        to[length++] = '/';
    memcpy(to + length, w->rest, w->left);
    w->rest = to;
    w->left += length;
    w->side ^= 1;
    return walker_start(w);
}

/* Looks the walk's name up in the walker's directory; walk->child is set if it is there. */
static err_t walker_find(struct walker *w, struct walk *walk)
{
    walk->child = NULL;
    if (!inode_is_dir(w->dir))
        return E_NOTDIR;
    if (!w->dir->raw->links) /* removed, but somebody still stands in it */
        return E_NOENT;
    err_t error = dir_find(w->dir, walk->name, &walk->slot);
    if (error || !walk->slot.ino)
        return error;
    return inode_get(w->fs, walk->slot.ino, false, &walk->child);
}

/* One component. *done: it was the last. */
static err_t walker_step(struct walker *w, struct walk *walk, bool follow, bool *done)
{
    err_t error = walker_take(w, walk);
    if (!error)
        error = walker_find(w, walk);
    if (error)
        return error;
    bool last = !w->left;
    if (!walk->child) {
        *done = last;
        return last ? E_OK : E_NOENT;
    }
    if (inode_type(walk->child) == EXT4_MODE_LINK && (!last || follow || walk->slash)) {
        error = walker_splice(w, walk->child, walk->slash);
        ext4_inode_put(walk->child);
        walk->child = NULL;
        return error;
    }
    *done = last;
    if (last)
        return walk->slash && !inode_is_dir(walk->child) ? E_NOTDIR : E_OK;
    walker_move(w, walk->child);
    walk->child = NULL;
    return E_OK;
}

static err_t walker_run(struct walker *w, struct walk *walk, bool follow)
{
    bool done = false;
    err_t error = walker_start(w);
    while (!error && !done) {
        if (!w->left) { /* the path, or what a link left of it, is the root itself */
            ext4_inode_hold(walk->child = w->dir);
            walk->name.length = 0;
            return E_OK;
        }
        error = walker_step(w, walk, follow, &done);
    }
    return error;
}

err_t walk_path(struct fs *fs, struct fs_path path, bool follow, struct walk *walk)
{
    if (!path.length)
        return E_NOENT;
    if (path.length >= PATH_LIMIT)
        return E_NAMETOOLONG;
    if (text_has_nul(path.text, path.length))
        return E_INVAL;
    struct walker w = {.fs = fs, .rest = path.text, .left = path.length};
    walk->child = NULL;
    err_t error = E_OK;
    if (path.base)
        ext4_inode_hold(w.dir = path.base);
    else
        error = inode_get(fs, EXT4_ROOT_INO, false, &w.dir);
    if (!error)
        error = walker_run(&w, walk, follow);
    walk->parent = w.dir;
    if (error)
        walk_end(walk);
    return error;
}

void walk_end(struct walk *walk)
{
    ext4_inode_put(walk->child);
    ext4_inode_put(walk->parent);
}

bool walk_is_dot(const struct walk *walk)
{
    const struct fs_name *n = &walk->name;
    return n->length && n->length <= 2 && n->text[0] == '.' && n->text[n->length - 1] == '.';
}
