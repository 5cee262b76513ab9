/* The entropy device; see virtio_rng.h. Not for keys: whoever knows the seed knows the bytes. */
#include "machine/dev/virtio_rng.h"

#include "hw/virtio.h"
#include "machine/dev/snapshot.h"

#define MAX_BYTES 65536 /* per request; drivers ask again */

/* splitmix64, by Sebastiano Vigna (public domain): a counter and a mixer. */
static uint64_t next(struct virtio_rng *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void serve(struct virtio *v, void *device, unsigned queue)
{
    struct virtio_rng *r = device;
    struct virtio_chain c;

    while (virtio_next(v, queue, &c)) {
        uint64_t size = virtio_in_size(&c), done = 0;
        while (done < size && done < MAX_BYTES) {
            uint64_t word = next(r);
            uint64_t n = size - done < sizeof word ? size - done : sizeof word;
            if (virtio_write(v, &c, done, &word, n) != n)
                break;
            done += n;
        }
        virtio_complete(v, queue, &c, (uint32_t)done);
    }
}

static void snapshot(void *device, struct snapshot *shot)
{
    struct virtio_rng *r = device;

    snapshot_state(shot, "virtio-rng", r);
}

const struct virtio_class virtio_rng_class = {
    .name = "rng", .id = VIRTIO_ID_RNG, .queues = 1, .serve = serve, .snapshot = snapshot};
