/*
 * init: makes the system that the system page describes (lib/tess/system_page.h) and keeps it running. It owns the
 * gates of all services, so that they outlive their servers. Native programs are its own tasks (native.c); POSIX
 * programs are started through proc by a second thread (posix.c), because that waits for file systems, while the first
 * thread, which supervises their servers, must never wait for anybody but root.
 */
#pragma once

#include "lib/tess/nursery.h"
#include "lib/tess/system_page.h"
#include "lib/tess/tess.h"

#define INIT_PROGRAMS_MAX 64
#define INIT_SERVICES_MAX 64

/* What everybody here reads; written before the second thread starts. */
extern struct init {
    const struct system_page *page;
    cap_t rom, hw;
    struct session *own;           /* what programs that use "init" get: report.c */
    cap_t gate[INIT_SERVICES_MAX]; /* of services: init's own capabilities */
    u64 kernel_share;              /* how much of a program's `kmem` it really gets, in 1/1024 */
} init;

/* A program's start block in a dataspace. */
struct init_start {
    cap_t dataspace;
    u64 size;
};

/* A reserved window of 2^order bytes, so aligned, to map pieces of dataspaces in. Errors: NOMEM. */
err_t init_reserve_window(vaddr_t *window, u32 order);

/* Maps the first 2^order bytes of a dataspace into the window. */
err_t init_map_window(cap_t dataspace, vaddr_t window, u32 order);

/* Empties a window. */
void init_unmap_window(vaddr_t window, u32 order);

/* The program's arguments and environment, written behind the tables by w. */
void init_put_texts(struct start_writer *w, const struct system_program *program);

/* Row i of a program's `serves`, `uses`. */
const struct system_serve *init_serve(const struct system_program *program, u32 i);
const struct system_use *init_use(const struct system_program *program, u32 i);

/* native.c: before the first start. */
err_t native_init(void);

/* native.c: starts row `index` of the programs; tells on the console why not. */
void native_start(u32 index);

/* What is known of a native program: bytes and microseconds. */
struct native_state {
    const char *name;
    bool running;
    u64 threads, cpu_us, memory, memory_limit, kernel, kernel_limit;
};

/* native.c: false if the program is not running; name is set all the same. */
bool native_describe(u32 index, struct native_state *state);

/* native.c: ends the program. E_SRCH: it is not running. */
err_t native_end(u32 index);

/* report.c: the session by which programs learn about others (proto/init.idl); NULL: no memory. */
struct session *report_open(void);

/* posix.c: the second thread; its argument is not used. */
void posix_run(void *argument);
