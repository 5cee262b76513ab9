/*
 * Virtio over memory-mapped registers, modern interface (version 2). Source: Virtual I/O Device (VIRTIO) Version 1.2,
 * §4.2.2 "MMIO Device Register Layout". Registers are 32 bits wide and little-endian; the device's configuration
 * (§5.x.4) starts at VIRTIO_MMIO_CONFIG and is read in the width of its fields.
 */
#pragma once

#define VIRTIO_MMIO_MAGIC               0x000 /* R  reads VIRTIO_MMIO_MAGIC_VALUE */
#define VIRTIO_MMIO_VERSION             0x004 /* R  2; 1 = legacy interface */
#define VIRTIO_MMIO_DEVICE_ID           0x008 /* R  VIRTIO_ID_*; 0 = no device */
#define VIRTIO_MMIO_VENDOR_ID           0x00c /* R  */
#define VIRTIO_MMIO_DEVICE_FEATURES     0x010 /* R  32 feature bits, which ones: _SEL */
#define VIRTIO_MMIO_DEVICE_FEATURES_SEL 0x014 /* W  */
#define VIRTIO_MMIO_DRIVER_FEATURES     0x020 /* W  32 feature bits, which ones: _SEL */
#define VIRTIO_MMIO_DRIVER_FEATURES_SEL 0x024 /* W  */
#define VIRTIO_MMIO_QUEUE_SEL           0x030 /* W  queue that the QUEUE_ registers are about */
#define VIRTIO_MMIO_QUEUE_NUM_MAX       0x034 /* R  largest size; 0 = no such queue */
#define VIRTIO_MMIO_QUEUE_NUM           0x038 /* W  size */
#define VIRTIO_MMIO_QUEUE_READY         0x044 /* RW 1 = the device may use it */
#define VIRTIO_MMIO_QUEUE_NOTIFY        0x050 /* W  number of the queue that has new buffers */
#define VIRTIO_MMIO_INTERRUPT_STATUS    0x060 /* R  VIRTIO_MMIO_INT_* */
#define VIRTIO_MMIO_INTERRUPT_ACK       0x064 /* W  bits to clear */
#define VIRTIO_MMIO_STATUS              0x070 /* RW VIRTIO_STATUS_*; writing 0 resets the device */
#define VIRTIO_MMIO_QUEUE_DESC_LOW      0x080 /* W  physical address of the descriptor table */
#define VIRTIO_MMIO_QUEUE_DESC_HIGH     0x084
#define VIRTIO_MMIO_QUEUE_DRIVER_LOW    0x090 /* W  ... of the available ring */
#define VIRTIO_MMIO_QUEUE_DRIVER_HIGH   0x094
#define VIRTIO_MMIO_QUEUE_DEVICE_LOW    0x0a0 /* W  ... of the used ring */
#define VIRTIO_MMIO_QUEUE_DEVICE_HIGH   0x0a4
#define VIRTIO_MMIO_CONFIG_GENERATION   0x0fc /* R  changes whenever the configuration does */
#define VIRTIO_MMIO_CONFIG              0x100

#define VIRTIO_MMIO_SIZE        0x200
#define VIRTIO_MMIO_MAGIC_VALUE 0x74726976 /* "virt" */

#define VIRTIO_MMIO_INT_QUEUE  0x1 /* used buffers */
#define VIRTIO_MMIO_INT_CONFIG 0x2 /* the configuration changed */
