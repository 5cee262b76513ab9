/* Sessions on files: the handlers of proto/file.idl. */
#include "lib/base/string.h"
#include "lib/tess/tess.h"
#include "proto/fs.h"
#include "servers/fs/ext4/ondisk.h"
#include "servers/fs/server.h"

struct file_session {
    struct session session;
    struct description *file;
    struct transfer in, out;
};

static const struct session_type file_type;

/* --- Reading ------------------------------------------------------------------------------------------------- */

static u32 file_flags(const struct description *d)
{
    u32 flags = (ext4_inode_mode(d->inode) & EXT4_MODE_TYPE) == EXT4_MODE_FILE ? FILE_FLAG_SEEKABLE : 0;
    return flags | (d->append ? FILE_FLAG_APPEND : 0) | (d->shared ? FILE_FLAG_SHARED : 0);
}

/* The transfer gets the piece at the position; another session that has it loses it, and will ask again. */
static void file_hold(struct description *d, u32 direction, struct transfer *t)
{
    struct transfer *other = d->holder[direction];
    if (other && other != t)
        transfer_end(other);
    d->holder[direction] = t;
}

/* A piece that was not committed in part counts as a whole. */
static void file_settle_in(struct file_session *s)
{
    if (s->in.current && s->in.positioned)
        s->file->position = s->in.start + s->in.length;
}

static err_t serve_next_in(void *self, u32 nonblock, u64 *at, u64 *length, u32 *flags, struct map_item *piece)
{
    struct file_session *s = self;
    struct description *d = s->file;
    struct told told;
    if (!(d->access & FS_READ))
        return E_BADF;
    file_settle_in(s);
    file_hold(d, 0, &s->in);
    s->in.positioned = true;
    err_t error = transfer_in(&s->in, d->inode, d->position, &told);
    *at = told.at;
    *length = told.length;
    *flags = file_flags(d);
    *piece = told.item;
    return error;
}

static err_t serve_in_at(void *self, u64 offset, u64 *at, u64 *length, struct map_item *piece)
{
    struct file_session *s = self;
    struct told told;
    if (!(s->file->access & FS_READ))
        return E_BADF;
    s->in.positioned = false;
    err_t error = transfer_in(&s->in, s->file->inode, offset, &told);
    *at = told.at;
    *length = told.length;
    *piece = told.item;
    return error;
}

static err_t serve_commit_in(void *self, u64 n)
{
    struct file_session *s = self;
    if (!s->in.current)
        return E_AGAIN;
    if (!s->in.positioned || n > s->in.length)
        return E_INVAL;
    s->file->position = s->in.start + n;
    transfer_end(&s->in);
    return E_OK;
}

/* --- Writing ------------------------------------------------------------------------------------------------- */

static err_t file_commit_position(struct file_session *s, u64 n)
{
    u64 end = s->out.piece.position + n;
    err_t error = transfer_commit(&s->out, n);
    if (!error)
        s->file->position = end;
    return error;
}

static err_t serve_next_out(void *self, u64 hint, u32 nonblock, u64 *at, u64 *length, u32 *flags,
                            struct map_item *piece)
{
    struct file_session *s = self;
    struct description *d = s->file;
    struct told told;
    if (!(d->access & FS_WRITE))
        return E_BADF;
    err_t error = s->out.current && s->out.positioned ? file_commit_position(s, s->out.length) : E_OK;
    if (error)
        return error;
    file_hold(d, 1, &s->out);
    s->out.positioned = true;
    error = transfer_out(&s->out, d->inode, d->position, hint, d->append, &told);
    *at = told.at;
    *length = told.length;
    *flags = file_flags(d);
    *piece = told.item;
    return error;
}

static err_t serve_commit_out(void *self, u64 n, u64 *position)
{
    struct file_session *s = self;
    if (!s->out.current)
        return E_AGAIN;
    err_t error = s->out.positioned ? file_commit_position(s, n) : E_INVAL;
    *position = s->file->position;
    return error;
}

static err_t serve_out_at(void *self, u64 offset, u64 hint, u64 *at, u64 *length, struct map_item *piece)
{
    struct file_session *s = self;
    struct told told;
    if (!(s->file->access & FS_WRITE))
        return E_BADF;
    s->out.positioned = false;
    err_t error = transfer_out(&s->out, s->file->inode, offset, hint, false, &told);
    *at = told.at;
    *length = told.length;
    *piece = told.item;
    return error;
}

static err_t serve_commit_at(void *self, u64 n)
{
    struct file_session *s = self;
    if (!s->out.current)
        return E_AGAIN;
    return s->out.positioned ? E_INVAL : transfer_commit(&s->out, n);
}

