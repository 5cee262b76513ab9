/*
 * Virtio block device. Source: Virtual I/O Device (VIRTIO) Version 1.2, §5.2 "Block Device". One request queue (number
 * 0) unless VIRTIO_BLK_F_MQ. A request is a chain of: header (device reads), data, one status byte (device writes).
 */
#pragma once

#include "abi/types.h"

/* Feature bits, §5.2.3 */
#define VIRTIO_BLK_F_SIZE_MAX 1 /* a segment's size is limited to config.size_max */
#define VIRTIO_BLK_F_SEG_MAX  2 /* a request has at most config.seg_max segments */
#define VIRTIO_BLK_F_RO       5
#define VIRTIO_BLK_F_BLK_SIZE 6
#define VIRTIO_BLK_F_FLUSH    9
#define VIRTIO_BLK_F_MQ       12

/* Configuration, §5.2.4: offsets of fields behind VIRTIO_MMIO_CONFIG */
#define VIRTIO_BLK_CONFIG_CAPACITY 0  /* u64, in sectors of 512 bytes */
#define VIRTIO_BLK_CONFIG_SIZE_MAX 8  /* u32 */
#define VIRTIO_BLK_CONFIG_SEG_MAX  12 /* u32 */
#define VIRTIO_BLK_CONFIG_BLK_SIZE 20 /* u32 */

#define VIRTIO_BLK_SECTOR_SIZE 512 /* unit of all sector numbers, whatever BLK_SIZE says */

/* Request header, §5.2.6 */
struct virtio_blk_req {
    u32 type;
    u32 reserved;
    u64 sector;
};
#define VIRTIO_BLK_T_IN     0 /* read from the device */
#define VIRTIO_BLK_T_OUT    1 /* write to the device */
#define VIRTIO_BLK_T_FLUSH  4
#define VIRTIO_BLK_T_GET_ID 8

/* Status byte */
#define VIRTIO_BLK_S_OK     0
#define VIRTIO_BLK_S_IOERR  1
#define VIRTIO_BLK_S_UNSUPP 2
