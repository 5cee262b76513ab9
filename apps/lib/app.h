/* What every program in apps/ shares: its name in messages, the checked end of its output, whole reads and writes,
 * and the small pieces of option and path handling that POSIX leaves to each program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Size in bytes of one piece of bulk input or output: large enough that the cost of a system call vanishes. */
#define APP_PIECE 65536

/* ---- start, end and messages (message.c) ---- */

/* Takes the program's name for messages from argv[0] and, unless stdout is a terminal, gives it a large buffer. */
void app_start(const char *argv0);

/* Flushes stdout; returns status, or says what failed and returns 1 if output was lost. Use it to leave main. */
int app_finish(int status);

/* The name that messages begin with. */
const char *app_name(void);

/* Prints "NAME: text" on stderr. */
void app_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints "NAME: text: " and the description of errno on stderr. */
void app_warn_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As app_warn, then exits with status 1. */
_Noreturn void app_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As app_warn_errno, then exits with status 1. */
_Noreturn void app_die_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints "usage: " and the synopsis on stderr, then exits with status 1. */
_Noreturn void app_usage(const char *synopsis);

/* ---- memory and numbers (value.c) ---- */

/* As malloc, realloc and strdup, but exits with a message instead of returning NULL. The caller owns the result. */
void *app_alloc(size_t size);
void *app_realloc(void *old, size_t size);
char *app_strdup(const char *text);

/* Reads all of text as a decimal number in [min, max]; false, and *value unchanged, if it is anything else. */
bool app_parse_number(const char *text, long long min, long long max, long long *value);

/* Writes a number of bytes for people, as 1.5K or 12M; at most 16 bytes. */
void app_format_size(unsigned long long bytes, char *text);

/* Reads a duration in seconds, with optional fraction, into *duration; false if text is anything else. */
struct timespec;
bool app_parse_seconds(const char *text, struct timespec *duration);

/* ---- whole reads and writes (io.c) ---- */

/* Reads until size bytes or end of input; returns the number of bytes read, or -1 with errno set. */
ssize_t io_read_full(int fd, void *buffer, size_t size);

/* Writes all size bytes; false with errno set if that fails. */
bool io_write_full(int fd, const void *buffer, size_t size);

/* As read(2), but goes on after EINTR. */
ssize_t io_read(int fd, void *buffer, size_t size);

/* Copies everything from one descriptor to another; false after an error, whose message names source or target. */
bool io_copy(int from, const char *from_name, int to, const char *to_name);

/* Calls visit for each operand ("-" is stdin), or for stdin if there are none; an operand that cannot be opened is
 * reported and skipped. Returns the exit status: 0 if every visit returned true, 1 otherwise. */
int io_visit_files(char **operands, bool (*visit)(int fd, const char *name));

/* ---- paths and directories (path.c) ---- */

/* Returns "directory/name" as a new string that the caller owns. */
char *path_join(const char *directory, const char *name);

/* Returns the last component of path as a new string that the caller owns, without trailing slashes. */
char *path_base(const char *path);

/* Whether path is a directory, symbolic links followed. */
bool path_is_directory(const char *path);

/* Where a file given to cp, mv or ln goes: target itself, or target/base(source) if target is a directory.
 * The caller owns the result. */
char *path_destination(const char *source, const char *target);

/* Calls act(source, destination) for each of count - 1 sources and the last operand, which must be a directory if
 * there are several sources. Returns the exit status. */
int path_each_destination(char **operands, int count, bool (*act)(const char *source, const char *destination));

/* Calls visit with the path of each entry of a directory, "." and ".." left out. Reads all names before the first call,
 * so visit may remove entries. False, after a message, if the directory cannot be read, or if any visit was false. */
bool path_visit_entries(const char *directory, bool (*visit)(const char *path, void *context), void *context);

/* ---- tables (table.c) ---- */

/* Prints a file of the system, a header line and rows of fields, on stdout as an aligned table. Returns the exit
 * status: 1, after a message, if the file cannot be read. */
int table_print(const char *name);

/* ---- trees of files (tree.c) ---- */

struct tree_options {
    bool recursive; /* directories too */
    bool force;     /* cp: replace what cannot be opened for writing; rm: what is missing is no error */
    bool preserve;  /* cp: keep times and exact modes */
    bool verbose;   /* say what is done, on stdout */
};

/* Copies a file, symbolic link or (if recursive) directory to exactly destination; false after messages. */
bool tree_copy(const char *source, const char *destination, const struct tree_options *options);

/* Removes a file or (if recursive) a directory with all in it; false after messages. */
bool tree_remove(const char *path, const struct tree_options *options);

/* ---- backslash escapes (escape.c) ---- */

#define ESCAPE_STOP (-1) /* what \c stands for: all output ends here */

/* The byte that an escape stands for, given what follows its backslash; moves *at past what it used. An unknown escape
 * is a backslash. With zero_first, octal numbers are \0nnn as in echo, else \nnn. */
int escape_take(const char **at, bool zero_first);

/* Prints text with its escapes; false at \c. */
bool escape_print(const char *text, bool zero_first);

/* ---- commands of programs and of the shell (echo.c, printf.c) ---- */

/* All of the commands, their messages too; what is printed stays in stdout's buffer. Return the exit status. */
int echo_command(char **argv);
int printf_command(char **argv);

/* ---- signals (kill.c) ---- */

/* All of the command kill, its messages too: sends a signal to each operand and returns the exit status. Operands that
 * begin with % are for send_job, unless it is NULL. */
int kill_command(char **argv, bool (*send_job)(const char *job, int number));

/* The number of a signal given as TERM, SIGTERM (in any case) or a number up to 64; -1 for anything else. */
int app_parse_signal(const char *text);

/* The name of a signal without SIG, NULL if it has none here. */
const char *app_signal_name(int number);

/* ---- the terminal (terminal.c) ---- */

/* Width of the terminal at fd in columns; 80 if it does not say. */
int terminal_width(int fd);
