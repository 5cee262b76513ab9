/*
 * Reading and writing through windows. A piece that was read in part stays: most reads are a copy and nothing else.
 *
 *   read:   [ used | what is left of the piece ]  copy; nothing left -> next_in, which commits the whole piece
 *   write:  next_out -> copy -> commit_out, so that everybody can see the bytes when the call returns
 *
 * Where others share the position (FLAG_SHARED, told with each piece), what was read is committed before the call
 * returns; so is a whole piece of a pipe or terminal, so that its writer gets the room.
 */
#include "lib/posix/session.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/posix/linux.h"
#include "lib/posix/path.h"
#include "lib/posix/process.h"
#include "lib/posix/thread.h"
#include "lib/tess/slot.h"

/* A read or write call under way. */
struct transfer {
    char *memory; /* the program's */
    size_t left;
    size_t done;
    u32 stuck; /* copies in a row that moved nothing: the window was taken away, or the address is bad */
};

#define STUCK_MAX 3

/* The result of a call: what was moved, if anything; else the error. A server that has gone is an I/O error. */
static long transfer_result(const struct transfer *t, err_t error)
{
    if (error == E_CANCELED || error == E_NOENT)
        error = E_IO;
    return t->done ? (long)t->done : linux_error(error);
}

/* Books n of `wanted` bytes as moved. False: no use in going on. */
static bool transfer_advance(struct transfer *t, size_t n, size_t wanted)
{
    t->memory += n;
    t->left -= n;
    t->done += n;
    t->stuck = n < wanted && !n ? t->stuck + 1 : 0;
    return t->stuck < STUCK_MAX;
}

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void *window_at(const struct window *w, u64 offset)
{
    return (void *)(w->base + w->at + offset);
}

/* A piece that a server describes must lie in the window. */
static err_t check_piece(struct window *w, u64 at, u64 length, i64 place)
{
    if (at > WINDOW_SIZE || length > WINDOW_SIZE - at)
        return E_PROTO;
    w->at = at;
    w->length = length;
    w->used = 0;
    w->place = place;
    return E_OK;
}

/* ---- input ---- */

err_t session_settle(struct file *file)
{
    struct window *w = &file->in;
    if (!w->length)
        return E_OK;
    u64 used = w->used;
    bool positioned = w->place == FILE_POSITION;
    w->length = w->used = 0;
    return positioned ? file_commit_in(file->gate, used) : E_OK;
}

/* Files of the file system do not let one wait. */
static bool may_wait(const struct file *file)
{
    return !(file->kind & FILE_FLAG_SEEKABLE);
}

/* An interrupted request may have been answered all the same: nothing of the piece counts, and its window is empty. */
static void empty_window(const struct window *w)
{
    task_unmap(SLOT_TASK, window_page(w), UNMAP_SELF);
}

static err_t next_in(struct file *file, struct window *w, u64 *at, u64 *length)
{
    bool nonblock = file->flags & O_NONBLOCK;
    if (!may_wait(file))
        return file_next_in(file->gate, nonblock, at, length, &file->kind, window_page(w));
    err_t error = THREAD_WAIT(file_next_in(file->gate, nonblock, at, length, &file->kind, window_page(w)));
    if (error == E_INTR) {
        empty_window(w);
        file_commit_in(file->gate, 0);
    }
    return error;
}

/* Asks for the piece at the position, or at `offset`. */
static err_t fetch_in(struct file *file, i64 offset)
{
    struct window *w = &file->in;
    u64 at, length;
    err_t error = window_prepare(w);
    if (error)
        return error;
    bool positioned = offset == FILE_POSITION;
    if (!positioned || w->place != FILE_POSITION || w->used < w->length)
        error = session_settle(file);
    if (error)
        return error;
    w->length = w->used = 0;
    if (positioned)
        error = next_in(file, w, &at, &length);
    else
        error = file_in_at(file->gate, (u64)offset, &at, &length, window_page(w));
    return error ? error : check_piece(w, at, length, offset);
}

