/* Asks the network who has 10.0.2.2, three times, and tells what came back and when. Only on Mosaic: with --net. */
#include "tests/machine/bare.h"

#include "hw/virtio.h"
#include "hw/virtio_mmio.h"
#include "hw/virtio_net.h"
#include "hw/virtio_ring.h"

#define BASE   0x10004000ul /* slot 3 */
#define SIZE   4
#define HEADER 12
#define FRAME  42

struct ring {
    struct virtq_desc desc[SIZE];
    struct {
        volatile u16 flags, idx, ring[SIZE + 1];
    } avail;
    struct {
        volatile u16 flags, idx;
        struct virtq_used_elem ring[SIZE];
        u16 event;
    } used __attribute__((aligned(4)));
} __attribute__((aligned(16)));

static struct ring rings[2];
static uint8_t buffers[2][1600];

static volatile uint32_t *reg(unsigned offset)
{
    return (volatile uint32_t *)(BASE + offset);
}

static void start_queue(unsigned queue)
{
    struct ring *r = &rings[queue];

    *reg(VIRTIO_MMIO_QUEUE_SEL) = queue;
    *reg(VIRTIO_MMIO_QUEUE_NUM) = SIZE;
    *reg(VIRTIO_MMIO_QUEUE_DESC_LOW) = (uint32_t)(uintptr_t)r->desc;
    *reg(VIRTIO_MMIO_QUEUE_DRIVER_LOW) = (uint32_t)(uintptr_t)&r->avail;
    *reg(VIRTIO_MMIO_QUEUE_DEVICE_LOW) = (uint32_t)(uintptr_t)&r->used;
    *reg(VIRTIO_MMIO_QUEUE_READY) = 1;
}

static void start_device(void)
{
    *reg(VIRTIO_MMIO_STATUS) = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
    *reg(VIRTIO_MMIO_DRIVER_FEATURES_SEL) = 1;
    *reg(VIRTIO_MMIO_DRIVER_FEATURES) = 1; /* VIRTIO_F_VERSION_1 */
    *reg(VIRTIO_MMIO_STATUS) = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK;
    start_queue(VIRTIO_NET_QUEUE_RX);
    start_queue(VIRTIO_NET_QUEUE_TX);
    *reg(VIRTIO_MMIO_STATUS) =
        VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK;
}

static void submit(unsigned queue, u32 len, u16 flags)
{
    struct ring *r = &rings[queue];

    r->desc[0] = (struct virtq_desc){.addr = (uintptr_t)buffers[queue], .len = len, .flags = flags};
    r->avail.ring[r->avail.idx % SIZE] = 0;
    __asm__ volatile("fence" ::: "memory");
    r->avail.idx++;
    *reg(VIRTIO_MMIO_QUEUE_NOTIFY) = queue;
}

static void make_request(uint8_t *frame)
{
    static const uint8_t request[FRAME] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6, /* to all; ARP */
        0,    1,    8,    0,    6,    4,    0,    1,                               /* Ethernet, IPv4, request */
        0x52, 0x54, 0,    0x12, 0x34, 0x56, 10,   0,    2, 15,                     /* I am */
        0,    0,    0,    0,    0,    0,    10,   0,    2, 2,                      /* who is */
    };

    memcpy(frame, request, sizeof request);
}

int main(void)
{
    uint64_t start = csr_read(mcycle);

    start_device();
    for (unsigned i = 0; i < 3; i++) {
        submit(VIRTIO_NET_QUEUE_RX, sizeof buffers[0], VIRTQ_DESC_F_WRITE);
        make_request(buffers[1] + HEADER);
        submit(VIRTIO_NET_QUEUE_TX, HEADER + FRAME, 0);
        while (rings[VIRTIO_NET_QUEUE_RX].used.idx == i)
            ;
        uint64_t hash = 1;
        for (unsigned k = 0; k < rings[VIRTIO_NET_QUEUE_RX].used.ring[i].len; k++)
            hash = mix(hash, buffers[0][k]);
        report("answer", hash);
        report("operation", buffers[0][HEADER + 21]);
        report("cycle", csr_read(mcycle) - start);
    }
    return 0;
}
