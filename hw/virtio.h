/*
 * Virtio: device-independent part. Source: Virtual I/O Device (VIRTIO) Version 1.2, OASIS Committee Specification 01;
 * section numbers are that document's. All fields are little-endian.
 */
#pragma once

/* Device ids, §5 */
#define VIRTIO_ID_NONE    0 /* a transport without device behind it */
#define VIRTIO_ID_NET     1
#define VIRTIO_ID_BLK     2
#define VIRTIO_ID_CONSOLE 3
#define VIRTIO_ID_RNG     4

/* Device status, §2.1 */
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01
#define VIRTIO_STATUS_DRIVER      0x02
#define VIRTIO_STATUS_DRIVER_OK   0x04
#define VIRTIO_STATUS_FEATURES_OK 0x08
#define VIRTIO_STATUS_NEEDS_RESET 0x40
#define VIRTIO_STATUS_FAILED      0x80

/* Features of every device: bit numbers, §6 */
#define VIRTIO_F_INDIRECT_DESC   28
#define VIRTIO_F_EVENT_IDX       29
#define VIRTIO_F_VERSION_1       32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED     34
#define VIRTIO_F_RING_RESET      40

#define VIRTIO_FEATURE(bit) (1ull << (bit))