/* True if the piece in the window is where `offset` points; then w->used is set to that place. */
static bool piece_has(struct window *w, i64 offset)
{
    if (offset == FILE_POSITION || w->place == FILE_POSITION) {
        if (offset != w->place)
            return false;
    } else {
        if (offset < w->place || (u64)(offset - w->place) >= w->length)
            return false;
        w->used = (u64)(offset - w->place);
    }
    return w->used < w->length;
}

/* Copies what there is of the piece. A short copy gives the piece up. False: no use in going on. */
static bool copy_in(struct file *file, struct transfer *t)
{
    struct window *w = &file->in;
    size_t wanted = least(t->left, w->length - w->used);
    size_t n = wanted - window_copy(t->memory, window_at(w, w->used), wanted);
    w->used += n;
    if (n < wanted && session_settle(file))
        return false;
    return transfer_advance(t, n, wanted);
}

/* Others wait for what this read leaves behind, or for the room. */
static void settle_after_read(struct file *file)
{
    bool whole = file->in.used == file->in.length && !(file->kind & FILE_FLAG_SEEKABLE);
    if ((file->kind & FILE_FLAG_SHARED) || whole)
        session_settle(file);
}

static long read_locked(struct file *file, struct transfer *t, i64 offset)
{
    err_t error = E_OK;
    while (t->left) {
        i64 at = offset == FILE_POSITION ? offset : offset + (i64)t->done;
        if (!piece_has(&file->in, at)) {
            if (t->done && !(file->kind & FILE_FLAG_SEEKABLE))
                break; /* pipes and terminals: what is there now is an answer */
            error = fetch_in(file, at);
            if (error || !file->in.length)
                break;
        }
        if (!copy_in(file, t)) {
            error = E_FAULT;
            break;
        }
    }
    if (offset == FILE_POSITION)
        settle_after_read(file);
    return transfer_result(t, error);
}

/* What most reads are: the piece at hand has it all, and nobody else counts on the position. False: nothing done. */
static bool read_quickly(struct file *file, void *to, size_t n)
{
    struct window *w = &file->in;
    if (w->place != FILE_POSITION || n > w->length - w->used)
        return false;
    if ((file->kind & (FILE_FLAG_SEEKABLE | FILE_FLAG_SHARED)) != FILE_FLAG_SEEKABLE)
        return false;
    if (window_copy(to, window_at(w, w->used), n))
        return false; /* read_locked finds out what is wrong */
    w->used += n;
    return true;
}

static long session_read(struct file *file, void *to, size_t n, i64 offset)
{
    struct transfer t = {.memory = to, .left = n};
    if (S_ISDIR(file->mode))
        return -E_ISDIR;
    lock_take(&file->in_lock);
    bool done = offset == FILE_POSITION && read_quickly(file, to, n);
    long result = done ? (long)n : read_locked(file, &t, offset);
    lock_give(&file->in_lock);
    return result;
}

/* ---- output ---- */

static err_t commit(struct file *file, u64 n, i64 offset)
{
    u64 position;
    file->out.length = 0;
    return offset == FILE_POSITION ? file_commit_out(file->gate, n, &position) : file_commit_at(file->gate, n);
}

static err_t next_out(struct file *file, struct window *w, size_t hint, u64 *at, u64 *length)
{
    bool nonblock = file->flags & O_NONBLOCK;
    if (!may_wait(file))
        return file_next_out(file->gate, hint, nonblock, at, length, &file->kind, window_page(w));
    err_t error = THREAD_WAIT(file_next_out(file->gate, hint, nonblock, at, length, &file->kind, window_page(w)));
    if (error == E_INTR) {
        empty_window(w);
        commit(file, 0, FILE_POSITION);
    }
    return error;
}

