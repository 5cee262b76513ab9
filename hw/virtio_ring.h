/*
 * The split virtqueue: layout in memory. Source: Virtual I/O Device (VIRTIO) Version 1.2, §2.7 "Split Virtqueues".
 *
 *   descriptor table          available ring (driver writes)      used ring (device writes)
 *   16 bytes each             flags idx ring[N] used_event        flags idx {id, len}[N] avail_event
 *
 * N is a power of two, at most 32768. The indices run freely from 0 to 65535; entry = index mod N.
 */
#pragma once

#include "abi/types.h"

/* Descriptor, §2.7.5 */
struct virtq_desc {
    u64 addr; /* physical */
    u32 len;
    u16 flags;
    u16 next; /* if VIRTQ_DESC_F_NEXT */
};
#define VIRTQ_DESC_F_NEXT     1
#define VIRTQ_DESC_F_WRITE    2 /* the device writes (else reads) */
#define VIRTQ_DESC_F_INDIRECT 4

/* Available ring, §2.7.6 */
struct virtq_avail {
    u16 flags;
    u16 idx;
    u16 ring[]; /* heads of descriptor chains; behind the last: u16 used_event */
};
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1

/* Used ring, §2.7.8 */
struct virtq_used_elem {
    u32 id;  /* head of the chain */
    u32 len; /* bytes written by the device */
};
struct virtq_used {
    u16 flags;
    u16 idx;
    struct virtq_used_elem ring[]; /* behind the last: u16 avail_event */
};
#define VIRTQ_USED_F_NO_NOTIFY 1

/* Sizes and alignments, §2.7 */
#define VIRTQ_SIZE_MAX       32768
#define VIRTQ_DESC_ALIGN     16
#define VIRTQ_AVAIL_ALIGN    2
#define VIRTQ_USED_ALIGN     4
#define VIRTQ_DESC_BYTES(n)  (16ull * (n))
#define VIRTQ_AVAIL_BYTES(n) (6ull + 2ull * (n))
#define VIRTQ_USED_BYTES(n)  (6ull + 8ull * (n))
