/*
 * The device tree, as the boot loader left it: which devices there are, where their registers are and which interrupt
 * line is theirs. Format: Devicetree Specification 0.4, chapter 5. It comes from the machine and is believed, but what
 * is read stays inside the blob.
 */
#pragma once

#include "abi/types.h"

#define DEVICE_PATH_MAX 95

/* A node with registers. Texts point into the blob, save the path. */
struct device {
    char path[DEVICE_PATH_MAX + 1];
    const char *compatible; /* list of strings, each ended with NUL */
    u32 compatible_length;
    paddr_t address;
    u64 size;
    u32 irq_line; /* 0 = none */
};

/* Fills `devices` with the nodes that have `compatible` and `reg`; returns how many (at most `max`). */
u32 devicetree_read(const void *blob, struct device *devices, u32 max);

/* Whether `what` is the node's path, or one of its compatible strings. */
bool device_matches(const struct device *device, const char *what);