/* --- Position and size --------------------------------------------------------------------------------------- */

static err_t serve_seek(void *self, i64 offset, u32 whence, u64 *position)
{
    struct file_session *s = self;
    struct description *d = s->file;
    u64 base = whence == FILE_SEEK_CUR ? d->position : whence == FILE_SEEK_END ? ext4_inode_size(d->inode) : 0;
    i64 target;
    if (whence > FILE_SEEK_END || __builtin_add_overflow((i64)base, offset, &target) || target < 0)
        return E_INVAL;
    *position = d->position = (u64)target;
    transfer_end(&s->in);
    return E_OK;
}

static err_t serve_truncate(void *self, u64 size)
{
    struct file_session *s = self;
    if (!(s->file->access & FS_WRITE))
        return E_INVAL;
    server_changed();
    return ext4_inode_truncate(s->file->inode, size);
}

static err_t serve_set_flags(void *self, u32 flags)
{
    struct file_session *s = self;
    s->file->append = flags & FILE_FLAG_APPEND;
    return E_OK;
}

static err_t serve_poll(void *self, u32 events, u32 wait, u32 *now)
{
    *now = events & (FILE_EVENT_IN | FILE_EVENT_OUT);
    return E_OK;
}

static err_t serve_sync(void *self)
{
    return ext4_sync(server_fs);
}

/* --- Attributes ---------------------------------------------------------------------------------------------- */

void file_status(struct fs_inode *inode, struct file_stat_result *result)
{
    struct fs_stat stat;
    ext4_inode_stat(inode, &stat);
    *result = (struct file_stat_result){.ino = stat.ino,
                                        .mode = stat.mode,
                                        .nlink = stat.links,
                                        .uid = stat.uid,
                                        .gid = stat.gid,
                                        .size = stat.size,
                                        .blocks = stat.blocks,
                                        .atime_ns = stat.atime,
                                        .mtime_ns = stat.mtime,
                                        .ctime_ns = stat.ctime,
                                        .dev = 1};
}

static err_t serve_stat(void *self, struct file_stat_result *result)
{
    struct file_session *s = self;
    file_status(s->file->inode, result);
    result->flags = file_flags(s->file);
    return E_OK;
}

static err_t serve_chmod(void *self, u32 mode)
{
    struct file_session *s = self;
    server_changed();
    return ext4_inode_chmod(s->file->inode, mode);
}

static err_t serve_chown(void *self, u32 uid, u32 gid)
{
    struct file_session *s = self;
    server_changed();
    return ext4_inode_chown(s->file->inode, uid, gid);
}

static err_t serve_utimes(void *self, u64 atime_ns, u64 mtime_ns)
{
    struct file_session *s = self;
    server_changed();
    return ext4_inode_utimes(s->file->inode, atime_ns, mtime_ns);
}

/* --- Directories --------------------------------------------------------------------------------------------- */

/* Types as POSIX programs know them (DT_*): the file type bits of a mode, shifted down. */
static u8 posix_type(u8 type)
{
    static const u8 types[] = {[EXT4_FT_FILE] = EXT4_MODE_FILE >> 12, [EXT4_FT_DIR] = EXT4_MODE_DIR >> 12,
                               [EXT4_FT_CHAR] = EXT4_MODE_CHAR >> 12, [EXT4_FT_BLOCK] = EXT4_MODE_BLOCK >> 12,
                               [EXT4_FT_FIFO] = EXT4_MODE_FIFO >> 12, [EXT4_FT_SOCK] = EXT4_MODE_SOCK >> 12,
                               [EXT4_FT_LINK] = EXT4_MODE_LINK >> 12};
    return type < sizeof types ? types[type] : 0;
}

static err_t serve_readdir(void *self, u64 cookie, char *entries, size_t *entries_length)
{
    struct file_session *s = self;
    struct fs_entry entry = {.next = cookie};
    size_t done = 0;
    err_t error;
    while (!(error = ext4_readdir(s->file->inode, entry.next, &entry))) {
        struct folder_entry head = {entry.ino, entry.next, posix_type(entry.type), entry.length};
        if (!entry_put(entries, FILE_READDIR_ENTRIES_MAX, &done, &head, entry.name))
            break;
    }
    *entries_length = done;
    return error == E_NOENT || done ? E_OK : error;
}

/* --- As a dataspace ------------------------------------------------------------------------------------------ */

/*
 * The largest naturally aligned piece around a page among those at hand: both ends of the mapping must be aligned, and
 * the client's must lie in its window around `at`.
 */
