/*
 * The start block: what a program is told when it starts. Whoever starts the program writes it into a dataspace; the
 * task's region manager copies it to START_ADDRESS, so it is private to the program, which gets that address in a0.
 * All references are offsets from the start of the block, so that it can be built anywhere; strings end with NUL.
 *
 *  +--------+--------------+-------------------+-----------------------------------------+
 *  | header | start_cap... | start_descriptor..| strings: argv, envp, folder, cap names  |
 *  +--------+--------------+-------------------+-----------------------------------------+
 */
#pragma once

#include "abi/types.h"

#define START_MAGIC 0x7465737361737461ull
#define START_MAX   (256 * 1024) /* bytes of a start block: the limit of arguments and environment */

/*
 * The user half of an address space. What every task has lies close together at its end, so that few page tables do.
 *
 *   0x10000                      program, then its heap
 *   below SPACE_MMAP_END         regions that are attached anywhere, downwards
 *   below SPACE_STACK_END        stack of the first thread
 *   SPACE_RM_TEXT SPACE_RM_DATA  region manager: image; data and stack
 *   SPACE_UTCBS                  kernel-user memory: UTCB 0 is the region manager's, 1 the first thread's
 *   SPACE_RM_SCRATCH             where the region manager maps what it copies
 *   START_ADDRESS                start block
 */
#define SPACE_PROGRAM_BASE 0x10000ull
#define SPACE_MMAP_END     0x3fff000000ull
#define SPACE_STACK_SIZE   0x800000ull
#define SPACE_STACK_END    0x3ffff00000ull
#define SPACE_RM_TEXT      0x3ffff00000ull
#define SPACE_RM_DATA      0x3ffff40000ull
#define SPACE_UTCBS        0x3ffff60000ull
#define SPACE_UTCB_MAX     64
#define SPACE_RM_SCRATCH   0x3ffff70000ull
#define START_ADDRESS      0x3ffff80000ull
#define START_UTCB         (SPACE_UTCBS + 1024)

/* Slots that mean the same in every task. Those above are found by name (env.h) or are the program's own. */
enum start_slot {
    SLOT_TASK = 1,
    SLOT_THREAD = 2, /* the first thread */
    SLOT_FACTORY = 3,
    SLOT_LOG = 4, /* debug console; may be empty */
    SLOT_SCHEDULER = 5,
    SLOT_MEM = 6,    /* memory allocator (proto/mem.idl) */
    SLOT_RM = 7,     /* region manager (proto/region.idl): also pager and exception handler of the program's threads */
    SLOT_PROC = 8,   /* session with whoever supervises the task: proc, or init for native servers */
    SLOT_FS = 9,     /* POSIX: metadata session on the root file system */
    SLOT_PIPE = 10,  /* POSIX: pipe service */
    SLOT_SC = 11,    /* scheduling context of the first thread */
    SLOT_START = 12, /* region manager: dataspace of the start block, until it is copied */
    SLOT_IMAGE = 13, /* region manager: the program's executable */
    SLOT_RM_THREAD = 14,
    SLOT_RM_FIRST = 16, /* 16-31 and from SLOT_RM_TABLE on: the region manager's own */
    SLOT_FIRST = 32,    /* from here: what the start block lists, then what slot_alloc gives */
    SLOT_RM_TABLE = 0x8000,
    SLOT_END = 0x8000,
};

struct start_cap {
    u32 name; /* offset of the name */
    u32 slot;
};

/* One open descriptor of a POSIX program; `kind` and `flags` are lib/posix's. */
struct start_descriptor {
    u32 fd;
    u32 slot;
    u32 kind;
    u32 flags;
};

struct start_block {
    u64 magic;
    u32 size;       /* bytes of the whole block */
    u32 pid;        /* set by the region manager; 0 for native servers */
    u32 argc, argv; /* count; offset of the first string, the others follow */
    u32 envc, envp;
    u32 capc, capv;  /* struct start_cap[] */
    u32 fdc, fdv;    /* struct start_descriptor[] */
    u32 folder;      /* current folder: offset of an absolute path, 0 = none */
    u32 first_slot;  /* first slot that is free for slot_alloc */
    u64 timebase_hz; /* ticks per second of the time counter */
    u64 boot_ticks;  /* time counter at time 0 of usec_t */
    u64 epoch_us;    /* microseconds since 1970 at time 0 of usec_t; 0 = the machine has no clock */
    u64 reserved[3]; /* 0 */
};

/* Builds a start block in memory of the caller. Errors are sticky: START_MAX or the buffer exceeded gives E_2BIG. */
struct start_writer {
    struct start_block *block;
    u32 capacity;
    err_t error;
};

/* Starts an empty block in `buffer` (8-byte aligned) of `capacity` bytes. */
void start_begin(struct start_writer *w, void *buffer, u32 capacity);
/* Room for the tables, to be called once, before any string. */
void start_tables(struct start_writer *w, u32 cap_count, u32 fd_count);
/* Entry i of the capability table. */
void start_put_cap(struct start_writer *w, u32 i, const char *name, u32 slot);
/* Entry i of the descriptor table. */
void start_put_descriptor(struct start_writer *w, u32 i, struct start_descriptor d);
/* Arguments and environment: `strings` of `count` entries each. */
void start_put_args(struct start_writer *w, u32 count, char *const strings[]);
void start_put_env(struct start_writer *w, u32 count, char *const strings[]);
void start_put_folder(struct start_writer *w, const char *path);
/* E_OK or E_2BIG; the block's size is in block->size. */
err_t start_end(struct start_writer *w);

/* E_OK if a block of `length` readable bytes is well-formed: all offsets inside, strings terminated. Else E_INVAL. */
err_t start_check(const struct start_block *block, u64 length);
