/*
 * A file system as simple as can be: trees of nodes with arrays of bytes. The random test does the same to it and to
 * the real one and expects the same errors and the same contents.
 */
#pragma once

#include "abi/error.h"
#include "abi/types.h"

#define MODEL_NAMES     6 /* names in each directory: "n0" .. "n5" */
#define MODEL_FILE_MAX  (96u << 10)
#define MODEL_DEPTH_MAX 4

enum model_kind { MODEL_FILE, MODEL_DIR, MODEL_LINK };

struct model_node {
    enum model_kind kind;
    u32 links; /* names that lead here; for directories always 1 */
    u32 opened;
    u32 size;
    u8 *bytes; /* of files, MODEL_FILE_MAX; text of links */
    struct model_node *parent, *entries[MODEL_NAMES];
};

/* An entry of a directory, whether there is one or not. */
struct model_place {
    struct model_node *dir;
    u32 name;
};

struct model_node *model_new(enum model_kind kind, struct model_node *parent);

/* Drops one name or one user of the node; frees it when it has neither. */
void model_unlink(struct model_node *node);
void model_close(struct model_node *node);
void model_free_tree(struct model_node *dir);

/* The entry's absolute path, in a static buffer of which there are two. */
const char *model_path(struct model_place place);

/* What rename must do: the error, or E_OK with the change made. */
err_t model_rename(struct model_place from, struct model_place to);
