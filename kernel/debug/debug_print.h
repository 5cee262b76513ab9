/* What the dumps share. */
#pragma once

#include "kernel/debug.h"
#include "kernel/factory.h"
#include "kernel/task.h"

/* A task as dumps write it: "sh/1a40". */
void debug_print_task(const struct task *t);
void debug_print_thread(const struct thread *t);

/* Calls `visit` for each object of this type that was made from the factory or from one below it. */
void debug_each(struct factory *f, enum object_number type, void (*visit)(struct object *o));

/* Name of an object's type, in small letters. */
const char *debug_type(u32 type);

/* --- dump_task.c --- */
void debug_dump_caps(void);
void debug_dump_maps(void);
