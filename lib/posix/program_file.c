/* Opening executables: see program_file.h. */
#include "lib/posix/program_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/posix/linux.h"
#include "lib/posix/mode.h"
#include "lib/posix/path.h"
#include "lib/posix/session.h"
#include "lib/sys/object.h"
#include "lib/tess/slot.h"
#include "lib/tess/start.h"

static err_t open_executable(const char *path, cap_t *gate)
{
    u32 mode, folder;
    err_t error = name_open(AT_FDCWD, path, O_RDONLY, 0, gate, &mode, &folder);
    if (error)
        return error;
    if (folder)
        path_close_folder(folder);
    if (S_ISREG(mode) && (mode & 0111))
        return E_OK;
    session_close(*gate);
    return E_ACCES;
}

/* The first bytes of the file, at most `room`; the window is empty again afterwards. */
static long read_head(cap_t gate, char *head, size_t room)
{
    struct file file = {.ops = &session_ops, .gate = gate, .references = 1};
    long n = session_ops.read(&file, head, room, 0);
    if (file.in.base)
        task_unmap(SLOT_TASK, window_page(&file.in), UNMAP_SELF);
    window_release(&file.in);
    return n;
}

static char *skip_blanks(char *s)
{
    return s + strspn(s, " \t");
}

/* "#! interpreter [argument]": adds what it says and the script's own name before the arguments. */
static err_t add_interpreter(struct program_file *p, char *line, const char *script)
{
    line[strcspn(line, "\n")] = 0;
    char *interpreter = skip_blanks(line + 2);
    char *end = interpreter + strcspn(interpreter, " \t");
    char *argument = skip_blanks(end);
    *end = 0;
    if (!*interpreter)
        return E_NOEXEC;
    const char *added[3] = {interpreter, *argument ? argument : script, *argument ? script : NULL};
    u32 count = *argument ? 3 : 2,
        kept = p->prefixes ? p->prefixes - 1 : 0; /* the script's name takes the place of [0] */
    memmove(p->prefix + count, p->prefix + 1, kept * sizeof p->prefix[0]);
    memcpy(p->prefix, added, count * sizeof added[0]);
    p->prefixes = kept + count;
    p->name = interpreter;
    return E_OK;
}

err_t program_open(struct program_file *p, const char *path, char *const arguments[])
{
    p->name = path;
    p->arguments = arguments;
    p->prefixes = 0;
    for (u32 depth = 0; depth < SCRIPT_DEPTH; depth++) {
        char *line = p->line[depth];
        err_t error = open_executable(p->name, &p->gate);
        if (error)
            return error;
        long n = read_head(p->gate, line, SCRIPT_LINE - 1);
        if (n >= 4 && !memcmp(line, "\177ELF", 4))
            return E_OK;
        session_close(p->gate);
        if (n < 0)
            return (err_t)-n;
        line[n] = 0;
        error = n > 2 && !memcmp(line, "#!", 2) ? add_interpreter(p, line, p->name) : E_NOEXEC;
        if (error)
            return error;
    }
    return E_LOOP;
}

const char *program_argument(const struct program_file *p, u32 i)
{
    if (!p->prefixes)
        return p->arguments[i];
    if (i < p->prefixes)
        return p->prefix[i];
    return p->arguments[0] ? p->arguments[i - p->prefixes + 1] : NULL;
}
