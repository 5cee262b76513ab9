/* The virtio entropy device. Its bytes are pseudo-random from a seed, so that runs can be repeated. */
#ifndef MACHINE_DEV_VIRTIO_RNG_H
#define MACHINE_DEV_VIRTIO_RNG_H

#include "machine/dev/virtio.h"

struct virtio_rng {
    uint64_t state; /* of splitmix64 */
};

extern const struct virtio_class virtio_rng_class;

#endif
