/*
 * The system page as tools/mksystem compiles it from systems/NAME.toml and as init reads it: member `system` of the
 * boot archive. It says which programs there are, in the order to start them (servers before their clients), and
 * exactly which capabilities each gets. All numbers are little-endian; `u32` fields that name texts are offsets into
 * the string table, where each text ends with NUL; tables are arrays at offsets from the start of the page.
 *
 *   +--------+----------+----------+--------+------+---------+-------+---------+
 *   | header | programs | services | serves | uses | devices | texts | strings |
 *   +--------+----------+----------+--------+------+---------+-------+---------+
 */
#pragma once

#include "abi/types.h"

#define SYSTEM_PAGE_MAGIC   0x67617073u /* "spag" */
#define SYSTEM_PAGE_VERSION 1u
#define SYSTEM_NONE         0xffffffffu /* no such index */

struct system_table {
    u32 offset; /* from the start of the page, 8-byte aligned */
    u32 count;  /* rows; of the string table: bytes */
};

struct system_page {
    u32 magic;
    u32 version;
    u32 size;                     /* bytes of the whole page */
    u32 name;                     /* text: the system's name */
    struct system_table programs; /* struct system_program */
    struct system_table services; /* struct system_service */
    struct system_table serves;   /* struct system_serve */
    struct system_table uses;     /* struct system_use */
    struct system_table devices;  /* u32 text: path in the device tree ("/soc/...") or a compatible string */
    struct system_table texts;    /* u32 text: arguments and environment */
    struct system_table strings;  /* bytes */
};

/* A piece of one of the tables. */
struct system_range {
    u32 first;
    u32 count;
};

enum system_restart {
    SYSTEM_RESTART_NEVER = 0,
    SYSTEM_RESTART_ALWAYS = 1,
    SYSTEM_RESTART_POWER_OFF = 2, /* the machine is powered off with an error status when the program ends */
};

#define SYSTEM_CPU_SHIFT 8    /* flags, from this bit on: the CPU of a native program */
#define SYSTEM_VIA_PROC  0x1u /* flags: a POSIX program, started through `proc`; else a native one, started by init */

struct system_program {
    u32 name;
    u32 image;                /* native: member of the boot archive; via proc: path in the file system it uses */
    u32 priority;             /* 1..255 */
    u32 restart;              /* enum system_restart */
    u32 flags;                /* SYSTEM_VIA_PROC */
    u32 stdio;                /* via proc: row of `uses` that becomes descriptors 0, 1 and 2; SYSTEM_NONE: none */
    u64 memory;               /* quota of user memory in bytes */
    u64 kmem;                 /* quota of kernel memory in bytes */
    struct system_range args; /* in texts; argument 0 is there */
    struct system_range env;  /* in texts: NAME=VALUE */
    struct system_range serves;
    struct system_range uses;
    struct system_range devices;
};

/* A service: one gate, whose name is unique in the system. */
struct system_service {
    u32 name;
    u32 interface; /* text: proto/INTERFACE.idl */
    u32 server;    /* row of programs */
};

/* A program serves `service` and finds its end of the gate under the name `local`. */
struct system_serve {
    u32 service; /* row of services */
    u32 local;   /* text */
};

/* What init or root themselves give, by name in `uses`. */
enum system_builtin {
    SYSTEM_SERVICE = 0,   /* not built in: a row of services */
    SYSTEM_LOG = 1,       /* "log": the kernel's debug console */
    SYSTEM_ROM = 2,       /* "rom": the boot archive */
    SYSTEM_SCHEDULER = 3, /* "scheduler" */
    SYSTEM_POWER = 4,     /* "power": an hw session that may power off */
    SYSTEM_INIT = 5,      /* "init": a session with init itself */
};

/*
 * Every program has a task, factory (quota `kmem`), allocator (quota `memory`) and region manager of its own; one with
 * devices also an hw session, named "hw", that knows just these. All else is here:
 */

/* A program finds a capability for the service, or for the built-in one, under the name `local`. */
struct system_use {
    u32 builtin; /* enum system_builtin */
    u32 service; /* row of services, SYSTEM_NONE if built in */
    u32 local;   /* text */
    u32 path;    /* text, "" = none: not the service (a file system or the like), only a session on this file of it */
};

/* True if the header is one of ours, every table lies in the page's `size` bytes and the strings end with NUL. */
static inline bool system_page_valid(const struct system_page *page, size_t size)
{
    static const u32 row[] = {sizeof(struct system_program),
                              sizeof(struct system_service),
                              sizeof(struct system_serve),
                              sizeof(struct system_use),
                              sizeof(u32),
                              sizeof(u32),
                              1};
    if (size < sizeof *page || page->magic != SYSTEM_PAGE_MAGIC || page->version != SYSTEM_PAGE_VERSION)
        return false;
    if (page->size < sizeof *page || page->size > size)
        return false;
    const struct system_table *table = &page->programs;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        if (table[i].offset % 8 || table[i].offset > page->size ||
            table[i].count > (page->size - table[i].offset) / row[i])
            return false;
    const struct system_table *strings = &page->strings;
    return strings->count && ((const char *)page)[strings->offset + strings->count - 1] == 0;
}

/* Row 0 of a table. */
static inline const void *system_rows(const struct system_page *page, const struct system_table *table)
{
    return (const char *)page + table->offset;
}

/* A text; "" if the offset is not in the string table. */
static inline const char *system_text(const struct system_page *page, u32 offset)
{
    return offset < page->strings.count ? (const char *)page + page->strings.offset + offset : "";
}

static inline const struct system_program *system_program(const struct system_page *page, u32 i)
{
    return (const struct system_program *)system_rows(page, &page->programs) + i;
}

static inline const struct system_service *system_service(const struct system_page *page, u32 i)
{
    return (const struct system_service *)system_rows(page, &page->services) + i;
}

static inline const struct system_serve *system_serve(const struct system_page *page, u32 i)
{
    return (const struct system_serve *)system_rows(page, &page->serves) + i;
}

static inline const struct system_use *system_use(const struct system_page *page, u32 i)
{
    return (const struct system_use *)system_rows(page, &page->uses) + i;
}

/* Row i of `devices` or `texts`, as text. */
static inline const char *system_text_row(const struct system_page *page, const struct system_table *table, u32 i)
{
    return system_text(page, ((const u32 *)system_rows(page, table))[i]);
}
