/* Split virtqueues (VIRTIO 1.2 §2.7). The order of stores is drawn in §2.7.13 (adding) and §2.7.14 (taking). */
#include "lib/drv/virtqueue.h"

#include "abi/error.h"
#include "lib/drv/mmio.h"

static u64 align_up(u64 value, u64 alignment)
{
    return (value + alignment - 1) & ~(alignment - 1);
}

static u64 avail_offset(u16 size)
{
    return VIRTQ_DESC_BYTES(size);
}

static u64 used_offset(u16 size)
{
    return align_up(avail_offset(size) + VIRTQ_AVAIL_BYTES(size), VIRTQ_USED_ALIGN);
}

u64 virtqueue_bytes(u16 size)
{
    return used_offset(size) + VIRTQ_USED_BYTES(size);
}

err_t virtqueue_init(struct virtqueue *queue, u16 size, struct virtqueue_slot *slot, void *memory, paddr_t phys)
{
    if (size == 0 || size > VIRTQUEUE_SIZE_MAX || (size & (size - 1)))
        return E_INVAL;
    __builtin_memset(memory, 0, virtqueue_bytes(size));
    __builtin_memset(slot, 0, size * sizeof *slot);
    u8 *start = memory;
    *queue = (struct virtqueue){.slot = slot};
    queue->desc = memory;
    queue->avail = (struct virtq_avail *)(start + avail_offset(size));
    queue->used = (struct virtq_used *)(start + used_offset(size));
    queue->desc_phys = phys;
    queue->avail_phys = phys + avail_offset(size);
    queue->used_phys = phys + used_offset(size);
    queue->size = queue->free_count = size;
    for (u16 i = 0; i < size; i++)
        queue->slot[i].next = i + 1;
    return E_OK;
}

static err_t check_buffers(const struct virtqueue *queue, const struct virtqueue_buffer *buffers, u16 count)
{
    if (count == 0 || count > queue->size)
        return E_INVAL;
    for (u16 i = 0; i < count; i++)
        if (buffers[i].length == 0)
            return E_INVAL;
    return count > queue->free_count ? E_AGAIN : E_OK;
}

/* Writes one descriptor, for the device and in our own books, and returns the one that follows in the free list. */
static u16 fill_descriptor(struct virtqueue *queue, u16 id, const struct virtqueue_buffer *buffer, bool last)
{
    u16 next = queue->slot[id].next;
    queue->desc[id] = (struct virtq_desc){
        .addr = buffer->addr,
        .len = buffer->length,
        .flags = (buffer->device_writes ? VIRTQ_DESC_F_WRITE : 0) | (last ? 0 : VIRTQ_DESC_F_NEXT),
        .next = last ? 0 : next,
    };
    return next;
}

static void publish(struct virtqueue *queue, u16 head)
{
    queue->avail->ring[queue->avail_next % queue->size] = head;
    drv_barrier(); /* the chain and the ring's entry before the index that shows them to the device */
    queue->avail_next++;
    *(volatile u16 *)&queue->avail->idx = queue->avail_next;
}

err_t virtqueue_add(struct virtqueue *queue, const struct virtqueue_buffer *buffers, u16 count, u64 cookie)
{
    err_t error = check_buffers(queue, buffers, count);
    if (error)
        return error;
    u16 head = queue->free_head, id = head;
    u64 writable = 0;
    for (u16 i = 0; i < count; i++) {
        id = fill_descriptor(queue, id, &buffers[i], i + 1 == count);
        writable += buffers[i].device_writes ? buffers[i].length : 0;
    }
    queue->free_head = id;
    queue->free_count -= count;
    queue->slot[head].cookie = cookie;
    queue->slot[head].writable = writable;
    queue->slot[head].count = count;
    publish(queue, head);
    return E_OK;
}

bool virtqueue_wants_notify(const struct virtqueue *queue)
{
    drv_barrier(); /* our index before the device's flag: else both sides could miss each other */
    return !(*(volatile u16 *)&queue->used->flags & VIRTQ_USED_F_NO_NOTIFY);
}

/* Puts a chain back into the free list, by our own links: the device may have scribbled over the descriptors. */
static void release_chain(struct virtqueue *queue, u16 head)
{
    u16 last = head;
    for (u16 i = 1; i < queue->slot[head].count; i++)
        last = queue->slot[last].next;
    queue->slot[last].next = queue->free_head;
    queue->free_head = head;
    queue->free_count += queue->slot[head].count;
    queue->slot[head].count = 0;
}

err_t virtqueue_take(struct virtqueue *queue, u64 *cookie, u32 *written)
{
    u16 pending = (u16)(*(volatile u16 *)&queue->used->idx - queue->used_next);
    if (pending == 0)
        return E_AGAIN;
    if (pending > queue->size)
        return E_IO;
    drv_barrier(); /* the index before the entries that it shows */
    volatile struct virtq_used_elem *entry = &queue->used->ring[queue->used_next % queue->size];
    u32 id = entry->id, length = entry->len; /* read once: the device could change them between check and use */
    if (id >= queue->size || queue->slot[id].count == 0 || length > queue->slot[id].writable)
        return E_IO;
    queue->used_next++;
    *cookie = queue->slot[id].cookie;
    *written = length;
    release_chain(queue, (u16)id);
    return E_OK;
}
