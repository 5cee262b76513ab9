/*
 * What the kernel tells the first task: one page, mapped read-only, its address in a0 of the first thread.
 * The first task owns all memory that the kernel does not use: RAM and devices are mapped one to one (virtual =
 * physical address) with the largest pages that fit; its own image stands at BOOT_IMAGE_BASE.
 */
#pragma once

#include "abi/types.h"

#define BOOT_INFO_MAGIC   0x7465737365726131ull /* "tessera1" */
#define BOOT_IMAGE_BASE   0x2000000000ull
#define BOOT_REGIONS_MAX  32

enum boot_region_kind {
    BOOT_REGION_FREE = 1,    /* RAM, the first task's to give away */
    BOOT_REGION_INITRD = 2,  /* boot archive */
    BOOT_REGION_DTB = 3,     /* device tree */
    BOOT_REGION_IMAGE = 4,   /* frames of the first task's image, this page and its stack */
    BOOT_REGION_DEVICE = 5,
};

struct boot_region {
    paddr_t start; /* page aligned, save INITRD and DTB */
    paddr_t end;   /* first byte behind */
    u64 kind;
};

struct boot_info {
    u64 magic;
    u64 timebase_hz;  /* ticks per second of the time CSR */
    u64 cpu_count;
    u64 boot_ticks;   /* time CSR when the kernel started: time 0 of usec_t */
    u64 kernel_pool;  /* bytes of kernel memory, all charged to the first task's factory */
    u64 region_count;
    struct boot_region region[BOOT_REGIONS_MAX];
    char command_line[256]; /* bootargs of the device tree, cut off if longer */
};

/* Capabilities of the first task. */
enum boot_slot {
    BOOT_SLOT_TASK = 1,
    BOOT_SLOT_THREAD = 2,
    BOOT_SLOT_FACTORY = 3,
    BOOT_SLOT_LOG = 4,
    BOOT_SLOT_ICU = 5,
    BOOT_SLOT_SCHEDULER = 6,
    BOOT_SLOT_SC = 7,
    BOOT_SLOT_FREE = 8, /* first empty slot */
};
