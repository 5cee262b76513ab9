/*
 * Virtio network device. Source: Virtual I/O Device (VIRTIO) Version 1.2, §5.1 "Network Device". Queue 0 receives,
 * queue 1 transmits. Every packet has a header in front.
 */
#pragma once

#include "abi/types.h"

#define VIRTIO_NET_QUEUE_RX 0
#define VIRTIO_NET_QUEUE_TX 1

/* Feature bits, §5.1.3 */
#define VIRTIO_NET_F_MAC    5
#define VIRTIO_NET_F_STATUS 16

/* Configuration, §5.1.4: offsets of fields behind VIRTIO_MMIO_CONFIG */
#define VIRTIO_NET_CONFIG_MAC    0 /* 6 bytes */
#define VIRTIO_NET_CONFIG_STATUS 6 /* u16 */
#define VIRTIO_NET_S_LINK_UP     1

/* Header, §5.1.6; all zero without offloads, but for buffers on receiving, which is 1 then */
struct virtio_net_hdr {
    u8 flags;
    u8 gso_type;
    u16 hdr_len;
    u16 gso_size;
    u16 csum_start;
    u16 csum_offset;
    u16 num_buffers;
};
