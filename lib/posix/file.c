/* Open files and the descriptor table: see file.h. */
#include "lib/posix/file.h"

#include "lib/posix/linux.h"

static struct file files[DESCRIPTORS_MAX];
static struct descriptor_table table;
static struct lock table_lock; /* of both */

static struct file *find_free(void)
{
    for (size_t i = 0; i < DESCRIPTORS_MAX; i++)
        if (!files[i].ops)
            return &files[i];
    return NULL;
}

struct file *file_create(const struct file_ops *ops, cap_t gate, u32 flags, u32 kind, u32 mode)
{
    lock_take(&table_lock);
    struct file *file = find_free();
    if (file)
        *file = (struct file){.ops = ops, .references = 1, .gate = gate, .flags = flags, .kind = kind, .mode = mode};
    lock_give(&table_lock);
    return file;
}

void file_hold(struct file *file)
{
    __atomic_fetch_add(&file->references, 1, __ATOMIC_RELAXED);
}

static void close_file(struct file *file)
{
    if (file->ops->close)
        file->ops->close(file);
    lock_take(&table_lock);
    file->ops = NULL;
    lock_give(&table_lock);
}

void file_put(struct file *file)
{
    if (file && __atomic_fetch_sub(&file->references, 1, __ATOMIC_ACQ_REL) == 1)
        close_file(file);
}

void descriptor_put(struct descriptor_table *to, size_t fd, struct file *file, bool close_on_exec)
{
    for (; to->count <= fd; to->count++)
        to->entry[to->count].file = NULL;
    to->entry[fd] = (struct descriptor){file, close_on_exec};
}

struct file *descriptor_get(long fd)
{
    if ((u64)fd >= DESCRIPTORS_MAX)
        return NULL;
    lock_take(&table_lock);
    struct file *file = table.entry[fd].file;
    if (file)
        file_hold(file);
    lock_give(&table_lock);
    return file;
}

long descriptor_add(struct file *file, bool close_on_exec, long least)
{
    lock_take(&table_lock);
    long fd = least;
    while (fd < DESCRIPTORS_MAX && table.entry[fd].file)
        fd++;
    if (fd < DESCRIPTORS_MAX)
        descriptor_put(&table, (size_t)fd, file, close_on_exec);
    lock_give(&table_lock);
    if (fd < DESCRIPTORS_MAX)
        return fd;
    file_put(file);
    return -E_MFILE;
}

long descriptor_set(long fd, struct file *file, bool close_on_exec)
{
    if ((u64)fd >= DESCRIPTORS_MAX) {
        file_put(file);
        return -E_BADF;
    }
    lock_take(&table_lock);
    struct file *old = table.entry[fd].file;
    descriptor_put(&table, (size_t)fd, file, close_on_exec);
    lock_give(&table_lock);
    file_put(old);
    return fd;
}

long descriptor_close(long fd)
{
    if ((u64)fd >= DESCRIPTORS_MAX)
        return -E_BADF;
    lock_take(&table_lock);
    struct file *old = table.entry[fd].file;
    table.entry[fd].file = NULL;
    lock_give(&table_lock);
    file_put(old);
    return old ? 0 : -E_BADF;
}

long descriptor_flag(long fd)
{
    if ((u64)fd >= DESCRIPTORS_MAX || !table.entry[fd].file)
        return -E_BADF;
    return table.entry[fd].close_on_exec;
}

long descriptor_set_flag(long fd, bool close_on_exec)
{
    if ((u64)fd >= DESCRIPTORS_MAX || !table.entry[fd].file)
        return -E_BADF;
    table.entry[fd].close_on_exec = close_on_exec;
    return 0;
}

void descriptor_copy(struct descriptor_table *to)
{
    lock_take(&table_lock);
    to->count = table.count;
    for (size_t i = 0; i < table.count; i++) {
        to->entry[i] = table.entry[i];
        if (to->entry[i].file)
            file_hold(to->entry[i].file);
    }
    lock_give(&table_lock);
}
