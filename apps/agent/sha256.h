/* SHA-256 (FIPS 180-4), by which both ends of the command channel check what they have transferred. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

struct sha256 {
    uint32_t state[8];
    uint64_t length;   /* bytes so far */
    uint8_t block[64]; /* the bytes that do not make a block yet */
};

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t length);
/* The digest of everything added; the hash must be started anew afterwards. */
void sha256_finish(struct sha256 *hash, uint8_t digest[SHA256_SIZE]);