static u32 map_order(const struct fs_pages *pages, u64 index, u64 at, u32 limit)
{
    const u64 page = (u64)pages->page + (index - pages->first) * 4096, end = (u64)pages->page + pages->count * 4096ull;
    u32 order = 12;
    for (u32 next = 13; next <= limit && next < 64; next++) {
        u64 mask = (1ull << next) - 1;
        if (((page ^ at) & mask) || (page & ~mask) < (u64)pages->page || (page | mask) >= end)
            break;
        order = next;
    }
    return order;
}

/* The pages that a client who wants this access is shown. */
static err_t map_pages(struct description *d, u64 index, u32 access, struct fs_pages *pages)
{
    if (!(access & DATASPACE_WRITE))
        return d->access & FS_READ ? ext4_expose(d->inode, index, pages) : E_ACCES;
    if (d->access != (FS_READ | FS_WRITE))
        return E_ACCES;
    server_changed();
    return ext4_expose_written(d->inode, index, pages);
}

static err_t serve_map(void *self, u64 offset, u64 at, u32 order, u32 access, struct map_item *piece)
{
    struct file_session *s = self;
    struct fs_pages pages;
    u64 index = offset / 4096;
    at &= ~0xfffull;
    err_t error = map_pages(s->file, index, access, &pages);
    if (error)
        return error;
    u32 size = map_order(&pages, index, at, order);
    u64 back = ((u64)pages.page + (index - pages.first) * 4096) & ((1ull << size) - 1);
    u8 *page = pages.page + (index - pages.first) * 4096 - back;
    return window_expose(page, size, RIGHT_R | RIGHT_X | (access & RIGHT_W), at - back, piece);
}

static err_t serve_info(void *self, u64 *size, u32 *access)
{
    struct file_session *s = self;
    *size = ext4_inode_size(s->file->inode);
    *access = DATASPACE_READ | DATASPACE_EXEC | (s->file->access & FS_WRITE ? DATASPACE_WRITE : 0);
    return E_OK;
}

/* --- Sessions ------------------------------------------------------------------------------------------------ */

/* A new session on the description, which counts it. */
static err_t session_open(struct description *d, struct map_item *item)
{
    struct file_session *s = (struct file_session *)session_create(&file_type);
    if (!s)
        return E_NOMEM;
    s->file = d;
    d->sessions++;
    *item = session_item(&s->session);
    return E_OK;
}

static void description_free(struct description *d)
{
    ext4_inode_trim(d->inode);
    ext4_inode_put(d->inode);
    heap_free(d, sizeof *d);
}

err_t file_session_open(struct fs_inode *inode, u32 flags, struct map_item *item)
{
    struct description *d = heap_alloc(sizeof *d);
    if (!d) {
        ext4_inode_put(inode);
        return E_NOMEM;
    }
    *d = (struct description){
        .inode = inode, .access = flags & (FS_READ | FS_WRITE), .append = (flags & FS_APPEND) != 0};
    err_t error = session_open(d, item);
    if (error)
        description_free(d);
    return error;
}

static err_t serve_clone(void *self, struct map_item *session)
{
    struct file_session *s = self;
    s->file->shared = true;
    return session_open(s->file, session);
}

static err_t serve_share(void *self, struct map_item *dataspace)
{
    struct file_session *s = self;
    ext4_inode_hold(s->file->inode);
    return file_session_open(s->file->inode, s->file->access, dataspace);
}

static void close_file(struct session *session)
{
    struct file_session *s = (struct file_session *)session;
    struct description *d = s->file;
    transfer_end(&s->in);
    transfer_end(&s->out);
    if (d->holder[0] == &s->in)
        d->holder[0] = NULL;
    if (d->holder[1] == &s->out)
        d->holder[1] = NULL;
    if (!--d->sessions)
        description_free(d);
}

static bool dispatch_file(struct session *session, struct msg *m)
{
    static const struct file_handlers handlers = {
        .dataspace = {.map = serve_map, .info = serve_info, .share = serve_share},
        .next_in = serve_next_in,
        .next_out = serve_next_out,
        .commit_in = serve_commit_in,
        .commit_out = serve_commit_out,
        .in_at = serve_in_at,
        .out_at = serve_out_at,
        .commit_at = serve_commit_at,
        .seek = serve_seek,
        .stat = serve_stat,
        .sync = serve_sync,
        .truncate = serve_truncate,
        .clone = serve_clone,
        .set_flags = serve_set_flags,
        .poll = serve_poll,
        .chmod = serve_chmod,
        .utimes = serve_utimes,
        .readdir = serve_readdir,
        .chown = serve_chown};
    return file_dispatch(&handlers, session, m);
}

static const struct session_type file_type = {"file", sizeof(struct file_session), dispatch_file, close_file};