static err_t fetch_out(struct file *file, size_t hint, i64 offset)
{
    struct window *w = &file->out;
    u64 at, length;
    err_t error = window_prepare(w);
    if (error)
        return error;
    if (offset == FILE_POSITION)
        error = next_out(file, w, hint, &at, &length);
    else
        error = file_out_at(file->gate, (u64)offset, hint, &at, &length, window_page(w));
    if (!error)
        error = check_piece(w, at, length, offset);
    return error || length ? error : E_PROTO;
}

/* One piece: asks for room, fills it, commits. E_AGAIN from commit means that the piece was revoked: nothing counts. */
static err_t write_piece(struct file *file, struct transfer *t, i64 offset)
{
    err_t error = fetch_out(file, t->left, offset);
    if (error)
        return error;
    size_t wanted = least(t->left, file->out.length);
    size_t n = wanted - window_copy(window_at(&file->out, 0), t->memory, wanted);
    error = commit(file, n, offset);
    if (error == E_AGAIN && n)
        return E_OK; /* ask again */
    if (error && error != E_AGAIN)
        return error;
    return transfer_advance(t, n, wanted) ? E_OK : E_FAULT;
}

static long session_write(struct file *file, const void *from, size_t n, i64 offset)
{
    struct transfer t = {.memory = (char *)from, .left = n};
    err_t error = E_OK;
    lock_take(&file->out_lock);
    if (offset == FILE_POSITION && file->in.length && (file->kind & FILE_FLAG_SEEKABLE)) {
        lock_take(&file->in_lock);
        error = session_settle(file);
        lock_give(&file->in_lock);
    }
    while (t.left && !error)
        error = write_piece(file, &t, offset == FILE_POSITION ? offset : offset + (i64)t.done);
    lock_give(&file->out_lock);
    if (error == E_PIPE && !t.done)
        process_raise(SIGNAL_PIPE);
    return transfer_result(&t, error);
}

/* ---- the rest ---- */

static long session_seek(struct file *file, i64 offset, u32 whence)
{
    u64 position = 0;
    if (S_ISDIR(file->mode) && whence == FILE_SEEK_SET)
        return (long)(file->cookie = (u64)offset);
    if (file->kind & (FILE_FLAG_PIPE | FILE_FLAG_TTY))
        return -E_SPIPE;
    lock_take(&file->in_lock);
    err_t error = session_settle(file);
    if (!error)
        error = file_seek(file->gate, offset, whence, &position);
    lock_give(&file->in_lock);
    return error ? linux_error(error) : (long)position;
}

static err_t session_stat(struct file *file, struct file_stat_result *result)
{
    err_t error = file_stat(file->gate, result);
    if (!error) {
        file->kind = result->flags;
        file->mode = result->mode;
    }
    return error;
}

static u32 session_poll(struct file *file, u32 events)
{
    u32 now = 0;
    if ((events & FILE_EVENT_IN) && file->in.used < file->in.length)
        now |= FILE_EVENT_IN;
    u32 more = 0;
    err_t error = file_poll(file->gate, events, 0, &more);
    return error ? events : now | more; /* files that know no events are always ready */
}

static void session_close_file(struct file *file)
{
    if (file->folder)
        path_close_folder(file->folder);
    if (file->kind & FILE_FLAG_SHARED)
        session_settle(file);
    session_close(file->gate);
    window_release(&file->in);
    window_release(&file->out);
}

const struct file_ops session_ops = {
    .read = session_read,
    .write = session_write,
    .seek = session_seek,
    .stat = session_stat,
    .poll = session_poll,
    .close = session_close_file,
};

long session_open(cap_t gate, u32 flags, u32 mode, bool close_on_exec)
{
    struct file *file = file_create(&session_ops, gate, flags, 0, mode);
    if (!file) {
        session_close(gate);
        return -E_NFILE;
    }
    return descriptor_add(file, close_on_exec, 0);
}
