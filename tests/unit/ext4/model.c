/* The model of a file system: see model.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ext4/model.h"

struct model_node *model_new(enum model_kind kind, struct model_node *parent)
{
    struct model_node *node = calloc(1, sizeof *node);
    node->kind = kind;
    node->links = 1;
    node->parent = parent;
    if (kind != MODEL_DIR)
        node->bytes = calloc(1, MODEL_FILE_MAX);
    return node;
}

static void model_reap(struct model_node *node)
{
    if (node->links || node->opened)
        return;
    free(node->bytes);
    free(node);
}

void model_unlink(struct model_node *node)
{
    node->links--;
    model_reap(node);
}

void model_close(struct model_node *node)
{
    node->opened--;
    model_reap(node);
}

void model_free_tree(struct model_node *dir)
{
    for (u32 i = 0; i < MODEL_NAMES; i++) {
        struct model_node *node = dir->entries[i];
        if (node && node->kind == MODEL_DIR)
            model_free_tree(node);
        else if (node)
            model_unlink(node);
    }
    model_unlink(dir);
}

static void path_of_dir(const struct model_node *dir, char *path)
{
    if (!dir->parent) {
        *path = 0;
        return;
    }
    path_of_dir(dir->parent, path);
    for (u32 i = 0; i < MODEL_NAMES; i++)
        if (dir->parent->entries[i] == dir)
            sprintf(path + strlen(path), "/n%u", i);
}

const char *model_path(struct model_place place)
{
    static char paths[2][4096];
    static u32 next;
    char *path = paths[next ^= 1];
    path_of_dir(place.dir, path);
    sprintf(path + strlen(path), "/n%u", place.name);
    return path;
}

static bool model_is_empty(const struct model_node *dir)
{
    for (u32 i = 0; i < MODEL_NAMES; i++)
        if (dir->entries[i])
            return false;
    return true;
}

static bool model_is_inside(const struct model_node *dir, const struct model_node *of)
{
    for (; dir; dir = dir->parent)
        if (dir == of)
            return true;
    return false;
}

static err_t rename_check(const struct model_node *node, const struct model_node *over, struct model_place to)
{
    if (!node)
        return E_NOENT;
    if (node->kind == MODEL_DIR && model_is_inside(to.dir, node))
        return E_INVAL;
    if (!over || over == node)
        return E_OK;
    if (node->kind != MODEL_DIR)
        return over->kind == MODEL_DIR ? E_ISDIR : E_OK;
    if (over->kind != MODEL_DIR)
        return E_NOTDIR;
    return model_is_empty(over) ? E_OK : E_NOTEMPTY;
}

err_t model_rename(struct model_place from, struct model_place to)
{
    struct model_node *node = from.dir->entries[from.name], *over = to.dir->entries[to.name];
    err_t error = rename_check(node, over, to);
    if (error || over == node)
        return error;
    if (over)
        model_unlink(over);
    from.dir->entries[from.name] = NULL;
    to.dir->entries[to.name] = node;
    if (node->kind == MODEL_DIR)
        node->parent = to.dir;
    return E_OK;
}
